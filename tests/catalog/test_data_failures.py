import itertools
import math

import pytest

from clustersim import catalog
from clustersim.scenario.schema.failures import Failures

# Llama 3, arXiv 2407.21783, Table 5. The printed shares do not add up; the counts do.
TABLE_5 = {
    "faulty_gpu": 148,
    "gpu_hbm3_memory": 72,
    "software_bug": 54,
    "network_switch_cable": 35,
    "host_maintenance": 32,
    "gpu_sram_memory": 19,
    "gpu_system_processor": 17,
    "nic": 7,
    "nccl_watchdog_timeout": 7,
    "silent_data_corruption": 6,
    "gpu_thermal_interface_sensor": 6,
    "ssd": 3,
    "power_supply": 3,
    "server_chassis": 2,
    "io_expansion_board": 2,
    "dependency": 2,
    "cpu": 2,
    "system_memory": 2,
}


def categories(name):
    return Failures.model_validate(catalog.entry("failures", name).tree()).categories


def expected(category, gpus, days):
    per_node = {"gpu": gpus, "node": gpus / 8}
    return category.rate.per_second * per_node[category.rate.unit] * days * 86400


def total(name, gpus, days):
    return sum(expected(category, gpus, days) for category in categories(name).values())


def test_llama3_has_the_categories_and_counts_of_table_5():
    found = categories("llama3-405b")
    assert {name: category.published_count for name, category in found.items()} == TABLE_5
    for name, category in found.items():
        assert category.rate.unit == "gpu"
        assert expected(category, 16384, 54) == pytest.approx(TABLE_5[name], rel=1e-5)


def test_llama3_totals_419_in_54_days():
    assert sum(TABLE_5.values()) == 419
    assert total("llama3-405b", 16384, 54) == pytest.approx(419, rel=1e-5)


def test_llama3_hangs_are_the_published_share_of_all_incidents():
    found = categories("llama3-405b").values()
    hangs = sum(c.published_count * (1 if c.effect == "hang" else c.hang_fraction) for c in found)
    assert hangs / 419 == pytest.approx(0.099, abs=0.001)


def test_llama3_effects():
    found = categories("llama3-405b")
    effects = {name: category.effect for name, category in found.items() if category.effect != "crash"}
    assert effects == {"nccl_watchdog_timeout": "hang", "silent_data_corruption": "corrupt"}
    assert {name for name, category in found.items() if category.blast == "job"} == {"software_bug", "dependency"}


@pytest.mark.parametrize("name", catalog.entries("failures"))
def test_a_failure_that_takes_no_node_evicts_none(name):
    for category in categories(name).values():
        assert category.blast != "job" or category.evict == 0
        assert category.effect == "crash" or category.hang_fraction == 0


@pytest.mark.parametrize(
    ("name", "gpus", "days", "count"),
    [
        ("meta-rsc1", 8 * 1000, 1, 6.50),
        ("meta-rsc2", 8 * 1000, 1, 2.34),
        ("meta-fthsdp-32k", 8 * 1000, 1, 2.3),
        ("meta-fthsdp-98k", 98304, 18 / 1440, 1),
        ("byterobust-dense", 9600, 90, 155),
        ("byterobust-moe", 9600, 30, 94),
        ("opt-175b", 992, 60, 105),
        ("glm-130b", 768, 57.8, 11),
        ("bloom-176b", 384, 7, 1),
        ("imbue-70b", 4088, 7, 0.03 * 511),
        ("dgx-b200-504", 504, 55, 14),
        ("fireflyer-hardware-records", 10000, 183, 292),
    ],
)
def test_published_totals(name, gpus, days, count):
    assert total(name, gpus, days) == pytest.approx(count, rel=1e-4)


# GPU-years at risk in each quarter of a year of life (olcf/TitanGPULife, own survival table), and the deaths in them.
TITAN = {
    "titan-k20x-first-batch": (
        5027,
        (
            *(4708, 4706, 4704, 4702, 4691, 4684, 4677, 4658, 4615, 4502, 4355, 3809),
            *(2836, 2583, 2384, 2228, 2082, 1966, 1855, 1741, 1597, 1452, 158),
        ),
    ),
    "titan-k20x": (62, (2836, 2808, 2765, 2741, 2728, 2583, 2397, 2315, 2080, 1310, 414, 126, 23)),
}


@pytest.mark.parametrize("name", TITAN)
def test_the_batches_of_titan_have_the_published_deaths_at_the_ages_they_reached(name):
    """The rate is that of a whole life, which few of them lived: deaths over GPU-years would be another number."""
    deaths, gpu_years = TITAN[name]
    (category,) = categories(name).values()
    shape = category.lifetime.shape
    scale_years = 1.0 / (category.rate.per_second * 8766 * 3600) / math.gamma(1 + 1 / shape)
    hazards = [(age / 4 / scale_years) ** shape for age in range(len(gpu_years) + 1)]
    expected_deaths = sum(
        years * 4 * (late - early) for years, (early, late) in zip(gpu_years, itertools.pairwise(hazards), strict=True)
    )
    assert category.published_count == deaths
    assert expected_deaths == pytest.approx(deaths, rel=2e-3)


def test_titan_wore_out_in_one_batch_alone():
    shapes = {name: next(iter(categories(name).values())).lifetime.shape for name in TITAN}
    assert shapes == {"titan-k20x-first-batch": 2.64, "titan-k20x": 1.02}


def test_rsc1_with_its_lemons_fails_as_often_as_without_telling_them_apart():
    found = Failures.model_validate("meta-rsc1-lemons")
    (mixed,), (plain,) = found.categories.values(), categories("meta-rsc1").values()
    assert found.lemons.fraction == pytest.approx(0.012)
    on_average = 1 + found.lemons.fraction * (found.lemons.factor - 1)
    assert mixed.rate.per_second * on_average == pytest.approx(plain.rate.per_second, rel=1e-4)
    changed = {"rate": plain.rate}
    assert mixed.model_copy(update=changed) == plain


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ("llama3-2024", "llama3-405b"),
        ("rsc-1", "meta-rsc1"),
        ("rsc-1-lemons", "meta-rsc1-lemons"),
        ("rsc-2", "meta-rsc2"),
        ("byterobust", "byterobust-dense"),
        ("opt-2021", "opt-175b"),
        ("titan", "titan-k20x"),
    ],
)
def test_published_clusters_are_found_by_the_names_people_call_them(other, name):
    assert catalog.entry("failures", other).name == name


# FT-HSDP, arXiv 2602.00277, Table 1: all categories and the counts that add up to its 678.
FTHSDP = (155, 122, 61, 50, 48, 42, 39, 38, 37, 36, 30, 8, 7, 2, 2, 1)


def test_ft_hsdp_has_the_categories_and_counts_of_its_table_1():
    found = categories("meta-fthsdp-32k")
    assert sorted((c.published_count for c in found.values()), reverse=True) == list(FTHSDP)
    for category in found.values():
        assert expected(category, 8 * 1000, 1) == pytest.approx(2.3 * category.published_count / 678, rel=1e-4)


def test_published_counts_of_the_large_tables():
    def counted(name):
        return sum(category.published_count for category in categories(name).values())

    assert [counted(name) for name in ("meta-fthsdp-32k", "byterobust-dense", "byterobust-moe")] == [678, 155, 94]


@pytest.mark.parametrize(("name", "count"), [("bloom-176b", 16), ("imbue-70b", 15)])
def test_a_count_that_is_derived_says_from_what(name, count):
    (category,) = categories(name).values()
    (source,) = (v.source for f, v in catalog.entry("failures", name).values.items() if f.endswith(".published_count"))
    assert category.published_count == count
    assert "derived: " in source


@pytest.mark.parametrize("name", catalog.entries("failures"))
def test_a_rate_without_a_count_says_that_it_is_taken_as_exact(name):
    values = catalog.entry("failures", name).values
    for category, found in categories(name).items():
        source = values[f"categories.{category}.rate"].source
        assert ("taken as exact" in source) == (found.published_count is None)


def test_records_that_are_not_interruptions_say_so_in_their_title():
    assert "not interruptions" in catalog.entry("failures", "fireflyer-hardware-records").title
