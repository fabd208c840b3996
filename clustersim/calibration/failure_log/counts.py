"""Reads how many units of each kind there are, as the command line says it."""

from collections.abc import Sequence

from clustersim.calibration.failure_log.kinds import UNIT_KINDS
from clustersim.scenario.quantity import suggestion
from clustersim.scenario.rates import RateUnit
from clustersim.tables.numbers import number_in

MOST_UNITS = 100_000_000
"""Units beyond which a count is a slip of the pen."""


def counts_of(written: Sequence[str]) -> tuple[dict[RateUnit, int], list[str]]:
    """Read ``node=2048``.

    Parameters
    ----------
    written : sequence of str
        One for each ``--units``.

    Returns
    -------
    counts : dict of str to int
        Units of each kind.
    problems : list of str
        What cannot be read, and how to write it.
    """
    counts: dict[RateUnit, int] = {}
    problems: list[str] = []
    for text in written:
        kind, _, number = (part.strip() for part in text.partition("="))
        value = number_in(number)
        if kind not in UNIT_KINDS:
            near = suggestion(kind, UNIT_KINDS) or ";"
            problems.append(f"--units {text}: unknown kind '{kind}'{near} known: {', '.join(UNIT_KINDS)}")
        elif value is None or not 1 <= value <= MOST_UNITS or value % 1:
            asked = f"a whole number, 1 to {MOST_UNITS:,}"
            problems.append(f"--units {text}: '{number}' is not {asked}: write e.g. {kind}=2048")
        elif kind in counts:
            problems.append(f"--units {text}: {kind} is counted twice")
        else:
            counts[kind] = int(value)
    return counts, problems
