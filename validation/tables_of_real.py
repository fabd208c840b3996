"""Tables of ``validation/real.md``: what was measured on machines of our own, and what was predicted."""

import json
import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clustersim.calibration.cases import Case
from clustersim.study.faults.text import KNOWN, RANDOM
from clustersim.study.scoreboard.campaign import ANOTHER_DAY, FITTED, HELD_OUT
from clustersim.study.scoreboard.measurements import compared, kind_of, measurement_files
from clustersim.study.scoreboard.testbed import COLLECTIVES, STEPS
from validation.markdown import markdown, share, signed
from validation.predicted import HERE

Tree = Mapping[str, Any]

STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "quickest repeat": min,
    "median of the repeats": statistics.median,
}
"""What could count for the time of a job that was repeated; the first does."""


def sessions_table() -> str:
    """Every file: what, on which machine, when, how often, and what others did on the machine meanwhile."""
    return markdown(("file", "on", "from", "to", "repeats", "disturbed"), map(_session, _files()), words=2)


def real_errors_table() -> str:
    """Errors of each kind of prediction."""
    groups: dict[str, list[float]] = {}
    for case in _cases():
        if case.error is not None:
            groups.setdefault(case.group, []).append(case.error)
    rows = []
    for name, errors in sorted(groups.items()):
        sizes = sorted(map(abs, errors))
        middle, bias = statistics.median(sizes), statistics.fmean(errors)
        rows.append((name, f"{len(sizes)}", share(middle), share(sizes[-1]), signed(bias)))
    return markdown(("what", "n", "median", "worst", "bias"), rows)


def statistics_table() -> str:
    """Errors of the held-out jobs by what counts for the time of a job that was repeated."""
    campaigns = [path for path in _files() if kind_of(path) == "campaign"]
    rows = []
    for name, estimate in STATISTICS.items():
        with TemporaryDirectory() as folder:
            for path in _files():
                if path not in campaigns:
                    shutil.copy(path, folder)
            again = [_estimated(path, Path(folder), estimate) for path in campaigns]
            cases = [case for path in again for case in compared(path).cases]
        for group in (HELD_OUT, ANOTHER_DAY):
            sizes = sorted(abs(case.error or 0.0) for case in cases if case.group == group)
            rows.append((name, group.removeprefix("real steps: "), share(statistics.median(sizes)), share(sizes[-1])))
    return markdown(("time of a job", "jobs", "median", "worst"), rows, words=2)


def held_out_table() -> str:
    """Step times of jobs that no parameter was fitted to, and of the same jobs on another day."""
    later = {case.name: case for case in _of(ANOTHER_DAY)}
    rows = [(*_step(case), *_again(later.get(case.name))) for case in _of(HELD_OUT)]
    columns = ("job", "measured", "predicted", "error", "repeats", "another day", "error")
    return markdown(columns if later else columns[:5], [row[: 7 if later else 5] for row in rows])


def worst_fitted_table() -> str:
    """The worst of the jobs that were fitted."""
    worst = sorted(_of(FITTED), key=lambda case: -abs(case.error or 0.0))[:5]
    return markdown(("job", "measured", "predicted", "error", "repeats"), map(_step, worst))


def killed_table() -> str:
    """Effective training time of jobs whose incidents the simulation knew."""
    return markdown(("incidents", "measured", "simulated", "points", "steps lost"), map(_killed, _of(KNOWN)), tail=1)


def killed_at_random_table() -> str:
    """Effective training time of jobs of which the simulation knew the rate of kills alone."""
    rows = [
        (case.name.removesuffix(": ETTR"), share(case.expected or 0.0), share(case.found or 0.0), _interval(case))
        for case in _of(RANDOM)
    ]
    return markdown(("run", "measured", "simulated, mean", "90 %"), rows)


def testbed_table() -> str:
    """Step times over the testbed, with the slow-down that the cables cause."""
    return markdown(("topology: job", "measured", "predicted", "error", "slower"), map(_limited, _of(STEPS)), tail=1)


def testbed_collectives_table() -> str:
    """Collectives over the testbed by operation and number of hosts."""
    groups: dict[tuple[str, int], list[float]] = {}
    for case in _of(COLLECTIVES):
        operation = case.name.partition(": ")[2].split()[0].replace("_", "-")
        hosts = case.name.partition("MiB, ")[2].split()[0].count("-") + 1
        groups.setdefault((operation, hosts), []).append(abs(case.error or 0.0))
    rows = [
        (f"{operation} of {hosts} hosts", f"{len(errors)}", share(statistics.median(errors)), share(max(errors)))
        for (operation, hosts), errors in sorted(groups.items())
    ]
    return markdown(("collective, from 1 MiB on", "n", "median", "worst"), rows)


def _estimated(path: Path, folder: Path, estimate: Callable[[list[float]], float]) -> Path:
    """A campaign with the times of its jobs estimated anew from their undisturbed repeats, or all where none is."""
    tree = json.loads(path.read_text("utf-8"))
    for run in tree["runs"]:
        repeats = [repeat for repeat in run["repeats"] if not repeat["disturbed"]] or run["repeats"]
        run["step_time_s"] = estimate([repeat["step_time_s"] for repeat in repeats])
    written = folder / path.name
    written.write_text(json.dumps(tree), "utf-8")
    return written


def _files() -> list[Path]:
    return measurement_files(HERE)


@lru_cache(maxsize=1)
def _cases() -> tuple[Case, ...]:
    return tuple(case for path in _files() for case in compared(path).cases)


def _of(group: str) -> list[Case]:
    return [case for case in _cases() if case.group == group]


def _session(path: Path) -> tuple[str, ...]:
    tree = json.loads(path.read_text("utf-8"))
    repeats = list(_repeats(tree))
    dates = sorted([str(repeat["date"]) for repeat in repeats] or [str(tree["environment"]["date"])])
    known = [repeat for repeat in repeats if "disturbed" in repeat]
    disturbed = f"{sum(repeat['disturbed'] for repeat in known)}" if known else "not told"
    environment = tree["environment"]
    where = f"{environment.get('name') or environment.get('cpu')}, {environment['cpus']} cores"
    first, last = (date[:16].replace("T", " ") for date in (dates[0], dates[-1]))
    return path.name, where, first, last, f"{len(repeats)}" if repeats else "", disturbed


def _repeats(tree: Tree) -> Iterator[Tree]:
    """Repeats that carry a date, wherever the file has them."""
    random = tree.get("random") or {}
    for run in [*tree.get("runs", ()), *tree.get("calibration_runs", ()), *tree.get("scenarios", ()), random]:
        yield from run.get("repeats", ())


def _step(case: Case) -> tuple[str, ...]:
    repeats = case.note.removeprefix("repeats differ by ")
    return case.name, _seconds(case.expected), _seconds(case.found), signed(case.error or 0.0), repeats


def _again(case: Case | None) -> tuple[str, str]:
    return ("", "") if case is None else (_seconds(case.expected), signed(case.error or 0.0))


def _killed(case: Case) -> tuple[str, ...]:
    measured, simulated = case.expected or 0.0, case.found or 0.0
    points = f"{100.0 * (simulated - measured):+.1f}"
    lost = case.note.replace(" steps lost", "")
    return case.name.removesuffix(": ETTR"), share(measured), share(simulated), points, lost


def _limited(case: Case) -> tuple[str, ...]:
    return case.name, _seconds(case.expected), _seconds(case.found), signed(case.error or 0.0), case.note.split(",")[0]


def _interval(case: Case) -> str:
    ends: Sequence[float] = (case.low or 0.0, case.high or 0.0)
    return " - ".join(share(end) for end in ends)


def _seconds(value: float | None) -> str:
    return f"{value or 0.0:.3f} s"
