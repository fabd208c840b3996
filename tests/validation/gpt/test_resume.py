"""A run in one process that was stopped goes on bit for bit; damaged checkpoints are passed over."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tests.validation.gpt.damage import damage_newest  # noqa: E402
from tests.validation.gpt.launch import read_events, steps_of  # noqa: E402
from tests.validation.gpt.stopping_runs import signal_before_step  # noqa: E402
from tests.validation.gpt.test_shards import pack  # noqa: E402
from validation.gpt.manifest import checkpoint_name, listed, read_manifest  # noqa: E402

Train = Callable[..., int]
SAVED = ("checkpoint.every_steps=2", "checkpoint.keep=3")


def losses(folder: Path) -> dict[int, float]:
    """Loss of each step; of repeated steps the last."""
    return {step["step"]: step["loss"] for step in steps_of(read_events(folder))}


def kept(folder: Path) -> list[str]:
    return [path.name for path in listed(folder / "checkpoints")]


def stop_at_step_3(train: Train, folder: Path, *settings: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        signal_before_step(patch, 3)
        assert train(folder, *SAVED, *settings) == 0


@pytest.mark.parametrize("mode", ["blocking", "async"])
@pytest.mark.parametrize("source", ["synthetic", "shards"])
def test_bit_for_bit(train: Train, tmp_path: Path, mode: str, source: str) -> None:
    settings = [f"checkpoint.mode={mode}"]
    if source == "shards":
        settings.append(f"data.shards={pack(tmp_path / 'shards', 150, 100, vocab=64)}")
    assert train(tmp_path / "whole", *settings) == 0
    handler = signal.getsignal(signal.SIGTERM)
    stop_at_step_3(train, tmp_path / "cut", *settings)
    assert signal.getsignal(signal.SIGTERM) is handler
    assert sorted(losses(tmp_path / "cut")) == [1, 2, 3]
    assert train(tmp_path / "cut", *SAVED, *settings) == 0
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")
    assert len(set(losses(tmp_path / "whole").values())) == 5


def test_what_a_stopped_run_leaves_behind(train: Train, tmp_path: Path) -> None:
    stop_at_step_3(train, tmp_path / "cut")
    events = read_events(tmp_path / "cut")
    assert events[-1] | {"time_s": 0} == {
        "event": "end",
        "time_s": 0,
        "attempt": 0,
        "step": 3,
        "reason": "stopped by SIGTERM",
    }
    assert kept(tmp_path / "cut") == [checkpoint_name(3), checkpoint_name(2)]
    manifest = read_manifest(tmp_path / "cut" / "checkpoints" / checkpoint_name(3))
    assert (manifest.step, manifest.position, manifest.world) == (3, 12, 1)
    assert (tmp_path / "cut" / "measurement.json").exists()


def test_a_run_saves_what_it_ends_with_and_keeps_the_last(train: Train, tmp_path: Path) -> None:
    assert train(tmp_path / "out", "checkpoint.every_steps=1", "checkpoint.keep=2") == 0
    assert kept(tmp_path / "out") == [checkpoint_name(5), checkpoint_name(4)]
    assert train(tmp_path / "other", "checkpoint.every_steps=3", "checkpoint.keep=9") == 0
    assert kept(tmp_path / "other") == [checkpoint_name(5), checkpoint_name(3)]


def test_a_finished_run_has_nothing_left_to_do(train: Train, tmp_path: Path) -> None:
    assert train(tmp_path / "out", *SAVED) == 0
    before = losses(tmp_path / "out")
    assert train(tmp_path / "out", *SAVED) == 0
    events = read_events(tmp_path / "out")
    assert losses(tmp_path / "out") == before
    assert [event["event"] for event in events if event["attempt"] == 1] == ["start", "resume", "ready", "end"]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("flip", "is corrupt: its checksum is not the one it was written with"),
        ("truncate", "were written"),
        ("lose a file", "No such file"),
        ("lose the manifest", "incomplete: manifest.json: No such file"),
        ("tear the manifest", "manifest.json is damaged"),
    ],
)
def test_a_damaged_checkpoint_is_passed_over(train: Train, tmp_path: Path, how: str, told: str) -> None:
    folder = tmp_path / "cut"
    stop_at_step_3(train, folder)
    newest = folder / "checkpoints" / checkpoint_name(3)
    if how == "lose a file":
        (newest / ".metadata").unlink()
    elif how == "lose the manifest":
        (newest / "manifest.json").unlink()
    elif how == "tear the manifest":
        (newest / "manifest.json").write_text((newest / "manifest.json").read_text()[:40])
    else:
        damage_newest(folder / "checkpoints", how)
    assert train(folder, *SAVED) == 0
    second = [event for event in read_events(folder) if event["attempt"] == 1]
    skipped = [event for event in second if event["event"] == "skipped_checkpoint"]
    assert [event["checkpoint"] for event in skipped] == [checkpoint_name(3)]
    assert told in skipped[0]["reason"]
    assert [event["step"] for event in steps_of(second)] == [3, 4, 5]
    assert train(tmp_path / "whole") == 0
    assert losses(folder) == losses(tmp_path / "whole")


def test_a_checkpoint_that_was_being_written_is_reported_and_removed(train: Train, tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    stop_at_step_3(train, folder)
    half = folder / "checkpoints" / f"{checkpoint_name(4)}.partial"
    shutil.copytree(folder / "checkpoints" / checkpoint_name(3), half)
    assert train(folder, *SAVED) == 0
    skipped = [event for event in read_events(folder) if event["event"] == "skipped_checkpoint"]
    assert [(event["checkpoint"], event["reason"]) for event in skipped] == [
        (half.name, "incomplete: the run died while writing it")
    ]
    assert not half.exists()
    assert kept(folder)[0] == checkpoint_name(5)


def test_a_damaged_checkpoint_is_replaced_when_its_step_comes_again(train: Train, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert train(folder, *SAVED) == 0
    damage_newest(folder / "checkpoints")
    assert train(folder, *SAVED) == 0
    assert train(folder, *SAVED) == 0
    third = [event for event in read_events(folder) if event["attempt"] == 2]
    assert [event["step"] for event in third if event["event"] == "resume"] == [5]


def test_every_checkpoint_damaged_is_a_start_from_scratch(train: Train, tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    stop_at_step_3(train, folder)
    for path in listed(folder / "checkpoints"):
        (path / "manifest.json").unlink()
    assert train(folder, *SAVED) == 0
    second = [event for event in read_events(folder) if event["attempt"] == 1]
    assert [event["step"] for event in steps_of(second)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("model.ffn_hidden=64", "was written with ffn_hidden = 48, this run has 64"),
        ("train.seed=1", "was written with seed = 0, this run has 1"),
        ("train.sequence_length=8", "was written with sequence_length = 16, this run has 8"),
    ],
)
def test_another_model_or_other_data_is_a_mistake(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str], setting: str, told: str
) -> None:
    stop_at_step_3(train, tmp_path / "cut")
    assert train(tmp_path / "cut", *SAVED, setting) == 2
    assert told in capsys.readouterr().err
    assert read_events(tmp_path / "cut")[-1]["reason"].startswith("failed: ConfigurationError")


def test_starting_anew_refuses_to_mix_checkpoints(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stop_at_step_3(train, tmp_path / "cut")
    assert train(tmp_path / "cut", *SAVED, "checkpoint.resume=false") == 2
    assert "holds checkpoints; remove them" in capsys.readouterr().err
    assert train(tmp_path / "cut", "checkpoint.resume=false") == 0
    assert [event["step"] for event in steps_of(read_events(tmp_path / "cut"))][-5:] == [1, 2, 3, 4, 5]


def test_the_random_state_comes_back(train: Train, tmp_path: Path) -> None:
    torch.manual_seed(5)
    torch.rand(3)
    stop_at_step_3(train, tmp_path / "cut")
    expected = torch.rand(2)
    torch.manual_seed(6)
    assert train(tmp_path / "cut", *SAVED) == 0
    assert torch.equal(torch.rand(2), expected)


def test_a_diverged_run_is_not_saved(train: Train, tmp_path: Path) -> None:
    settings = ("train.learning_rate=1e30", "train.warmup_steps=0", "checkpoint.every_steps=1", "checkpoint.keep=9")
    assert train(tmp_path / "out", *settings) == 3
    end = read_events(tmp_path / "out")[-1]
    assert end["reason"].startswith("diverged")
    assert kept(tmp_path / "out")[0] < checkpoint_name(end["step"])
