"""The transformer's arithmetic: parameters of the catalogue's models, and FLOPs counted by hand."""

from collections.abc import Iterator
from dataclasses import dataclass

from clustersim.calibration.cases import Case, exact_case
from clustersim.catalog import entries, entry
from clustersim.scenario.schema.model import Model
from clustersim.workload.flops import (
    AttentionConvention,
    forward_flops,
    hardware_flops_per_token,
    model_flops_per_token,
    recompute_flops_per_token,
)
from clustersim.workload.parameters import count_parameters

PARAMETERS = "parameters of published models"
FLOPS = "FLOPs counted by hand"

TABLE = "published_parameters"

_UNITS = {"M": 1e6, "B": 1e9, "T": 1e12}

VOCABULARY_SHARE = 0.002
"""What the padding of a vocabulary and biases that a paper leaves out may add to a rounded count, as a share of it."""


def printed_count(text: str) -> tuple[float, float]:
    """A printed number of parameters and how far the exact one may be from it.

    Parameters
    ----------
    text : str
        A whole number, or one rounded to millions, billions or trillions: ``12.9B``.

    Returns
    -------
    count, tolerance : float
        The tolerance is nothing for a whole number, else half of the last digit and :data:`VOCABULARY_SHARE`.

    Examples
    --------
    >>> printed_count("124439808")
    (124439808.0, 0.0)
    """
    if text[-1] not in _UNITS:
        return float(text), 0.0
    digits, unit = text[:-1], _UNITS[text[-1]]
    value = float(digits) * unit
    last_digit = 10.0 ** -len(digits.partition(".")[2]) * unit
    return value, 0.5 * last_digit + VOCABULARY_SHARE * value


def parameter_cases() -> Iterator[Case]:
    """Every model of the catalogue whose number of parameters is published, in all and active."""
    for name in entries(TABLE):
        count, printed = count_parameters(Model.model_validate(name)), entry(TABLE, name).values
        for kind in ("total", "active"):
            if kind not in printed:
                continue
            expected, tolerance = printed_count(printed[kind].text)
            yield Case(
                group=PARAMETERS,
                name=name if kind == "total" else f"{name}, active",
                expected=expected,
                found=float(getattr(count, kind)),
                unit="parameters",
                source=printed[kind].source,
                tolerance=tolerance,
            )


@dataclass(frozen=True, slots=True)
class Counted:
    """FLOPs of one forward pass per token, by kind, as products of the shapes that a paper prints."""

    model: str
    sequence_length: int
    attention: AttentionConvention
    source: str
    qkv: float
    attention_scores: float
    output: float
    ffn: float
    head: float


_LATENT = 7168 * 1536 + 7168 * 576 + 1536 * 128 * 192 + 512 * 128 * 256
"""Projections of DeepSeek-V3's latent attention before the output: down and up for queries, down and up for keys."""

COUNTED = (
    Counted(
        "gpt2-124m", 1024, "full", "shape: Radford et al. (2019), 12 layers of 768",
        qkv=12 * 2 * 768 * 3 * 768, attention_scores=12 * 2 * 2 * 1024 * 768, output=12 * 2 * 768 * 768,
        ffn=12 * 2 * 2 * 768 * 3072, head=2 * 768 * 50257,
    ),
    Counted(
        "llama3-405b", 8192, "causal", "shape: Llama Team (2024), arXiv 2407.21783, table 3",
        qkv=126 * 2 * 16384 * (16384 + 2 * 1024), attention_scores=126 * 2 * 8192 * 16384,
        output=126 * 2 * 16384 * 16384, ffn=126 * 2 * 3 * 16384 * 53248, head=2 * 16384 * 128256,
    ),
    Counted(
        "deepseek-v3", 4096, "full", "shape: DeepSeek-AI (2024), arXiv 2412.19437, section 4.2",
        qkv=61 * 2 * _LATENT, attention_scores=61 * 2 * 4096 * 128 * (192 + 128), output=61 * 2 * 128 * 128 * 7168,
        ffn=2 * 3 * 7168 * (3 * 18432 + 58 * 9 * 2048), head=2 * 7168 * 129280,
    ),
)  # fmt: skip

KINDS = ("qkv", "attention_scores", "output", "ffn", "head")

_WORDS = {
    "qkv": "queries, keys and values",
    "attention_scores": "products with the sequence",
    "output": "output projection",
    "ffn": "feed-forward",
    "head": "output head",
}


def flop_cases() -> Iterator[Case]:
    """FLOPs by kind of three models, and published formulas for whole steps."""
    for counted in COUNTED:
        found = forward_flops(Model.model_validate(counted.model), counted.sequence_length, counted.attention)
        for kind in KINDS:
            yield exact_case(
                group=FLOPS,
                name=f"{counted.model}, {_WORDS[kind]}",
                expected=getattr(counted, kind),
                found=getattr(found, kind),
                unit="FLOP/token",
                source=counted.source,
            )
    yield from _formula_cases()


def _formula_cases() -> Iterator[Case]:
    model, layers, hidden, length, vocabulary = Model.model_validate("megatron-gpt-175b"), 96, 12288, 2048, 51200
    step = 96 * length * layers * hidden**2 * (1 + length / (6 * hidden) + vocabulary / (16 * layers * hidden))
    yield exact_case(
        group=FLOPS,
        name="GPT-3 175B, a sequence with full recomputation",
        expected=step,
        found=length * hardware_flops_per_token(model, length, "full", "full"),
        unit="FLOP",
        source="Narayanan et al. (2021), arXiv 2104.04473, section 5.1, equation for F",
    )
    longer = model_flops_per_token(model, 2 * length, "full") - model_flops_per_token(model, length, "full")
    yield exact_case(
        group=FLOPS,
        name="GPT-3 175B, attention of 2,048 tokens more",
        expected=12.0 * layers * hidden * length,
        found=longer,
        unit="FLOP/token",
        source="Chowdhery et al. (2022), PaLM, arXiv 2204.02311, appendix B: 12 L H Q T",
    )
    extra = recompute_flops_per_token(model, length, "full", "selective") / forward_flops(model, length, "full").layers
    yield Case(
        group=FLOPS,
        name="GPT-3 175B, selective recomputation over a forward pass",
        expected=0.027,
        found=extra,
        unit="",
        source="Korthikanti et al. (2022), arXiv 2205.05198, section 5: 2.7 %",
        tolerance=0.0005,
    )
    budget = model_flops_per_token(Model.model_validate("llama3-405b"), 8192, "causal") * 15.6e12
    yield Case(
        group=FLOPS,
        name="Llama 3 405B, the whole run",
        expected=3.8e25,
        found=budget,
        unit="FLOP",
        source="Llama Team (2024), arXiv 2407.21783, section 3.2; 6 N D, which leaves attention out",
        tolerance=0.06 * 3.8e25,
    )
