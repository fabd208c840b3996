"""The rate of a memoryless category, with its exact interval."""

from clustersim.calibration.failure_log.estimate import CONFIDENCE, Estimate


def failure_rate(failures: int, exposure_s: float) -> Estimate:
    """Rate of a Poisson process from the failures in a fixed exposure.

    Parameters
    ----------
    failures : int
        Failures in the window; may be none.
    exposure_s : float
        Operating time of all units together [s], above 0. Ages do not matter, nor which unit failed.

    Returns
    -------
    Estimate
        Failures per unit and second; ``failures / exposure``, the maximum of the likelihood.

    Notes
    -----
    The interval is the exact central one: ``chi2(5 %; 2 n) / 2`` and ``chi2(95 %; 2 n + 2) / 2`` failures over the
    exposure. It holds the truth at least as often as it says, for any exposure that is fixed beforehand. Without a
    failure it begins at 0, and its upper end is the one-sided 95 % limit, 3.0 failures.

    References
    ----------
    .. [1] Garwood, F. (1936), Fiducial limits for the Poisson distribution, Biometrika 28.
       :doi:`10.1093/biomet/28.3-4.437`
    .. [2] Cox, D. R. & Lewis, P. A. W. (1966), The Statistical Analysis of Series of Events, chapter 2.
       :doi:`10.1007/978-94-011-7801-3`

    Examples
    --------
    >>> [round(value * 1e6, 3) for value in failure_rate(3, 1e6)]
    [3.0, 0.818, 7.754]
    """
    from scipy.stats import chi2

    tail = (1.0 - CONFIDENCE) / 2.0
    low = float(chi2.ppf(tail, 2 * failures)) / 2.0 if failures else 0.0
    high = float(chi2.ppf(1.0 - tail, 2 * failures + 2)) / 2.0
    return Estimate(failures / exposure_s, low / exposure_s, high / exposure_s)
