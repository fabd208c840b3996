"""When the storage takes no checkpoint: which writes fail."""

from typing import Any

from clustersim.run.progress import ROUNDING_S


def fails(taken_s: Any, stall_s: Any, write_s: Any, start_s: float, until_s: float) -> Any:
    """Whether the writing of a checkpoint falls into a time in which none can be written, if only in part.

    A blocking checkpoint is written during its stall, an asynchronous one after it: in its stall it is copied to the
    memory of the host, of which the storage notices nothing. Either costs its stall, written or not.

    Parameters
    ----------
    taken_s : float or array, shape (checkpoints,)
        End of the stall [s].
    stall_s, write_s : float or array, shape (checkpoints,)
        Length of the stall, and of the write after it, which is 0 when blocking [s].
    start_s, until_s : float
        The time in which writes fail; what ends as it begins, or begins as it ends, is written [s].

    Returns
    -------
    bool or array of bool, shape (checkpoints,)
    """
    begin_s = taken_s - stall_s * (write_s == 0.0)
    return (begin_s < until_s) & ((begin_s >= start_s) | (taken_s + write_s > start_s + ROUNDING_S))
