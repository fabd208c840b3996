"""What emerges from scale in one plan: the section for the report."""

import math
from collections.abc import Callable, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike

from clustersim._numerals import short
from clustersim.learning.capability.catalogued import capability_law, capability_tasks
from clustersim.learning.capability.crossing import crossing
from clustersim.learning.capability.exact_match import skill_width
from clustersim.learning.capability.forecast import SAMPLES, outcomes, score_interval
from clustersim.learning.capability.instruction import InstructionFollowing, instruction_following
from clustersim.learning.capability.law import (
    FEWEST_TOKENS_PER_PARAMETER,
    SLOPE,
    CapabilityLaw,
    Floats,
    Trained,
    width_decades,
)
from clustersim.learning.capability.through_loss import accuracy_draws, accuracy_law, accuracy_laws
from clustersim.learning.quantiles import Reached, reached_at

FLAT_SLOPE = 0.5
"""Slope per decade below which a benchmark is no matter of compute: its rise takes nine decades and more."""
UNFORESEEN = 0.1
"""Error of a forecast from below [fraction] from which the rise counts as not foreseen."""
LOSS_CORPUS = "pile"
EXACT_TASK, EXACT_TOKENS = "bigbench_arithmetic_3da", 4
"""A benchmark counted all or nothing, and the digits of most of its answers (200 to 1998)."""
SOURCES = (
    "Ruan, Y. et al. (2024), Observational Scaling Laws, arXiv 2405.10938; scores from github ryoungj/ObsScaling "
    "(Apache-2.0), commit 4d6e1e4",
    "Bhagia, A. et al. (2024), model ladders, arXiv 2412.04403; github allenai/OLMo-ladder "
    "(Apache-2.0), commit 67a3f44",
    "Wei, J. et al. (2022), Emergent Abilities, arXiv 2206.07682",
    "Schaeffer, R. et al. (2023), Are Emergent Abilities a Mirage?, arXiv 2304.15004",
)


class Threshold(TypedDict):
    """Where a benchmark counts as risen, and when the run gets there."""

    name: str
    score: float
    tokens: Reached
    not_crossed: float


class Benchmark(TypedDict):
    """One benchmark of the outlook; scores are fractions."""

    task: str
    title: str
    chance: float
    ceiling: float
    at_end: Reached
    threshold: Threshold
    midpoint_flops: float | None
    width_decades: float | None
    family_offset_sd: float
    held_out_rmse: float
    held_out_coverage: float
    caveats: list[str]
    source: str


class ThroughLoss(TypedDict):
    """A benchmark's accuracy from the forecast loss."""

    task: str
    title: str
    loss: str
    at_end: Reached
    caveats: list[str]


class Sharpness(TypedDict):
    """The same scores as exact matches and as the accuracy of one token."""

    task: str
    title: str
    answer_tokens: int
    exact_width_decades: float
    token_width_decades: float
    sentence: str


class CapabilityOutlook(TypedDict):
    """The section on what emerges from scale."""

    flops: float
    benchmarks: list[Benchmark]
    through_loss: list[ThroughLoss]
    sharpness: Sharpness
    instruction_following: InstructionFollowing
    caveats: list[str]
    sources: list[str]


def capability_outlook(
    parameters: float,
    tokens: float,
    *,
    flops: Callable[[Floats], ArrayLike] | None = None,
    family: str | None = None,
    tasks: Sequence[str] | None = None,
    pile_loss: ArrayLike | None = None,
) -> CapabilityOutlook:
    """What a plan's model will score, and when in the run each benchmark rises.

    Parameters
    ----------
    parameters : float
        Parameters that a token meets.
    tokens : float
        Training tokens.
    flops : callable, optional
        Training compute [FLOP] as a function of an array of tokens; by default ``6 N D``.
    family : str, optional
        Family of the model, if the catalogue's fit has it ("Llama", "OLMo"); by default a new one.
    tasks : sequence of str, optional
        Benchmarks, as the catalogue names them; by default all.
    pile_loss : array_like of shape (draws,), optional
        Draws of the final loss on the Pile [nats/token, dolma2 tokenizer], as the laws ``olmo-ladder-pile`` give; with
        them the section has accuracies through the loss.

    Returns
    -------
    CapabilityOutlook
        Plain values, ready for JSON. Crossings are in tokens: the caller turns them into dates.
    """
    compute = 6.0 * parameters * tokens if flops is None else float(np.asarray(flops(np.array([tokens])))[0])
    trained = Trained(parameters, tokens, compute)
    laws = [capability_law(task) for task in (capability_tasks() if tasks is None else tasks)]
    return {
        "flops": compute,
        "benchmarks": [_benchmark(law, trained, flops, family) for law in laws],
        "through_loss": [] if pile_loss is None else _through_loss(np.asarray(pile_loss, np.float64)),
        "sharpness": sharpness(),
        "instruction_following": instruction_following(),
        "caveats": _caveats(family),
        "sources": list(SOURCES),
    }


def _benchmark(
    law: CapabilityLaw, trained: Trained, flops: Callable[[Floats], ArrayLike] | None, family: str | None
) -> Benchmark:
    at_end = score_interval(law, trained, family)
    passed = crossing(outcomes(law, trained, family), trained.parameters, trained.tokens, flops)
    return {
        "task": law.task,
        "title": law.title,
        "chance": law.floor,
        "ceiling": float(law.best[-1]),
        "at_end": reached_at(*at_end),
        "threshold": {
            "name": f"halfway between {100 * law.floor:.0f} % and {100 * float(law.best[-1]):.0f} %",
            "score": law.threshold,
            "tokens": reached_at(passed.p5, passed.p50, passed.p95),
            "not_crossed": passed.not_crossed,
        },
        "midpoint_flops": _finite(law.midpoint_flops),
        "width_decades": _finite(law.width_decades),
        "family_offset_sd": law.spread.family * math.sqrt(2.0),
        "held_out_rmse": law.held_out.rmse,
        "held_out_coverage": law.held_out.coverage,
        "caveats": caveats(law, trained),
        "source": law.source,
    }


def caveats(law: CapabilityLaw, trained: Trained) -> list[str]:
    """What a reader of the forecast of one benchmark must know."""
    words = []
    beyond = law.decades_beyond(trained.compute)
    if beyond > 0.0:
        words.append(
            f"The plan's {trained.compute:.2g} FLOP lie {beyond:.1f} decades beyond the largest fitted model; the "
            "spread of models is taken to grow by half per decade."
        )
    if float(law.best[SLOPE]) < FLAT_SLOPE:
        words.append(
            f"{law.title} hardly rises with compute; the crossing of its threshold says more about the assumed ceiling "
            "than about the run."
        )
    words.append(foreseen(law))
    return words


def foreseen(law: CapabilityLaw) -> str:
    """Say how well the rise was foreseen from below."""
    held_out = law.held_out
    if math.isnan(held_out.above_rmse):
        return "There are too few small models to say how well the rise can be foreseen from them."
    judged = "cannot be foreseen from" if held_out.above_rmse >= UNFORESEEN else "is foreseen fairly well from"
    return (
        f"The rise {judged} below: fitted to the half of the models with less compute, the law misses the other half "
        f"by {100 * held_out.above_rmse:.0f} points (bias {100 * held_out.above_bias:+.0f}), and "
        f"{100 * held_out.above_coverage:.0f} % of them lie in its 90 % interval."
    )


def sharpness(task: str = EXACT_TASK, answer_tokens: int = EXACT_TOKENS) -> Sharpness:
    """Show how much of a rise's abruptness is the metric's: widths of one benchmark's exact match and of its tokens."""
    law = capability_law(task)
    slope = float(law.best[SLOPE])
    exact, token = width_decades(slope), skill_width(slope, answer_tokens)
    return {
        "task": task,
        "title": law.title,
        "answer_tokens": answer_tokens,
        "exact_width_decades": exact,
        "token_width_decades": token,
        "sentence": (
            f"As exact matches the scores on {law.title} go from a tenth to nine tenths of their rise within "
            f"{exact:.1f} decades of compute; the accuracy of each of {answer_tokens} digits that gives them takes "
            f"{token:.1f}: the metric, not the skill, makes the step (Schaeffer et al. 2023)."
        ),
    }


def _through_loss(losses: Floats) -> list[ThroughLoss]:
    found: list[ThroughLoss] = []
    for name in accuracy_laws():
        task, _, kind = name.rpartition("-")
        if kind != LOSS_CORPUS:
            continue
        law = accuracy_law(name)
        quantiles = np.quantile(accuracy_draws(law, losses), (0.05, 0.5, 0.95)).tolist()
        words = [law.caveat] if law.caveat else []
        middle = float(np.median(losses))
        if middle < law.lowest_loss:
            words.append(f"The forecast loss, {middle:.2f}, lies below the lowest fitted, {law.lowest_loss:.2f}.")
        found.append(
            {"task": task, "title": law.title, "loss": law.loss, "at_end": reached_at(*quantiles), "caveats": words}
        )
    return found


def _caveats(family: str | None) -> list[str]:
    whose = f"the family {family}" if family else "a family that the fit does not know"
    return [
        f"Scores are for a base model of {whose}; how far families lie apart is part of every interval.",
        "They are scores of the fitted evaluations (the Open LLM Leaderboards', EvalPlus', BIG-bench's prompts); other "
        "prompts give others: ARC Challenge answered by letter is 96 % for Llama 3.1 405B (Meta 2024).",
        "A benchmark rises over tenths of a decade to several decades of compute, never at a point: read the crossing "
        "as the time by which the score is halfway.",
        "The laws speak of finished models: in the middle of a run, the learning rate still high, a checkpoint scores "
        "lower. Tokens per parameter stand in for the data and the year of a model, too, so that a run's own path is "
        "less sure than its end.",
        f"Before a run has {FEWEST_TOKENS_PER_PARAMETER:g} token a parameter, where no model of the fits lies, its "
        "score is taken to hang on its tokens alone: crossings there are the same for every larger model.",
        "An exact match over several tokens looks more abrupt than the skill behind it (Schaeffer et al. 2023).",
        f"Each interval is made of {short(SAMPLES)} sampled models.",
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
