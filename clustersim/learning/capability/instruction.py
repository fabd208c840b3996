"""Following instructions: no fruit of scale alone."""

from typing import TypedDict

import numpy as np

from clustersim.learning.capability.catalogued import capability_law
from clustersim.learning.capability.law import CapabilityLaw

IFEVAL = "lbv2_leaderboard_ifeval"
RISING = ("lbv2_leaderboard_bbh", "lbv2_leaderboard_mmlu_pro")
WIDER = {"models": 55.0, "mean": 0.28, "correlation": 0.29, "slope_per_decade": 0.018}
"""IFEval of 55 base models between 2e20 and 6e24 FLOP (Ruan et al. 2024, ObsScaling, Apache-2.0): more and larger ones
than those of the catalogue's law."""
TUNED = {8.0: 80.4, 405.0: 88.6}
"""IFEval of Llama 3.1 Instruct by billions of parameters [points] (Meta 2024, Llama 3.1 model card)."""
WEI_TUNED_FLOPS = 1.3e23
"""Where Wei et al. (2022), arXiv 2206.07682, table 1, see following instructions emerge: in models tuned for it."""


class Trend(TypedDict):
    """How scores of base models go with compute."""

    task: str
    title: str
    models: int
    mean: float
    correlation: float
    slope_per_decade: float


class InstructionFollowing(TypedDict):
    """What scale does to following instructions, against what it does to other benchmarks."""

    ifeval: Trend
    rising: list[Trend]
    sentence: str
    source: str


def trend(law: CapabilityLaw) -> Trend:
    """Scores of the fitted base models against log10 compute, by least squares.

    Returns
    -------
    Trend
        Number of models, mean score [fraction], correlation, and slope [fraction per decade of compute].
    """
    rows = np.array([member[1:] for family in law.families.values() for member in family.members])
    compute, measured = rows[:, 0], rows[:, 2]
    return {
        "task": law.task,
        "title": law.title,
        "models": len(measured),
        "mean": float(measured.mean()),
        "correlation": float(np.corrcoef(compute, measured)[0, 1]),
        "slope_per_decade": float(np.polyfit(compute, measured, 1)[0]),
    }


def instruction_following() -> InstructionFollowing:
    """Say how little following instructions rises with scale alone."""
    flat, rising = trend(capability_law(IFEVAL)), [trend(capability_law(task)) for task in RISING]
    others = " and ".join(
        f"{item['title']} {item['correlation']:.2f} and {100 * item['slope_per_decade']:.1f}" for item in rising
    )
    sentence = (
        f"Following instructions is hardly a matter of scale: IFEval of {flat['models']} base models has a mean of "
        f"{flat['mean']:.2f}, a correlation of {flat['correlation']:.2f} with log compute and "
        f"{100 * flat['slope_per_decade']:.1f} points per decade ({others}); with larger models, {WIDER['models']:.0f} "
        f"up to 6e24 FLOP, {WIDER['correlation']:.2f} and {100 * WIDER['slope_per_decade']:.1f} points. It comes from "
        f"tuning: Llama 3.1 Instruct scores {TUNED[8.0]:.0f} points with 8B parameters, {TUNED[405.0]:.0f} with 405B, "
        f"and Wei et al. (2022) see it in models tuned for it, from {WEI_TUNED_FLOPS:.1e} FLOP on."
    )
    source = (
        "Ruan et al. 2024 (arXiv 2405.10938), ObsScaling (Apache-2.0); Llama 3.1 model card (Meta 2024); Wei et al. "
        "2022 (arXiv 2206.07682), table 1"
    )
    return {"ifeval": flat, "rising": rising, "sentence": sentence, "source": source}
