"""The clock a GPU holds under its power limit."""


def sustained_share(
    peak_flop_s: float, power_w: float, reference_flop_s: float, reference_w: float, exponent: float
) -> float:
    """Rate of a card bound by its power limit, over the share of its own peak that the reference card reaches.

    Parameters
    ----------
    peak_flop_s, reference_flop_s : float
        Data sheet peaks of the card and of the reference card of its generation, in the same format [FLOP/s].
    power_w, reference_w : float
        Their power limits [W].
    exponent : float
        Clock as a power of the limit. Power grows with the second to third power of the clock, as voltage follows
        it, so 1/3 to 1/2 (Horowitz et al. 2005, :doi:`10.1109/IEDM.2005.1609253`).

    Returns
    -------
    float
        ``(power / reference)^exponent * reference peak / peak``: at the same silicon and power two cards run equally
        fast, whatever clock their data sheets print. 1 for the reference card.
    """
    return float((power_w / reference_w) ** exponent * reference_flop_s / peak_flop_s)
