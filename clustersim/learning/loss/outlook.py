"""What a law says of a plan's loss, as a section of a report."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from clustersim._numerals import short
from clustersim.learning.loss.course import LearningRates, course, settled_from_tokens
from clustersim.learning.loss.decomposition import Decomposition, decomposition, explained
from clustersim.learning.loss.effective import EffectiveTokens, fresh_tokens
from clustersim.learning.loss.forecast import CurvePoint, extrapolations
from clustersim.learning.loss.forms import FORMS, joint_loss_nats
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.loss.transient import transient_of, untrained_interval
from clustersim.learning.loss.worth import Worth, worth_table
from clustersim.learning.quantiles import NORMAL_90, Quantiles

POINTS = 80
WORTH_AT = (0.02, 0.1, 0.25, 0.5, 1.0)
"""Shares of the run at which the worth of a little loss is told."""
SOURCES = (
    "OLMo ladder (Bhagia et al. 2024, arXiv 2412.04403; allenai/OLMo-ladder, Apache-2.0): final losses of 25 runs of "
    "190M to 3B parameters, and their first evaluations",
    "Yao et al. 2018, Bayesian Analysis 13(3): stacking of predictive distributions, which weighs the forms",
    "GPT-2 124M logs (llm.c and AdamW, KellerJordan/modded-nanogpt, MIT): the first steps",
)


class LossSection(TypedDict):
    """What :func:`loss_section` gives: plain values."""

    law: str
    corpus: str
    tokenizer: str
    final_loss: Quantiles
    decomposition: Decomposition
    untrained: Quantiles
    transient_until_tokens: float
    curve: list[CurvePoint]
    worth: list[Worth]
    caveats: list[str]
    sources: list[str]


def loss_section(
    law: LossLaw,
    parameters: float,
    rates: LearningRates,
    vocabulary: int,
    *,
    tokens_per_s: float,
    usd_per_s: float,
    worth_nats: float = 0.1,
    effective: EffectiveTokens | None = None,
) -> LossSection:
    """The loss of a plan: its end and what its interval is made of, its curve, and what a little loss is worth.

    Parameters
    ----------
    law : LossLaw
        The law.
    parameters : float
        Parameters of the model, counted as the law counts them.
    rates : LearningRates
        Learning rates of the whole run (see :func:`clustersim.learning.loss.planned.planned_rates`).
    vocabulary : int
        Tokens of the vocabulary.
    tokens_per_s : float
        Pace of the plan, interruptions included [tokens/s].
    usd_per_s : float
        What the plan costs while it runs [USD/s].
    worth_nats : float
        The fall of the loss whose worth is told [nats/token].
    effective : EffectiveTokens, optional
        What the tokens are worth to the law; each a fresh one when omitted.

    Returns
    -------
    LossSection
        Everything that goes into JSON as it is.
    """
    end = float(rates.tokens[-1])
    first = float(end * rates.steps[1] / rates.steps[-1]) if rates.steps[-1] > 1.0 else end
    grid = np.unique(np.concatenate([[0.0], np.geomspace(max(first, 1.0), end, POINTS)]))
    draws = course(law, parameters, rates, grid, vocabulary, effective=effective)
    low, middle, high = np.percentile(draws, (5.0, 50.0, 95.0), axis=0)
    curve: list[CurvePoint] = [
        {"tokens": tokens, "p5": p5, "p50": p50, "p95": p95}
        for tokens, p5, p50, p95 in zip(grid.tolist(), low.tolist(), middle.tolist(), high.tolist(), strict=True)
    ]
    settled = settled_from_tokens(rates, transient_of(law.name))
    start = untrained_interval(vocabulary)
    return {
        "law": law.name,
        "corpus": law.corpus,
        "tokenizer": law.tokenizer,
        "final_loss": {"p5": curve[-1]["p5"], "p50": curve[-1]["p50"], "p95": curve[-1]["p95"]},
        "decomposition": decomposition(law, parameters, fresh_tokens(end, effective)),
        "untrained": {"p5": start[0], "p50": start[1], "p95": start[2]},
        "transient_until_tokens": settled,
        "curve": curve,
        "worth": worth_table(
            law,
            parameters,
            [share * end for share in WORTH_AT if share * end >= law.min_tokens],
            tokens_per_s=tokens_per_s,
            usd_per_s=usd_per_s,
            nats=worth_nats,
            effective=effective,
        ),
        "caveats": caveats(law, parameters, rates, effective),
        "sources": [*SOURCES, *_forms(law.weights)],
    }


def caveats(
    law: LossLaw, parameters: float, rates: LearningRates, effective: EffectiveTokens | None = None
) -> list[str]:
    """What the forecast rests on and leaves out, in sentences."""
    end = float(rates.tokens[-1])
    said = [
        f"The loss is measured on {law.corpus} with the {law.tokenizer} tokenizer; on other text or with another "
        "tokenizer the same model shows another number.",
        explained(law, parameters, fresh_tokens(end, effective)),
        "The first of the fall follows the learning rate spent, as seen on runs of 124M to 3B parameters; of a far "
        "larger model it is an extrapolation, and its band says so.",
        _data(end, effective),
    ]
    if rates.spent_spread > 0.0:
        said.append(
            f"The plan names no peak learning rate: {rates.peak:.2g} is taken, the ladder's rule for its size, and the "
            "start of the curve is as uncertain as such a guess."
        )
    if (settled := settled_from_tokens(rates, transient_of(law.name))) >= end:
        said.append(
            f"The run ends after {short(settled)} tokens, in its first fall: its loss is that of a run that was broken "
            "off. What the forms of the law, a tenth of a nat and other schedules say is of runs that got through it."
        )
    return said + _rejected(law, parameters, fresh_tokens(end, effective)) + extrapolations(law, parameters, end)


def _data(tokens: float, effective: EffectiveTokens | None) -> str:
    if effective is None:
        return "The data are taken to be as good as those of the law's runs, and read once."
    low, middle, high = (
        short(tokens * float(effective.factor([tokens], np.array([quantile]))[0, 0]))
        for quantile in (-NORMAL_90, 0.0, NORMAL_90)
    )
    return (
        f"The {short(tokens)} tokens are taken to be worth {middle} ({low} to {high}) fresh ones of the law's corpus, "
        "as the section on the corpus has it."
    )


def _rejected(law: LossLaw, parameters: float, tokens: float) -> list[str]:
    best = min(law.held_out_errors.values(), default=0.0)
    return [
        f"{FORMS[form].title}: it would say {float(joint_loss_nats(row, parameters, tokens)):.2f} nats per token, but "
        f"misses runs held out of its fit by {100.0 * law.held_out_errors[form]:.1f} %, the best form by "
        f"{100.0 * best:.1f} %; it takes no part."
        for form, row in law.rejected.items()
    ]


def _forms(weights: dict[str, float]) -> Sequence[str]:
    return [f"{FORMS[form].reference}: {FORMS[form].formula}" for form in weights]
