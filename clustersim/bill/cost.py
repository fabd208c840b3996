"""Money and carbon of a run."""

import math


def triangular_quantile(u: float, low: float, mode: float, high: float) -> float:
    """Inverse distribution function of the triangular distribution.

    Parameters
    ----------
    u : float
        Probability in [0, 1]; pass a uniform number to draw.
    low, mode, high : float
        Lower end, most likely value, upper end, in this order; all equal for a known price.

    Returns
    -------
    float
        The value below which the share ``u`` of the distribution lies.

    Raises
    ------
    ValueError
        If the three values are not in order.

    References
    ----------
    .. [1] Johnson, D. (1997), The triangular distribution as a proxy for the beta distribution in risk analysis.
       The Statistician 46(3). :doi:`10.1111/1467-9884.00091`

    Examples
    --------
    >>> triangular_quantile(0.5, 2.0, 2.5, 3.0)
    2.5
    """
    if not low <= mode <= high:
        msg = f"a price range must rise: low {low:g}, mode {mode:g}, high {high:g}"
        raise ValueError(msg)
    width, rise, fall = high - low, mode - low, high - mode
    if u * width <= rise:
        return low + math.sqrt(u * width * rise)
    return high - math.sqrt((1.0 - u) * width * fall)


def gpu_cost_usd(gpu_time_s: float, price_usd_per_gpu_s: float) -> float:
    """Rent of GPU time [USD]: GPU-seconds times the price of one, electricity included in that price."""
    return gpu_time_s * price_usd_per_gpu_s


def electricity_usd(energy_j: float, price_usd_per_j: float) -> float:
    """Electricity bill [USD]. For an owner of the machines; a rent includes it already."""
    return energy_j * price_usd_per_j


def carbon_kg(energy_j: float, intensity_kg_per_j: float) -> float:
    """Carbon dioxide of the electricity [kg] at the grid's average intensity (GHG Protocol scope 2, location-based)."""
    return energy_j * intensity_kg_per_j
