"""Chance by number: a draw for each numbered thing that needs no stream, whatever else is drawn and in what order."""

import numpy as np
from numpy.typing import NDArray

_U64 = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIXERS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
_LAST = np.uint64(31)
_ALL = (1 << 64) - 1
_INT_STEP = int(_STEP)
_INT_MIXERS = tuple((int(shift), int(factor)) for shift, factor in _MIXERS)
_TO_UNIT = np.uint64(11)


def uniforms_of(key: int, *numbers: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """Uniform draw in [0, 1) for each combination of numbers, the same whenever it is asked for.

    SplitMix64, chained over the numbers.

    Parameters
    ----------
    key : int
        Key of the run; different keys give independent draws.
    *numbers : array of int or int
        What the things are numbered by; arrays are broadcast.

    References
    ----------
    .. [1] Steele, G. L., Lea, D. and Flood, C. H. (2014), OOPSLA. :doi:`10.1145/2660193.2660195`
    """
    mixed = np.atleast_1d(np.uint64(key & 0xFFFFFFFFFFFFFFFF))
    with np.errstate(over="ignore"):
        for number in numbers:
            mixed = _mix(mixed + (np.atleast_1d(np.asarray(number)).astype(np.uint64) + np.uint64(1)) * _STEP)
    found: NDArray[np.float64] = (mixed >> _TO_UNIT).astype(np.float64) * 2.0**-53
    return found


def uniform_of(key: int, *numbers: int) -> float:
    """The same for one combination of numbers, which takes a hundredth of the time.

    Examples
    --------
    >>> uniform_of(7, 1, 2) == float(uniforms_of(7, 1, 2)[0])
    True
    """
    mixed = key & _ALL
    for number in numbers:
        mixed = (mixed + (number + 1) * _INT_STEP) & _ALL
        for shift, factor in _INT_MIXERS:
            mixed = ((mixed ^ (mixed >> shift)) * factor) & _ALL
        mixed ^= mixed >> 31
    return float(mixed >> 11) * 2.0**-53


def _mix(values: _U64) -> _U64:
    for shift, factor in _MIXERS:
        values = (values ^ (values >> shift)) * factor
    return values ^ (values >> _LAST)
