"""Plans that cannot run, and the numbers that say so."""

from pathlib import Path

import pytest

import clustersim as cs
from clustersim.run.feasibility import run_problems
from clustersim.run.records import STATES
from clustersim.scenario.schema.law import Constant
from clustersim.scenario.schema.maintenance import PeriodicMaintenance

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def problems(name: str, *settings: str) -> list[str]:
    with pytest.raises(cs.ScenarioError) as caught:
        cs.load(SCENARIOS / f"{name}.yaml", settings)
    return str(caught.value).splitlines()


def of_names(categories: tuple[str, ...] = (), stops: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Problems of the quickstart with these categories and planned stops, as path and message."""
    scenario = cs.load(SCENARIOS / "quickstart.yaml").scenario
    (one, *_rest) = scenario.failures.categories.values()
    failures = scenario.failures.model_copy(update={"categories": dict.fromkeys(categories, one)})
    duration = Constant(value="10 min")
    maintenance = tuple(PeriodicMaintenance(kind="periodic", name=n, every="1 days", duration=duration) for n in stops)
    return run_problems(scenario.model_copy(update={"failures": failures, "maintenance": maintenance}))


def test_a_write_that_takes_longer_than_the_interval() -> None:
    """8.03e9 parameters x 14 bytes = 112 GB; at 1 GB/s that is 112 s, and 60 s apart need 1.87 GB/s."""
    (line,) = problems("quickstart", "checkpoint.write_bandwidth=1 GB/s", "checkpoint.interval=60 s")
    assert line.startswith("--set checkpoint.interval: a checkpoint of 0.112 TB takes 112 s to write")
    assert "write_bandwidth of 1.87 GB/s" in line


def test_the_same_write_is_possible_when_the_interval_follows_from_it() -> None:
    plan = cs.load(SCENARIOS / "quickstart.yaml", ["checkpoint.write_bandwidth=100 MB/s"]).run_plan
    assert plan.checkpoint.interval_s >= plan.checkpoint.write_s


def test_phases_of_different_size() -> None:
    plan = cs.load(SCENARIOS / "llama3-405b.yaml", ["training.phases[9].layout.data_parallel=4"]).run_plan
    assert [phase.nodes for phase in plan.phases] == [None] * 9 + [1024]


@pytest.mark.parametrize(
    ("resizes", "place", "message"),
    [
        ("{on: 2027-01-11, gpus: 32}", "[0].on", "2027-01-11 is not after the start, 2027-01-11"),
        ("{on: 2027-01-13, gpus: 32}, {on: 2027-01-13, gpus: 64}", "[1].on", "changes on 2027-01-13 already"),
        ("{on: 2027-01-13, gpus: 128}", "[0]", "phase 'pre-training' with 128 GPUs: TP 1 x CP 1 x PP 1 x DP 128"),
        ("{on: 2027-01-13, gpus: 56}", "[0]", "global_batch 512 is not a multiple of data_parallel 56"),
        ("{on: 2027-01-13}", "[0]", "takes either 'gpus' or 'layout'"),
        ("{on: 2027-01-13, gpus: 32, layout: {data_parallel: 32}}", "[0]", "takes either 'gpus' or 'layout'"),
    ],
)
def test_sizes_that_the_job_cannot_have(resizes: str, place: str, message: str) -> None:
    (line,) = problems("quickstart", f"training.resizes=[{resizes}]")
    assert line.startswith(f"--set training.resizes: training.resizes{place}: ")
    assert message in line


def test_gpus_that_hold_no_whole_number_of_replicas() -> None:
    (line,) = problems("llama3-405b", "training.resizes=[{on: 2024-05-01, gpus: 8000}]")
    assert "phase '4M batch' has replicas of 256 GPUs, which do not fill 8,000; use 7,936 or 8,192" in line


@pytest.mark.parametrize(
    ("setting", "hours"),
    [
        (
            "maintenance=[{kind: periodic, name: a, every: 2 h, duration: 2 h}]",
            "2 h on average and falls due every 2 h",
        ),
        (
            "maintenance=[{kind: random, name: a, mean_interval: 3 h, duration: {kind: exponential, mean: 4.5 h}}]",
            "4.5 h on average and falls due every 3 h",
        ),
        (  # The mean of a lognormal is its median times exp(sigma^2 / 2): 1 h * e^2 = 7.39 h.
            "maintenance=[{kind: random, name: a, mean_interval: 7 h,"
            " duration: {kind: lognormal, median: 1 h, sigma: 2}}]",
            "7.39 h on average and falls due every 7 h",
        ),
    ],
)
def test_planned_stops_that_leave_no_time_to_train(setting: str, hours: str) -> None:
    (line,) = problems("quickstart", setting)
    assert f"maintenance[0].duration: planned stop 'a' lasts {hours}" in line


def test_planned_stops_that_leave_some_time() -> None:
    cs.load(SCENARIOS / "quickstart.yaml", ["maintenance=[{kind: periodic, name: a, every: 2 h, duration: 1.9 h}]"])


def test_windows_before_the_start_and_those_that_run_into_each_other() -> None:
    windows = "maintenance=[{kind: dated, name: w, dates: [2020-01-01, 2030-01-02, 2030-01-01T21:00], duration: 4 h}]"
    first, second = problems("quickstart", "training.start=2026-01-01", windows)
    assert first.startswith(
        "--set maintenance: maintenance[0].dates[0]: 2020-01-01 is before the start of the job, 2026-01-01"
    )
    assert "leave it out, or let the job start earlier" in first
    assert "maintenance[0].duration: planned stop 'w' lasts 4 h on average" in second
    assert "that of 2030-01-02 follows 3 h after the one before it; give one date for both" in second


def test_windows_from_the_start_on_that_leave_time_between_them() -> None:
    windows = "maintenance=[{kind: dated, name: w, dates: [2026-01-01, 2026-01-01T05:00], duration: 4 h}]"
    cs.load(SCENARIOS / "quickstart.yaml", ["training.start=2026-01-01", windows])


def test_a_roll_out_before_the_start_and_of_more_nodes_than_there_are() -> None:
    rollout = "{kind: rollout, name: r, start: 2020-01-01, nodes_at_a_time: 5000, duration: 45 min}"
    early, large = problems("quickstart", f"maintenance=[{rollout}]")
    assert "maintenance[0].start: 2020-01-01 is before the start of the job, 2027-01-11 (training.start)" in early
    assert "maintenance[0].nodes_at_a_time: the job and its spares have" in large
    assert "fewer than 5,000; use" in large


def test_other_jobs_that_take_more_nodes_than_there_are() -> None:
    """The quick start has eight nodes and a spare."""
    (line,) = problems("quickstart", "preemption=[{name: p, mean_interval: 5 d, nodes: 10, lasts: 2 h}]")
    assert "preemption[0].nodes: the job and its spares have 9 nodes, fewer than 10; use 9, or all" in line
    cs.load(SCENARIOS / "quickstart.yaml", ["preemption=[{name: p, mean_interval: 5 d, nodes: 9, lasts: 2 h}]"])


def test_other_jobs_called_like_a_planned_stop() -> None:
    stop = "maintenance=[{kind: periodic, name: p, every: 1 d, duration: 1 min}]"
    (line,) = problems("quickstart", stop, "preemption=[{name: p, mean_interval: 5 d, nodes: all, lasts: 2 h}]")
    assert "preemption[0].name: 'p' is also the name at maintenance[0].name; choose another" in line


def test_neighbours_that_the_cluster_has_no_room_for() -> None:
    """The quick start has nine nodes, eight for the job and a spare."""
    (line,) = problems("quickstart", "spares.shared_with.nodes=3", "cluster.nodes=11")
    assert "spares.shared_with.nodes: of the 11 nodes of the cluster the job and its spares take 9 and leave 2" in line
    assert "use no more, or set cluster.nodes to 12" in line
    cs.load(SCENARIOS / "quickstart.yaml", ["spares.shared_with.nodes=2", "cluster.nodes=11"])


def test_names_that_tell_one_thing_from_another_are_fine() -> None:
    assert of_names(("gpu", "nic"), ("firmware", "planned stop")) == []


def test_a_planned_stop_called_like_a_category() -> None:
    assert of_names(("gpu", "nic"), ("firmware", "nic")) == [
        ("maintenance[1].name", "'nic' is also the name at failures.categories.nic; choose another")
    ]


def test_two_planned_stops_of_one_name() -> None:
    assert of_names((), ("firmware", "evaluation", "firmware")) == [
        ("maintenance[2].name", "'firmware' is also the name at maintenance[0].name; choose another")
    ]


@pytest.mark.parametrize("name", [*STATES, "phase change", "start of the job"])
def test_names_that_the_report_uses_itself(name: str) -> None:
    (category,), (stop,) = of_names((name,)), of_names((), (name,))
    assert (category[0], stop[0]) == (f"failures.categories.{name}", "maintenance[0].name")
    assert category[1] == stop[1]
    assert category[1].startswith(f"'{name}' is what the report calls ")


def test_a_name_that_is_reserved_is_shown_where_it_stands() -> None:
    (line,) = problems("quickstart", "maintenance=[{kind: periodic, name: phase change, every: 2 h, duration: 1 min}]")
    assert "maintenance[0].name: 'phase change' is what the report calls a restart between phases" in line


@pytest.mark.parametrize(
    ("category", "path", "message"),
    [
        ("{component: psu, rate: 1 per PDU-year, blast: pdu}", "rate", "set cluster.racks_per_pdu"),
        ("{component: psu, rate: 1 per PDU-year, blast: pdu}", "blast", "set cluster.racks_per_pdu"),
        ("{component: cooling, rate: 1 per node-year, blast: cooling_loop}", "blast", "racks_per_cooling_loop"),
    ],
)
def test_domains_that_the_cluster_does_not_have(category: str, path: str, message: str) -> None:
    lines = problems("quickstart", f"failures={{categories: {{x: {category}}}}}")
    assert any(f"failures.categories.x.{path}: " in line and message in line for line in lines)


def test_a_link_with_nothing_left_cuts_the_job_in_two() -> None:
    dead = "{component: nic, rate: 1 per node-year, effect: slow, lasts: 1 h, bandwidth: 0 %}"
    (line,) = problems("quickstart", f"failures={{categories: {{x: {dead}}}}}")
    assert "failures.categories.x.bandwidth: so little cuts the job in two" in line


def test_a_slow_link_of_a_job_that_cannot_train_is_no_trouble_of_its_own() -> None:
    """56 replicas do not share 512 sequences: the step model cannot be asked what the link costs."""
    slow = "{component: nic, rate: 1 per node-year, effect: slow, lasts: 1 h, bandwidth: 50 %}"
    settings = (f"failures={{categories: {{x: {slow}}}}}", "training.layout.data_parallel=56")
    (line,) = problems("quickstart", *settings)
    assert "global_batch 512 is not a multiple of data_parallel 56" in line


# --- tiers and the store --------------------------------------------------------------------------------------------

TIER = "checkpoint.tiers=[{name: memory, survives: node, load: 10 s, write: 90 s}]"


def test_a_tier_that_is_slower_than_the_interval() -> None:
    (line,) = problems("quickstart", TIER, "checkpoint.interval=60 s")
    assert "the tier 'memory' takes 90 s for a checkpoint, longer than the 60 s between two; set every to 2" in line


def test_the_store_has_as_many_intervals_as_it_leaves_out() -> None:
    settings = ["checkpoint.write_bandwidth=1 GB/s", "checkpoint.interval=60 s", TIER.replace("90 s", "20 s")]
    assert cs.load(SCENARIOS / "quickstart.yaml", [*settings, "checkpoint.every=2"]).run_plan.checkpoint.every == 2
    (line,) = problems("quickstart", *settings)
    assert "use an interval of 112 s or more" in line


def test_a_tier_that_survives_what_the_cluster_does_not_have() -> None:
    (line,) = problems("quickstart", TIER.replace("survives: node", "survives: pdu"))
    assert "checkpoint.tiers[0].survives: the cluster does not say how many racks share one" in line


def test_a_store_that_the_data_needs_for_itself() -> None:
    (line,) = problems("quickstart", "cluster.storage={bandwidth: 10 GB/s, data_loading: 10 GB/s}")
    assert "the data takes 10 GB/s of the 10 GB/s that the store has" in line


def test_what_the_data_take_is_said_once() -> None:
    (line,) = problems("quickstart", "corpus={}", "cluster.storage={bandwidth: 100 GB/s, data_loading: 1 GB/s}")
    assert "cluster.storage.data_loading: the loader of the corpus says what the data take" in line


def test_checkpoints_that_the_data_leave_too_little_for() -> None:
    """112 GB take two minutes of a store of 1 GB/s, and nearly four where half of it goes to pictures."""
    store = ["cluster.storage={bandwidth: 1 GB/s}", "checkpoint.interval=3 min"]
    assert cs.load(SCENARIOS / "quickstart.yaml", [*store, "corpus={}"]).run_plan.loading is not None
    (line,) = problems("quickstart", *store, "corpus={loader: {bytes_per_token: 10 kB}}")
    assert "checkpoint.interval: a checkpoint of 0.112 TB takes 225 s to write" in line


def test_a_stop_that_is_named_like_the_loader() -> None:
    ((_path, message),) = of_names(stops=("data loading",))
    assert message.startswith("'data loading' is what the report calls what a loader of data that is too slow costs")


def test_tenants_have_names_of_their_own() -> None:
    one = "{name: a, demand: 1 GB/s, pause: 1 h, busy: 1 h}"
    (line,) = problems("quickstart", f"cluster.storage={{bandwidth: 100 GB/s, tenants: [{one}, {one}]}}")
    assert "cluster.storage.tenants[1].name: 'a' is there already" in line


def test_more_tenants_than_are_told_apart() -> None:
    many = ", ".join(f"{{name: t{n}, demand: 1 GB/s, pause: 1 h, busy: 1 h}}" for n in range(13))
    (line,) = problems("quickstart", f"cluster.storage={{bandwidth: 100 GB/s, tenants: [{many}]}}")
    assert "13 tenants are more than 12" in line
