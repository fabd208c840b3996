"""Real processes: what they answer, and what becomes of those that fail."""

import os
import signal
from pathlib import Path

import pytest

from validation.bench.case import Case
from validation.bench.crew import Crew, CrewError
from validation.bench.rounds import CaseError
from validation.bench.sampling import Counts, Prepared
from validation.bench.worker import Place, Work

pytest.importorskip("torch")

ONE = Counts(warm_up=0, samples=2, calls=1)


def prepare(case: Case, place: Place) -> Prepared:
    """Operations named after what they do, some of them on the last process alone."""
    here = place.rank == place.size - 1
    actions = {
        "nothing": lambda: None,
        "fail": lambda: 1 // 0 if here else None,
        "die": lambda: os.kill(os.getpid(), signal.SIGKILL) if here else None,
        "hang": lambda: signal.pause() if here else None,
    }
    return Prepared(actions[str(case.parameters["op"])])


def refuse(place: Place) -> dict[str, float]:
    problem = f"rank {place.rank}\nsecond line"
    raise OSError(problem)


def case(op: str, processes: int = 2) -> Case:
    return Case("test", {"op": op}, processes=processes)


def do(crew: Crew, op: str) -> None:
    with crew:
        crew.prepare(case(op))
        crew.sample(case(op), ONE)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(0, 2, "cpu", threads=1, folder=tmp_path, port=0)


def test_all_or_one_of_them_answer(place: Place) -> None:
    with Crew(Work(prepare), place) as crew:
        assert len(crew.ready) == 2
        assert crew.started_s > 0.0
        crew.prepare(case("nothing"))
        assert [len(times_s) for times_s in crew.sample(case("nothing"), ONE)] == [2, 2]
        crew.prepare(case("nothing", processes=1))
        assert [len(times_s) for times_s in crew.sample(case("nothing", processes=1), ONE)] == [2]


def test_after_an_error_they_go_on(place: Place) -> None:
    with Crew(Work(prepare), place) as crew:
        with pytest.raises(CaseError, match="KeyError: 'unknown'"):
            crew.prepare(case("unknown"))
        crew.prepare(case("fail"))
        with pytest.raises(CaseError, match="ZeroDivisionError"):
            crew.sample(case("fail"), ONE)
        crew.prepare(case("nothing"))
        assert len(crew.sample(case("nothing"), ONE)) == 2


def test_one_that_is_killed_is_named(place: Place) -> None:
    with pytest.raises(CrewError, match="worker 1 ended with exit code -9"):
        do(Crew(Work(prepare), place), "die")


def test_one_that_hangs_is_not_waited_for_without_end(place: Place) -> None:
    with pytest.raises(CrewError, match="no answer within 1 s"):
        do(Crew(Work(prepare), place, reply_timeout_s=1.0), "hang")


def test_one_that_cannot_start(place: Place) -> None:
    with pytest.raises(CrewError, match=r"OSError: rank \d$"), Crew(Work(prepare, refuse), place):
        pass
