import pytest
from pydantic import ValidationError

from clustersim import catalog
from clustersim.scenario.schema.bill import Bill, PriceRange, Site

USD_PER_GPU_HOUR = 1 / 3600
USD_PER_KWH = G_PER_KWH = 1 / 3.6e6


def test_prices_are_in_order() -> None:
    with pytest.raises(ValidationError, match=r"does not hold: \$2/GPU-hour, \$5/GPU-hour, \$3/GPU-hour"):
        PriceRange(low="$2/GPU-hour", mode="$5/GPU-hour", high="$3/GPU-hour")
    assert Bill(gpu_price={"mode": "$2.20/GPU-hour"}).gpu_price.high == pytest.approx(3 * USD_PER_GPU_HOUR)


def test_a_price_by_name() -> None:
    price = Bill(gpu_price="h100-2025").gpu_price
    assert price.catalogue_entry == "h100-2025"
    assert (price.low, price.mode, price.high) == pytest.approx([usd * USD_PER_GPU_HOUR for usd in (1.7, 2.5, 4.5)])


def test_a_price_like_another_takes_nothing_from_the_default() -> None:
    price = Bill(gpu_price={"like": "h100-2025", "high": "$5/GPU-hour"}).gpu_price
    assert (price.low, price.mode, price.high) == pytest.approx([usd * USD_PER_GPU_HOUR for usd in (1.7, 2.5, 5.0)])


def test_the_default_site() -> None:
    site = Bill().site
    assert (site.pue, site.catalogue_entry) == (1.1, None)
    assert site.energy_price == pytest.approx(0.098 * USD_PER_KWH)
    assert site.carbon_intensity == pytest.approx(0.390 * G_PER_KWH)


def test_a_site_by_name_and_like_another() -> None:
    named = Bill(site="jean-zay").site
    assert (named.pue, named.catalogue_entry) == (1.2, "jean-zay")
    assert named.carbon_intensity == pytest.approx(0.057 * G_PER_KWH)
    changed = Bill(site={"like": "jean-zay", "pue": 1.3}).site
    assert (changed.pue, changed.carbon_intensity) == (1.3, named.carbon_intensity)


def test_a_site_of_ones_own_keeps_the_defaults_it_leaves_out() -> None:
    assert Bill(site={"pue": 1.4}).site == Site(pue=1.4)
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Bill(site={"pue": 0.5})


@pytest.mark.parametrize("name", catalog.entries("sites"))
def test_a_site_of_the_catalogue_leaves_nothing_to_a_default(name: str) -> None:
    assert set(catalog.entry("sites", name).values) == {"pue", "energy_price", "carbon_intensity"}


def test_says_which_sites_and_prices_there_are() -> None:
    with pytest.raises(ValidationError, match=r"unknown site 'jean-zai', did you mean 'jean-zay'\?"):
        Bill(site="jean-zai")
    with pytest.raises(ValidationError, match=r"unknown price 'h100-2035', did you mean 'h100-2025'\?"):
        Bill(gpu_price="h100-2035")
