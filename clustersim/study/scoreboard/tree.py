"""The scoreboard as a tree for JSON, from which the page and the terminal are written."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from clustersim._version import __version__
from clustersim.calibration.cases import Case
from clustersim.calibration.errors_by import errors_of
from clustersim.study.scoreboard.bands import Band, Verdict
from clustersim.study.scoreboard.board import Board, Ring
from clustersim.study.scoreboard.statistics import coverage, relative_errors

SCHEMA = "clustersim.scoreboard/1"

DIGITS = 6
"""Significant digits of computed numbers: more than any comparison needs, and the same on every machine."""


def board_tree(board: Board) -> dict[str, Any]:
    """Everything that the scoreboard holds, JSON-ready: bands, statistics of groups, and every case.

    Parameters
    ----------
    board : Board
        The scoreboard.

    Returns
    -------
    dict
        ``clustersim.scoreboard/1``. Numbers that do not exist are None; errors are fractions.
    """
    return {
        "schema": SCHEMA,
        "clustersim_version": __version__,
        "data": board.data.name,
        "bands": [_verdict(verdict) for verdict in board.verdicts],
        "bands_exceeded": len(board.exceeded),
        "bands_untested": [_band(band) for band in board.untested],
        "rings": [_ring(ring, board.data) for ring in board.rings],
        "band_files": _files(board.files, board.data),
    }


def _band(band: Band) -> dict[str, Any]:
    return {
        "ring": band.ring,
        "case": band.case,
        "statistic": band.statistic,
        "words": band.kind.words,
        "side": band.kind.side,
        "share": band.kind.share,
        "limit": band.limit,
        "source": band.source,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return _band(verdict.band) | {
        "found": rounded(verdict.found),
        "cases": verdict.cases,
        "holds": verdict.holds,
    }


def _ring(ring: Ring, data: Path) -> dict[str, Any]:
    groups: dict[str, list[Case]] = {}
    for case in ring.cases:
        groups.setdefault(case.group, []).append(case)
    return {
        "name": ring.name,
        "cases": len(ring.cases),
        "files": _files(ring.files, data),
        "absent": [_shown(path, data) for path in ring.absent],
        "measurements": [
            {"file": _shown(one.path, data), "kind": one.kind, "cases": len(one.cases), "note": one.note}
            for one in ring.measurements
        ],
        "groups": [_group(name, cases) for name, cases in groups.items()],
    }


def _group(name: str, cases: Sequence[Case]) -> dict[str, Any]:
    sources: dict[str, list[Case]] = {}
    for case in cases:
        sources.setdefault(case.source, []).append(case)
    return {
        "name": name,
        **_summary(cases),
        "sources": [{"name": source, **_summary(members)} for source, members in sorted(sources.items())],
        "every_case": [_case(case) for case in cases],
    }


def _summary(cases: Sequence[Case]) -> dict[str, Any]:
    """Statistics of a set of cases."""
    errors = errors_of("", relative_errors(cases))
    judged = [case.inside for case in cases if case.inside is not None]
    return {
        "cases": len(cases),
        "not_predicted": sum(case.found is None for case in cases),
        "judged": len(judged),
        "outside": len(judged) - sum(judged),
        "errors": errors.rows,
        "median_error": rounded(errors.median),
        "p90_error": rounded(errors.p90),
        "worst_error": rounded(max(map(abs, relative_errors(cases)), default=math.nan)),
        "bias": rounded(errors.bias),
        "intervals": sum(case.has_interval for case in cases),
        "coverage": rounded(coverage(cases)),
    }


def _case(case: Case) -> dict[str, Any]:
    return {
        "name": case.name,
        "expected": rounded(case.expected, exact=True),
        "found": rounded(case.found),
        "unit": case.unit,
        "relation": case.relation,
        "tolerance": rounded(case.tolerance),
        "standard_error": rounded(case.standard_error),
        "low": rounded(case.low),
        "high": rounded(case.high),
        "error": rounded(case.error),
        "inside": case.inside,
        "source": case.source,
        "note": case.note,
    }


def rounded(value: float | None, *, exact: bool = False) -> float | None:
    """A number for JSON: None for what does not exist, else with :data:`DIGITS` digits unless it is exact."""
    if value is None or not math.isfinite(value):
        return None
    # A count of a billion parameters keeps all its digits.
    return value if exact or value == round(value) else float(f"{value:.{DIGITS}g}")


def _files(paths: Iterable[Path], data: Path) -> list[dict[str, str]]:
    return [{"file": _shown(path, data), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in paths]


def _shown(path: Path, data: Path) -> str:
    """A file by its place under the checkout, which means something on another machine too."""
    return path.relative_to(data.parent).as_posix()
