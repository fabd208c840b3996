"""Makes the sample of docs/failure-log.md with the engine's own clocks: ``python -m tests.docs.failure_log_sample``.

What is behind each category is known: memory and host fail without memory, optics have shape 0.5 and were new at the
start, and node n007 fails far more often than the others in its host.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from clustersim.run.failures.clocks import failures
from clustersim.run.failures.lifetimes import WeibullLife
from clustersim.run.plan import CategoryPlan
from clustersim.run.streams import stream
from tests.docs.snippets import ROOT

FILE = ROOT / "docs" / "samples" / "failure-log.csv"
NODES, GPUS = 256, 2048
START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 180.0
DAY_S = 86400.0
REPAIR_S = 6.0 * 3600.0
LEMON, LEMON_DAYS = 7, 20.0


class Made(NamedTuple):
    """A category: mean life of a unit [days] and Weibull shape."""

    name: str
    kind: str
    units: int
    mean_days: float
    shape: float
    component: str


CATEGORIES = (
    Made("GPU memory", "gpu", GPUS, 9000.0, 1.0, "hbm"),
    Made("host", "node", NODES, 1500.0, 1.0, "host"),
    Made("optics", "node", NODES, 900.0, 0.5, "cable"),
    Made("software", "job", 1, 9.0, 1.0, "software"),
)


class Line(NamedTuple):
    at_s: float
    made: Made
    unit: int


def lines() -> Iterator[Line]:
    for made in CATEGORIES:
        yield from strikes(made, made.units, made.mean_days, made.name)
    host = CATEGORIES[1]
    yield from (line._replace(unit=LEMON) for line in strikes(host, 1, LEMON_DAYS, "lemon"))


def strikes(made: Made, units: int, mean_days: float, name: str) -> Iterator[Line]:
    plan = CategoryPlan(name, made.component, units, 1.0 / (mean_days * DAY_S), lifetime=WeibullLife(made.shape))
    for failure in failures(plan, stream(0, 0, name)):
        if failure.t_s > DAYS * DAY_S:
            return
        yield Line(failure.t_s, made, failure.unit)


def unit_name(made: Made, unit: int) -> str:
    if made.kind == "gpu":
        return f"n{unit // 8:03d}/gpu{unit % 8}"
    return f"n{unit:03d}" if made.kind == "node" else "run"


def text() -> str:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(("time", "unit", "unit_kind", "category", "component", "repaired"))
    down: dict[str, float] = {}
    for at_s, made, unit in sorted(lines()):
        name = unit_name(made, unit)
        if at_s < down.get(name, 0.0):
            continue
        repaired = ""
        if made.kind != "job":
            down[name] = at_s + REPAIR_S
            repaired = moment(at_s + REPAIR_S)
        writer.writerow((moment(at_s), name, made.kind, made.name, made.component, repaired))
    return written.getvalue()


def moment(at_s: float) -> str:
    return (START + timedelta(seconds=round(at_s))).strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), "utf-8")
