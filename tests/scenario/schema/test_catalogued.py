import pytest
from pydantic import ValidationError

from clustersim import catalog
from clustersim.scenario.schema.bill import PriceRange, Site
from clustersim.scenario.schema.catalogued import unknown_entry
from clustersim.scenario.schema.failures import Failures
from clustersim.scenario.schema.hardware import Accelerator, Node
from clustersim.scenario.schema.model import Model

TABLES = {
    "accelerators": Accelerator,
    "nodes": Node,
    "models": Model,
    "failures": Failures,
    "prices": PriceRange,
    "sites": Site,
}


@pytest.mark.parametrize("table", TABLES)
def test_every_entry_is_a_valid_section(table: str) -> None:
    for name in catalog.entries(table):
        assert TABLES[table].model_validate(name).catalogue_entry == name


def test_another_name_of_an_entry_is_as_good_as_its_own() -> None:
    assert Failures.model_validate("rsc-1") == Failures.model_validate("meta-rsc1")
    assert Failures.model_validate({"like": "rsc-1", "rate_multiplier": 2}).catalogue_entry == "meta-rsc1"


def test_a_mapping_with_like_changes_an_entry() -> None:
    node = Node.model_validate({"like": "dgx-h100", "gpus": 4, "accelerator": {"memory": "96 GB"}})
    whole = Node.model_validate("dgx-h100")
    assert (node.gpus, node.nics, node.catalogue_entry) == (4, whole.nics, "dgx-h100")
    assert node.accelerator.memory == 96e9
    assert node.accelerator.catalogue_entry == "h100-sxm"
    assert node.accelerator.peak == whole.accelerator.peak


def test_a_mapping_of_its_own_has_no_entry() -> None:
    whole = Accelerator.model_validate("h100-sxm")
    own = Accelerator(
        peak={"bf16": "1 PFLOP/s"},
        memory="80 GB",
        memory_bandwidth="3 TB/s",
        scale_up="NVLink",
        scale_up_bandwidth="450 GB/s",
        scale_up_domain=8,
    )
    assert (own.catalogue_entry, own.tdp) == (None, None)
    assert own.peak.bf16 == 1e15 != whole.peak.bf16


def test_an_instance_passes() -> None:
    node = Node.model_validate("dgx-h100")
    assert Node.model_validate(node) is node


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("h100-smx", r"unknown accelerator 'h100-smx', did you mean 'h100-sxm'\? Known: .*h100-sxm"),
        ("zzzzzzzz", r"unknown accelerator 'zzzzzzzz'; Known: "),
        ({"like": "h100-smx"}, "unknown accelerator 'h100-smx'"),
        ({"like": 3}, "must be the name of a catalogue entry"),
    ],
)
def test_says_which_entries_there_are(value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Accelerator.model_validate(value)


def test_names_tables_in_words() -> None:
    assert str(unknown_entry("failures", "x")).startswith("unknown failure model 'x'")
    assert str(unknown_entry("loss_laws", "x")).startswith("unknown loss law 'x'")
    assert unknown_entry("models", "llama3-8b") is None
