"""Scaling curves: throughput per GPU over the number of GPUs, published and predicted."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from validation.families import Family, growing_families, strong_families, weak_families
from validation.panels import Panel, Series, apart, power_axis, value_axis
from validation.sheet import Sheet

_HEADER = (
    "family",
    "software",
    "source",
    "gpu",
    "precision",
    "gpus",
    "split",
    "published_tflop_s",
    "predicted_tflop_s",
)
_Y = "model TFLOP/s per GPU"
COLOURS = ("blue", "red", "green")
_CARDS = {"h100-sxm": "H100", "a100-80gb": "A100", "a100-40gb": "A100 40 GB", "gb200": "GB200"}

_WEAK = (
    ("Llama 3.1 8b", "nemo-25.02", "Llama 3.1 8B, NeMo 25.02, H100"),
    ("Nemotron4 15b", "nemo-25.02", "Nemotron-4 15B, NeMo 25.02, H100"),
    ("Llama 3.1 70b", "nemo-25.02", "Llama 3.1 70B, NeMo 25.02, H100"),
    ("GPT3 175b", "nemo-25.02", "GPT-3 175B, NeMo 25.02, H100"),
    ("GPT3 175b", "paxml-2024", "GPT-3 175B, PaxML 24.11, H100"),
    ("Llama 2 70b (MaxText)", "maxtext-2024", "Llama 2 70B, MaxText 24.11, H100"),
    ("MPT-7b", "composer-fsdp-2023", "MPT-7B, LLM Foundry 2023"),
    ("MPT-30b", "composer-fsdp-2023", "MPT-30B, LLM Foundry 2023"),
    ("Llama 4 Maverick 400b", "nemo-25.05", "Llama 4 Maverick, NeMo 25.05, GB200"),
)


def weak_sheet() -> Sheet:
    """Replicas are added to a job whose replica stays the same."""
    panels, shown = [], []
    for model, stack, title in _WEAK:
        families = [one for one in weak_families() if (one.model, one.stack) == (model, stack)]
        several = len({one.gpu for one in families}) > 1
        panels.append(_panel(title, families, named=_card_of if several else _format_of))
        shown += families
    return Sheet(
        "weak-scaling",
        "Weak scaling: what a GPU does as replicas are added",
        f"Model TFLOP/s per GPU over the number of GPUs. {_said(shown)}",
        tuple(panels), 3, _HEADER, tuple(_rows(shown)),
    )  # fmt: skip


def strong_sheet() -> Sheet:
    """More GPUs for the same global batch."""
    titles = {"GPT-174.6B": "GPT-3 175B, A100", "GPT-529.6B": "GPT 530B, A100"}
    panels = [
        _panel(title, [one for one in strong_families() if one.model == model], named=_software_of)
        for model, title in titles.items()
    ]
    return Sheet(
        "strong-scaling",
        "Strong scaling: what a GPU does as the same batch is split further (Narayanan et al. 2021, Table 2)",
        f"Model TFLOP/s per GPU over the number of GPUs. {_said(strong_families())}",
        tuple(panels), 2, _HEADER, tuple(_rows(strong_families())),
    )  # fmt: skip


def growing_sheet() -> Sheet:
    """The model grows with the job."""
    panels = [_panel(one.model, [one], named=_format_of) for one in growing_families()]
    return Sheet(
        "growing-models",
        "Growing models: what a GPU does as model and job grow together (Megatron-LM's scaling tables)",
        f"Model TFLOP/s per GPU over the number of GPUs. {_said(growing_families())}",
        tuple(panels), 2, _HEADER, tuple(_rows(growing_families())),
    )  # fmt: skip


def _format_of(family: Family) -> str:
    return family.precision.upper()


def _card_of(family: Family) -> str:
    return _CARDS[family.gpu]


def _software_of(family: Family) -> str:
    return "DeepSpeed ZeRO-3" if "zero3" in family.stack else "PTD-P"


def _panel(title: str, families: Sequence[Family], named: Callable[[Family], str]) -> Panel:
    points = [point for one in families for point in one.points]
    rates = [rate / 1e12 for point in points for rate in (point.published_flop_s, point.predicted_flop_s)]
    gpus = sorted({point.gpus for point in points})
    low, high = gpus[0], gpus[-1]
    marks = [(float(at), f"{at:,}") for at in apart(gpus)]
    return Panel(
        title=title,
        x=power_axis(low, high, marks, "GPUs"),
        y=value_axis(max(rates), _Y),
        series=tuple(_series(one, index) for index, one in enumerate(families)),
        words=tuple(f"{named(one)}: {change(one)}" for one in families),
    )


def change(family: Family) -> str:
    """In words, how much a GPU does at the largest size over the smallest."""
    return f"{percent(family.published_change)} published, {percent(family.predicted_change)} predicted"


def percent(share: float) -> str:
    """A change in per cent with its sign."""
    return f"{100.0 * share:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _series(family: Family, index: int) -> Series:
    def published(*, held_out: bool) -> list[tuple[float, float]]:
        return [(one.gpus, one.published_flop_s / 1e12) for one in family.points if one.held_out is held_out]

    return Series(
        colour="red" if family.precision == "fp8" else COLOURS[index],
        label=family.model,
        held_out=published(held_out=True),
        fitted=published(held_out=False),
        predicted=[(one.gpus, one.predicted_flop_s / 1e12) for one in family.points],
    )


def _said(families: Iterable[Family]) -> str:
    return " ".join(f"{one.model}, {one.precision}, {one.stack}, {one.gpu}: {change(one)}." for one in families)


def _rows(families: Iterable[Family]) -> Iterator[tuple[str, ...]]:
    for one in families:
        for point in one.points:
            rates = (f"{rate / 1e12:.1f}" for rate in (point.published_flop_s, point.predicted_flop_s))
            split = "test" if point.held_out else "fit"
            yield one.model, one.stack, one.source, one.gpu, one.precision, str(point.gpus), split, *rates
