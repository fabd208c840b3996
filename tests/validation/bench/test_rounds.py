"""Turns of many cases, with workers that answer from a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from validation.bench.case import Case, Record
from validation.bench.rounds import CaseError, measure
from validation.bench.sampling import Counts, Sampling

FOREVER = float("inf")


@dataclass
class Table:
    """Workers whose operation takes as long as the table says, by the name of the case, rank and visit."""

    call_s: Mapping[str, Callable[[int, int], float]]
    now_s: float = 0.0
    prepared: list[str] = field(default_factory=list)

    def prepare(self, case: Case) -> None:
        self.prepared.append(str(case.parameters["op"]))

    def sample(self, case: Case, counts: Counts) -> list[list[float]]:
        name = str(case.parameters["op"])
        visit = self.prepared.count(name)
        times_s = [self.call_s[name](rank, visit) for rank in range(case.processes)]
        self.now_s += max(times_s) * counts.samples * counts.calls
        return [[seconds] * counts.samples for seconds in times_s]


def case(name: str, **options: int | bool) -> Case:
    return Case("memory", {"op": name}, **options)  # type: ignore[arg-type]


def run(
    workers: Table, *cases: Case, deadline_s: float = FOREVER, sampling: Sampling | None = None
) -> tuple[list[Record], list[list[Record]]]:
    rounds: list[list[Record]] = []
    sampling = sampling or Sampling()
    records = measure(cases, workers, sampling, lambda: workers.now_s, deadline_s, rounds.append)
    return records, rounds


def test_steady_cases_take_their_turns_and_stop() -> None:
    names = "abcdefgh"
    workers = Table({name: lambda _rank, _visit: 0.01 for name in names})
    records, rounds = run(workers, *map(case, names))
    assert [record["op"] for record in records] == list(names)
    assert {record["rounds"] for record in records} == {3}
    assert {record["repeats"] for record in records} == {3 * 10}
    assert {record["time_s"] for record in records} == {0.01}
    assert {record["iqr_s"] for record in records} == {0.0}
    assert all(record["settled"] for record in records)
    assert len(rounds) == 3


def test_every_case_has_its_turn_before_any_has_another_and_the_order_changes() -> None:
    names = "abcdefgh"
    workers = Table({name: lambda _rank, _visit: 0.01 for name in names})
    run(workers, *map(case, names))
    turns = [workers.prepared[start : start + 8] for start in (0, 8, 16)]
    assert [sorted(turn) for turn in turns] == [list(names)] * 3
    assert turns[0] != turns[1] != turns[2]


def test_a_noisy_case_gets_more_turns_than_a_steady_one() -> None:
    workers = Table({"noisy": lambda _rank, visit: 0.01 * visit, "steady": lambda _rank, _visit: 0.01})
    records, _ = run(workers, case("noisy"), case("steady"))
    assert [(record["rounds"], record["settled"]) for record in records] == [(8, False), (3, True)]


def test_processes_at_once_give_a_sample_each() -> None:
    workers = Table({"shared": lambda rank, _visit: 0.01 * (1 + rank)})
    (record,), _ = run(workers, case("shared", processes=2))
    assert record["processes"] == 2
    assert record["repeats"] == 2 * 5 * record["rounds"]  # the slower one's calls fill the turn
    assert record["time_s"] == 0.015


def test_a_collective_takes_as_long_as_its_slowest_process() -> None:
    workers = Table({"all_reduce": lambda rank, _visit: 0.01 * (1 + rank)})
    (record,), _ = run(workers, case("all_reduce", processes=2, slowest=True))
    assert (record["time_s"], record["repeats"]) == (0.02, 5 * 3)


def test_there_and_back_are_two_operations() -> None:
    (record,), _ = run(Table({"send": lambda _rank, _visit: 0.01}), case("send", operations=2))
    assert record["time_s"] == 0.005


def test_one_that_fails_is_recorded_and_not_tried_again() -> None:
    class Failing(Table):
        def prepare(self, case: Case) -> None:
            super().prepare(case)
            if case.parameters["op"] == "bad":
                problem = "RuntimeError: not supported"
                raise CaseError(problem)

    workers = Failing({"good": lambda _rank, _visit: 0.01})
    records, _ = run(workers, case("bad"), case("good"))
    assert records[0] == {"section": "memory", "op": "bad", "processes": 1, "error": "RuntimeError: not supported"}
    assert records[1]["rounds"] == 3
    assert workers.prepared.count("bad") == 1


def test_what_the_time_did_not_suffice_for_says_so() -> None:
    workers = Table({name: lambda _rank, _visit: 1.0 for name in "abc"})
    records, _ = run(workers, *map(case, "abc"), deadline_s=4.0)  # a pilot and two samples of a second each
    assert workers.now_s == 6.0
    notes = [record.get("note") for record in records]
    assert sorted(map(str, notes)) == ["None", "None", "not run: time"]
    assert {record["repeats"] for record in records if "note" not in record} == {2}
    assert not any(record["settled"] for record in records if "note" not in record)


def test_counts_of_the_case_stand_in_its_record() -> None:
    workers = Table({"gemm": lambda _rank, _visit: 0.01})
    (record,), _ = run(workers, case("gemm", flop=24, bytes=7))
    assert (record["flop"], record["bytes"]) == (24, 7)
    (record,), _ = run(workers, case("gemm"))
    assert not record.keys() & {"flop", "bytes"}
