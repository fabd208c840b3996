"""Configurations: read, overridden, and refused with everything that is wrong at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.validation.gpt.launch import ROOT, TINY
from validation.gpt.__main__ import main
from validation.gpt.config import JobConfig
from validation.gpt.config_file import read_config
from validation.gpt.problems import ConfigurationError


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def refused(path: Path, *settings: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_config(path, settings)
    return list(caught.value.problems)


def test_a_file_and_its_defaults(tiny: Path) -> None:
    config = read_config(tiny)
    assert config.train.learning_rate == 1e-2
    assert (config.train.beta2, config.train.weight_decay) == (0.95, 0.1)
    assert config.accumulation == 4
    assert set(config.tables()) == {"model", "train", "parallel", "data", "checkpoint", "measure"}


def test_key_value_heads_are_heads_unless_told(tiny: Path) -> None:
    tiny.write_text(TINY.replace("kv_heads = 2\n", ""))
    assert read_config(tiny).model.kv_heads == 4


def test_settings_lie_over_the_file(tiny: Path) -> None:
    config = read_config(tiny, ["train.steps=20", "train.precision=bf16", 'data.shards="a b"', "train.clip=1"])
    assert (config.train.steps, config.train.precision) == (20, "bf16")
    assert (config.data.shards, config.train.clip) == ("a b", 1.0)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('[model]\nlayers = 2.5\nhiden = 32\n[trian]\n[train]\nsteps = "many"\nmicro_batch = true\n')
    told = "\n".join(refused(path, "steps=3"))
    for expected in (
        "--set steps=3: write it as table.key=value",
        "trian: unknown table; did you mean 'train'?",
        "model.hiden: unknown key; did you mean 'hidden'?",
        "model.layers: must be a whole number, not 2.5",
        "model.hidden: missing",
        "train.steps: must be a whole number, not 'many'",
        "train.micro_batch: must be a whole number, not True",
        "train.global_batch: missing",
    ):
        assert expected in told
    assert str(path) in told


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["train.precision=fp8"], "train.precision: 'fp8' is not one of 'fp32', 'bf16'"),
        (["train.learning_rate=0"], "train.learning_rate: 0.0 must be above 0"),
        (["train.beta1=1"], "train.beta1: 1 would never forget"),
        (["train.learning_rate=nan"], "train.learning_rate: nan must be above 0"),
        (["measure.skip_steps=5"], "measure.skip_steps: 5 leaves none of train.steps = 5"),
        (["model.hidden=34"], "model.hidden: 34 is not a multiple of model.heads = 4"),
        (["model.hidden=36"], "model.hidden: heads are 9 wide"),
        (["model.kv_heads=3"], "model.kv_heads: 3 does not divide model.heads = 4"),
        (["train.global_batch=3", "parallel.data=2"], "train.global_batch: 3 is not a multiple of"),
        (["train.decay_steps=2"], "train.decay_steps: 2 is for schedule 'wsd'"),
        (["train.schedule=wsd"], "train.decay_steps: schedule 'wsd' needs"),
        (["train.schedule=wsd", "train.decay_steps=4"], "warm-up 2 + decay 4 are more than train.steps = 5"),
        (["train.warmup_steps=5"], "train.warmup_steps: 5 leaves none"),
        (["parallel.reshard_after_forward=true"], "only data_kind 'fsdp' shards the weights"),
        (["parallel.pipeline=3"], "parallel.pipeline: 3 stages, but model.layers = 2"),
        (["parallel.pipeline=2", "train.global_batch=1"], "1 micro-batches per replica are fewer than the 2 stages"),
        (["parallel.tensor=4"], "model.kv_heads: 2 cannot be split evenly over parallel.tensor = 4"),
        (["measure.copying_every=1", "train.sequence_length=2"], "measure.copying_every: a sequence of 2"),
        (["measure.evaluate_every=1", "measure.evaluate_sequences=0"], "synthetic tokens have no end"),
    ],
)
def test_what_cannot_run_is_refused_with_the_way_out(tiny: Path, settings: list[str], told: str) -> None:
    problems = refused(tiny, *settings)
    assert any(told in problem for problem in problems), problems


def test_filling_and_draining_takes_fewer_micro_batches_than_stages(tiny: Path) -> None:
    settings = ["parallel.pipeline=2", "train.global_batch=1", "parallel.pipeline_schedule=gpipe"]
    assert isinstance(read_config(tiny, settings), JobConfig)


def test_the_command_ends_with_2_and_no_traceback(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tiny), "--out", str(tmp_path / "out"), "--set", "train.stepz=3", "--set", "model.vocab=1.5"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"error: {tiny}: model.vocab: must be a whole number, not 1.5",
        f"error: {tiny}: train.stepz: unknown key; did you mean 'steps'?",
    ]


@pytest.mark.parametrize(("content", "told"), [(None, "No such file"), ("[model", "not TOML")])
def test_an_unreadable_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, told: str) -> None:
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_text(content)
    assert main([str(path), "--out", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


def test_an_output_that_is_a_file(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tiny), "--out", str(tiny)]) == 2
    assert f"error: {tiny}: File exists" in capsys.readouterr().err


def test_the_number_of_processes_must_fit(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main([str(tiny), "--out", str(tmp_path), "--set", "parallel.data=2"]) == 2
    assert "needs 2 processes and 1 run; start with torchrun --nproc-per-node 2" in capsys.readouterr().err


def test_reading_a_configuration_does_not_load_torch() -> None:
    code = "import sys, validation.gpt.__main__; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_example_can_be_run_as_it_is_and_spread() -> None:
    example = ROOT / "validation" / "gpt" / "small.toml"
    assert read_config(example).parallel.world == 1
    spread = ["parallel.data=2", "parallel.tensor=2", "parallel.pipeline=2", "parallel.data_kind=fsdp"]
    assert read_config(example, spread).parallel.world == 8
