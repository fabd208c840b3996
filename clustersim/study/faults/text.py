"""Comparisons of broken runs as rows of a table, as cases of the scoreboard, and as a sentence."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.study.faults.compare import TOLERANCE, FaultComparison, fault_cases

COLUMNS = ("run", "measured ETTR", "simulated ETTR", "90 % interval", "difference", "lost steps", "agrees")
"""Headings of the table."""

KNOWN, RANDOM = "killed runs: incidents known", "killed runs: rate alone known"
"""Groups of cases."""


def fault_rows(comparisons: Sequence[FaultComparison]) -> Iterator[tuple[str, ...]]:
    """Rows of a table, under :data:`COLUMNS`.

    Parameters
    ----------
    comparisons : sequence of FaultComparison
        What :func:`~clustersim.study.faults.compare.fault_cases` found.

    Yields
    ------
    tuple of str
        One row each, as text: ETTR in per cent, the difference in points, lost steps measured and simulated.
    """
    for one in comparisons:
        yield (
            one.name,
            f"{one.measured_ettr:.1%}",
            f"{one.simulated_ettr:.1%}",
            f"{one.low:.1%} - {one.high:.1%}",
            f"{round(one.difference_points, 1) + 0.0:+.1f}",  # no negative zero
            f"{one.measured_lost_steps:.1f} / {one.simulated_lost_steps:.1f}",
            "yes" if one.inside else "no",
        )


def fault_summary(comparisons: Sequence[FaultComparison]) -> str:
    """One sentence: in how many runs measured and simulated ETTR agree, and the worst difference.

    Parameters
    ----------
    comparisons : sequence of FaultComparison
        At least one.
    """
    known = [one for one in comparisons if one.kind == "incidents"]
    random = [one for one in comparisons if one.kind == "random"]
    parts = []
    if known:
        worst = max(known, key=lambda one: abs(one.difference_points))
        agree = sum(one.inside for one in known)
        parts.append(
            f"simulated ETTR within {100.0 * TOLERANCE:.0f} points of measured in {agree} of {len(known)} runs with "
            f"known incidents, {worst.difference_points:+.1f} at worst ({worst.name})"
        )
    if random:
        parts.append(f"inside the 90 % interval in {sum(one.inside for one in random)} of {len(random)} random runs")
    return "; ".join(parts)


def broken_run_cases(path: Path) -> list[Case]:
    """Comparisons of a file as cases of the scoreboard: the ETTR of each run, in fractions.

    Parameters
    ----------
    path : Path
        A file of ``python -m validation.faults``.

    Raises
    ------
    TableError
        If the file cannot be read or lacks what the simulation needs.
    """
    return [_case(one, path) for one in fault_cases(path)]


def _case(one: FaultComparison, path: Path) -> Case:
    known = one.kind == "incidents"
    return Case(
        group=KNOWN if known else RANDOM,
        name=f"{one.name}: ETTR",
        expected=one.measured_ettr,
        found=one.simulated_ettr,
        unit="",
        source=path.name,
        tolerance=TOLERANCE if known else None,
        low=None if known else one.low,
        high=None if known else one.high,
        note="; ".join(filter(None, (_lost(one), one.note))),
    )


def _lost(one: FaultComparison) -> str:
    return f"{one.measured_lost_steps:.1f} steps lost, simulated {one.simulated_lost_steps:.1f}"
