"""How often to checkpoint, and what it costs when nothing else does."""

import math


def young_daly_interval(ckpt_cost_s: float, mtbf_s: float) -> float:
    """Checkpoint interval that minimises expected lost work, first order.

    Parameters
    ----------
    ckpt_cost_s : float
        Time the job is blocked by one checkpoint [s].
    mtbf_s : float
        Mean time between failures *of the whole job* [s], not of one GPU.

    Returns
    -------
    float
        Work between two checkpoints [s]: 0 (as often as can be) when a checkpoint costs nothing, whatever fails, and
        else infinite (none before the end) when nothing fails.

    Notes
    -----
    Valid for ``ckpt_cost_s << mtbf_s``; failures exponential, restart cost ignored.

    References
    ----------
    .. [1] Young, J. W. (1974), CACM 17(9). :doi:`10.1145/361147.361115`
    .. [2] Daly, J. T. (2006), FGCS 22(3). :doi:`10.1016/j.future.2004.11.016`

    Examples
    --------
    >>> round(young_daly_interval(60.0, 3 * 3600.0))
    1138
    """
    return math.sqrt(2.0 * ckpt_cost_s * mtbf_s) if ckpt_cost_s > 0.0 else 0.0


def expected_wall_time_per_work(interval_s: float, ckpt_cost_s: float, restart_s: float, mtbf_s: float) -> float:
    """Mean wall time per second of useful work, exact for exponential failures.

    Parameters
    ----------
    interval_s : float
        Work between two checkpoints [s].
    ckpt_cost_s : float
        Time the job is blocked by one checkpoint [s]; a failure inside it loses the interval.
    restart_s : float
        Time from a failure to the first step [s]; a failure inside it starts it anew.
    mtbf_s : float
        Mean time between failures of the whole job [s].

    Returns
    -------
    float
        Dimensionless, at least 1. Its inverse is the ETTR.

    References
    ----------
    .. [1] Daly, J. T. (2006), FGCS 22(3), eq. 13. :doi:`10.1016/j.future.2004.11.016`
    """
    return mtbf_s / interval_s * math.exp(restart_s / mtbf_s) * math.expm1((interval_s + ckpt_cost_s) / mtbf_s)
