"""The published ring: what others printed, held out of every fit, against predictions."""

from collections.abc import Callable, Iterator
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.study.executor import Executor
from clustersim.study.scoreboard.published.collectives import collective_cases
from clustersim.study.scoreboard.published.learned import corpus_cases, schedule_cases, score_cases
from clustersim.study.scoreboard.published.llama import llama_cases
from clustersim.study.scoreboard.published.loss import loss_cases
from clustersim.study.scoreboard.published.memory import memory_cases
from clustersim.study.scoreboard.published.record import RECORD, read_record
from clustersim.study.scoreboard.published.scenarios import published_scenarios, scenario_cases
from clustersim.study.scoreboard.published.steps import step_cases

TABLES: dict[str, Callable[[Path], Iterator[Case]]] = {
    "published/throughput.csv": step_cases,
    "published/throughput_a100_node.csv": step_cases,
    "published/nccl_bandwidth.csv": collective_cases,
    "published/memory.csv": memory_cases,
    "published/llama3_405b.csv": llama_cases,
    "published/olmo_ladder_losses.csv": loss_cases,
    "published/schedule_curves.csv": schedule_cases,
    "published/capability.csv": score_cases,
    "published/corpora.csv": corpus_cases,
}
"""Tables of the ring under the folder of the data, in its order, each with the function that reads its cases."""


def sources(data: Path, executor: Executor) -> dict[Path, Callable[[], Iterator[Case]]]:
    """Files of the ring, whether they are there or not, each with what works out its cases.

    Parameters
    ----------
    data : Path
        The folder ``validation``; the scenarios stand in ``scenarios`` beside it.
    executor : Executor
        Where the replications of whole runs are simulated.
    """

    def table(path: Path, read: Callable[[Path], Iterator[Case]]) -> Callable[[], Iterator[Case]]:
        return lambda: read(path)

    found = {data / name: table(data / name, read) for name, read in TABLES.items()}
    record = data / RECORD
    for path in published_scenarios(data.parent / "scenarios"):
        found[path] = table(
            path, lambda at: scenario_cases(at, executor, record=read_record(record) if record.is_file() else None)
        )
    return found


__all__ = ["TABLES", "sources"]
