"""The two probes, on models whose answers are known."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tests.validation.gpt.launch import TINY, read_events  # noqa: E402
from tests.validation.gpt.test_shards import pack  # noqa: E402
from validation.gpt.config import JobConfig  # noqa: E402
from validation.gpt.config_file import read_config  # noqa: E402
from validation.gpt.evaluation import Probes  # noqa: E402
from validation.gpt.processes import Processes, start_processes  # noqa: E402
from validation.gpt.synthetic import VALIDATION, SyntheticSequences  # noqa: E402

Answer = Callable[["torch.Tensor"], "torch.Tensor"]


class Answers:
    """Passes of a model that is a function of its inputs."""

    reads_tokens = True

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def logits(self, inputs: "torch.Tensor") -> "torch.Tensor":
        return self._answer(inputs)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> JobConfig:
    path = tmp_path_factory.mktemp("config") / "tiny.toml"
    path.write_text(TINY)
    return read_config(path, ["train.micro_batch=4", "measure.evaluate_sequences=10"])


@pytest.fixture
def processes(config: JobConfig) -> Iterator[Processes]:
    yield start_processes(config.parallel)
    torch.distributed.destroy_process_group()


def probes(config: JobConfig, processes: Processes, answer: Answer) -> Probes:
    return Probes(config, processes, Answers(answer), SyntheticSequences(0, 64, 16, VALIDATION))  # type: ignore[arg-type]


def certain(tokens: "torch.Tensor") -> "torch.Tensor":
    return torch.nn.functional.one_hot(tokens, 64) * 100.0


def test_a_model_that_knows_nothing_loses_the_logarithm_of_the_vocabulary(
    config: JobConfig, processes: Processes
) -> None:
    """Also when the last micro-batch is not full: 10 sequences, 4 at a time."""
    assert probes(config, processes, lambda x: torch.zeros(*x.shape, 64)).loss() == pytest.approx(math.log(64))


def test_a_model_that_repeats_what_it_saw_half_a_sequence_ago_copies(config: JobConfig, processes: Processes) -> None:
    assert probes(config, processes, lambda x: certain(x.roll(7, dims=1))).copying() == 1.0


def test_a_model_that_repeats_the_last_token_copies_by_chance(config: JobConfig, processes: Processes) -> None:
    assert probes(config, processes, certain).copying() < 0.1


def test_validation_shards_are_evaluated_at_the_end(train: Callable[..., int], tmp_path: Path) -> None:
    folder = pack(tmp_path / "shards", 200, vocab=64)
    assert train(tmp_path / "out", f"data.shards={folder}", "train.sequence_length=8") == 0
    evaluated = [event for event in read_events(tmp_path / "out") if event["event"] == "evaluation"]
    assert [event["step"] for event in evaluated] == [5]
    assert evaluated[0]["loss"] == pytest.approx(math.log(64), abs=0.5)


def test_evaluating_shards_that_have_no_validation_split(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pack(tmp_path / "shards", 200, vocab=64, shards={"train": [{"file": "train-00000.bin", "tokens": 200}]})
    assert train(tmp_path / "out", f"data.shards={folder}", "measure.evaluate_every=2") == 2
    assert "has no validation split; set it to 0 or pack one" in capsys.readouterr().err
