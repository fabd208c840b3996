from clustersim.scenario.schema.checkpoint import Checkpoint
from clustersim.scenario.schema.hardware import Node
from clustersim.scenario.schema.law import DurationLaw
from clustersim.scenario.schema.overlay import overlay
from clustersim.scenario.schema.scenario import Scenario


def test_mappings_merge_and_the_rest_is_replaced() -> None:
    base = {"spares": {"hot": 1, "warm": 2}, "windows": ({"name": "a"}, {"name": "b"}), "name": "x"}
    over = {"spares": {"warm": 3}, "windows": ({"name": "c"},)}
    assert overlay(base, over, Scenario) == {
        "spares": {"hot": 1, "warm": 3},
        "windows": ({"name": "c"},),
        "name": "x",
    }
    assert base["spares"] == {"hot": 1, "warm": 2}


def test_a_mapping_changes_the_entry_below_it() -> None:
    assert overlay({"accelerator": "h100-sxm"}, {"accelerator": {"memory": "96 GB"}}, Node) == {
        "accelerator": {"like": "h100-sxm", "memory": "96 GB"}
    }


def test_like_starts_afresh() -> None:
    assert overlay({"like": "a", "gpus": 4}, {"like": "b"}, Node) == {"like": "b"}
    assert overlay({"like": "a", "gpus": 4}, "b", Node) == "b"


def test_another_kind_keeps_what_both_have() -> None:
    base = {"kind": "asynchronous", "stall": "1 s", "write_bandwidth": "1 GB/s"}
    assert overlay(base, {"kind": "blocking"}, Checkpoint) == {"kind": "blocking", "write_bandwidth": "1 GB/s"}
    assert overlay(base, {"kind": "asynchronous", "interval": "1 h"}, Checkpoint) == {**base, "interval": "1 h"}
    assert overlay(base, {"kind": "blokcing"}, Checkpoint) == {"kind": "blokcing"}


def test_text_of_a_plain_section_is_no_entry() -> None:
    law = {"kind": "exponential", "mean": "1 s"}
    assert overlay("60 s", law, DurationLaw) == law
