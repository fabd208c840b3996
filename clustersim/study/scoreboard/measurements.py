"""The real ring: files of measurements of our own, each kind compared by its own function."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.calibration.rows import TableError
from clustersim.calibration.rows.faults import fault_of
from clustersim.study.faults import KIND as FAULTS
from clustersim.study.faults import broken_run_cases
from clustersim.study.scoreboard.campaign import campaign_cases
from clustersim.study.scoreboard.miniature import miniature_cases
from clustersim.study.scoreboard.testbed import testbed_cases

Compare = Callable[[Path], list[Case]]
"""Reads a file of one kind and compares it with what is predicted."""

COMPARISONS: dict[str, Compare] = {
    "campaign": campaign_cases,
    FAULTS: broken_run_cases,
    "miniature": miniature_cases,
    "testbed": testbed_cases,
}
"""Comparisons by the ``kind`` that a file names. A file of another kind is listed and not compared."""

FOLDER = "measurements"


@dataclass(frozen=True, slots=True)
class Measurement:
    """A file of measurements.

    Attributes
    ----------
    path : Path
        The file.
    kind : str
        What it calls itself; empty where it does not say.
    cases : tuple of Case
        Its comparisons with predictions.
    note : str
        Why there are none; empty where there are.
    """

    path: Path
    kind: str
    cases: tuple[Case, ...]
    note: str = ""


def measurement_files(data: Path) -> list[Path]:
    """Files of measurements under the folder of the data, by name."""
    return sorted((data / FOLDER).glob("*.json"))


def compared(path: Path) -> Measurement:
    """Compare one file with what is predicted, if its kind has a comparison.

    Raises
    ------
    TableError
        If the file is no JSON, or its comparison cannot read it.
    """
    kind = kind_of(path)
    compare = COMPARISONS.get(kind)
    if compare is None:
        known = f"; there is one for {', '.join(sorted(COMPARISONS))}" if COMPARISONS else ""
        said = f"of the kind {kind!r}" if kind else "without a kind"
        return Measurement(path, kind, (), f"files {said} have no comparison with predictions{known}")
    try:
        cases = tuple(compare(path))
    except TableError:
        raise
    except Exception as problem:
        msg = f"{path}: not a measurement of the kind {kind!r}: {fault_of(problem)}"
        raise TableError(msg) from None
    return Measurement(path, kind, cases, "" if cases else "holds nothing to compare")


def kind_of(path: Path) -> str:
    """What a file of measurements calls itself; empty where it does not say.

    Raises
    ------
    TableError
        If it is no JSON.
    """
    try:
        tree = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: {getattr(error, 'strerror', None) or f'not JSON in UTF-8: {error}'}"
        raise TableError(msg) from None
    return str(tree.get("kind") or "") if isinstance(tree, dict) else ""
