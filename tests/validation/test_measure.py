"""The command that makes every measurement."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from validation.measure import main, measure, parts

NAMES = ["bench", "campaign", "testbed", "faults", "corpus", "miniature"]


class Runner:
    """Notes what it is asked to run; some modules fail."""

    def __init__(self, *failing: str) -> None:
        self.ran: list[Sequence[str]] = []
        self.failing = failing

    def __call__(self, command: Sequence[str]) -> int:
        self.ran.append(command)
        return int(command[2].removeprefix("validation.") in self.failing)

    @property
    def modules(self) -> list[str]:
        return [command[2].removeprefix("validation.") for command in self.ran]


@pytest.mark.parametrize("small", [False, True])
def test_everything_is_measured_in_turn_though_a_part_fails(tmp_path: Path, small: bool) -> None:
    runner = Runner("testbed")
    assert measure(list(parts(tmp_path, "box", small=small)), runner) == ["testbed"]
    assert runner.modules == NAMES
    for name, command in zip(NAMES, runner.ran, strict=True):
        if name != "corpus":
            assert str(tmp_path / f"box-{name}.json") in command
        assert ("--small" in command) is (small and name not in ("testbed", "corpus"))


def test_what_is_there_is_kept_and_what_can_go_on_goes_on(tmp_path: Path) -> None:
    for kind in ("bench", "campaign", "faults"):
        (tmp_path / f"box-{kind}.json").write_text("{}")
    runner = Runner()
    assert measure(list(parts(tmp_path, "box", small=True)), runner) == []
    assert runner.modules == NAMES[1:]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--only", "poem"], "no such part; known: bench"), (["--out", "nowhere"], "--out nowhere: no folder")],
)
def test_mistakes_are_named(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path), "--name", "box", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_part_really_runs(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    assert main(["--out", str(tmp_path), "--name", "box", "--small", "--only", "bench"]) == 0
    assert (tmp_path / "box-bench.json").exists()
