"""When the build of a corpus has to start for the run not to wait for it."""

import math


def latest_start_s(build_s: float, margin_s: float) -> float:
    """Latest start of a build that is done before the run, from the start of the run [s]; negative: before it.

    Parameters
    ----------
    build_s : float
        Time to build it [s].
    margin_s : float
        Time between the end of the build and the start of the run [s].
    """
    return -margin_s - build_s


def latest_streaming_start_s(
    build_s: float, margin_s: float, parts: int, first_epoch_s: float, wanted: float = 1.0
) -> float:
    """Latest start of a build that only has to stay ahead of the run, from the start of the run [s].

    Parameters
    ----------
    build_s : float
        Time to build all of it [s].
    margin_s : float
        By how much each part has to be there before the run needs it [s].
    parts : int
        Parts of equal size that go through the funnel one after the other. The run reads them in that order, each once
        before any is repeated.
    first_epoch_s : float
        Time in which the run reads all that it wants of the corpus for the first time [s].
    wanted : float
        Share of the corpus that the run wants; less than 1 where it ends before it has seen all.

    Returns
    -------
    float
        With one part that of :func:`latest_start_s`.

    Notes
    -----
    Part k of n is done ``k / n`` of the build after its start, and wanted when the run has read the k - 1 before it.
    The condition is the tightest for the first part if the build is faster than the run, else for the last.
    """
    between_s = first_epoch_s / (wanted * parts)
    return min(
        (number - 1) * between_s - number * build_s / parts - margin_s for number in (1, math.ceil(wanted * parts))
    )
