"""Runs on several processes that were stopped and go on."""

import pytest

from tests.validation.gpt.launch import Runs

FLOAT32_NOISE = 2e-5


@pytest.mark.parametrize(("again", "whole"), [("ddp again", "ddp"), ("fsdp again", "fsdp")])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(runs: Runs, again: str, whole: str) -> None:
    resumed = [step for step in runs.steps(again) if step["attempt"] == 1]
    assert resumed[-1]["step"] == 5
    expected = runs.losses(whole)[-len(resumed) :]
    assert [step["loss"] for step in resumed] == pytest.approx(expected, rel=FLOAT32_NOISE)


@pytest.mark.parametrize("name", ["ddp again", "fsdp again"])
def test_a_signal_to_one_process_stops_all_at_the_end_of_the_step(runs: Runs, name: str) -> None:
    first = [event for event in runs.events(name) if event["attempt"] == 0]
    saved = [event["step"] for event in first if event["event"] == "checkpoint"]
    assert saved == [2, 3]
    assert first[-1]["event"] == "end"
    assert first[-1]["step"] == 3
    assert first[-1]["reason"].startswith("stopped by")


def test_a_damaged_checkpoint_is_skipped_by_all_processes_and_reported(runs: Runs) -> None:
    second = [event for event in runs.events("ddp again") if event["attempt"] == 1]
    skipped = next(event for event in second if event["event"] == "skipped_checkpoint")
    assert skipped["checkpoint"] == "step-00000003"
    assert "checksum" in skipped["reason"]
    assert next(event["step"] for event in second if event["event"] == "resume") == 2
    assert [event["step"] for event in second if event["event"] == "step"] == [3, 4, 5]


def test_background_checkpoints_tell_stall_from_writing(runs: Runs) -> None:
    saved = [event for event in runs.events("fsdp again") if event["event"] == "checkpoint"]
    assert [event["step"] for event in saved] == [2, 3, 4, 5]
    assert {event["mode"] for event in saved} == {"async"}
    assert all(event["blocking_s"] > 0 and event["persist_s"] > 0 and event["bytes"] > 0 for event in saved)


def test_another_layout_goes_on_from_a_checkpoint(runs: Runs) -> None:
    events = runs.events("elsewhere")
    assert [event["step"] for event in events if event["event"] == "resume"] == [3]
    assert runs.losses("elsewhere") == pytest.approx(runs.losses("fsdp")[3:], rel=FLOAT32_NOISE)
