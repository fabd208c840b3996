"""Tables of scaling, of the ranking of layouts, and of the layouts of Llama 3 405B."""

import statistics
from collections.abc import Sequence

from validation.families import Family, growing_families, strong_families, weak_families
from validation.llama import llama_rows
from validation.markdown import markdown, share, signed
from validation.ranking import rankings
from validation.topology_sweep import orders

_COLUMNS = ("family", "GPUs", "held out", "published", "predicted")


def slopes_table() -> str:
    """Change of throughput per GPU from the smallest to the largest size, over families."""
    dense16 = [one for one in weak_families() if one.precision != "fp8" and one.gpu != "gb200"]
    narrow = [one for one in weak_families() if one.precision == "fp8" and one.gpu != "gb200"]
    groups = (
        ("weak, dense, 16 bits", dense16),
        ("weak, dense, FP8", narrow),
        ("weak, mixture of experts, GB200", [one for one in weak_families() if one.gpu == "gb200"]),
        ("strong, PTD-P", [one for one in strong_families() if "zero3" not in one.stack]),
        ("strong, DeepSpeed ZeRO-3", [one for one in strong_families() if "zero3" in one.stack]),
    )
    columns = ("scaling", "families", "published change, median", "predicted, median", "difference, median of its size")
    return markdown(columns, [_slopes(name, families) for name, families in groups])


def _slopes(name: str, families: Sequence[Family]) -> tuple[str, ...]:
    published = [one.published_change for one in families]
    predicted = [one.predicted_change for one in families]
    apart = [abs(one - other) for one, other in zip(published, predicted, strict=True)]
    medians = (signed(statistics.median(published)), signed(statistics.median(predicted)))
    return name, str(len(families)), *medians, f"{100.0 * statistics.median(apart):.1f} points"


def weak_table() -> str:
    """Each weak-scaling family."""
    return markdown(_COLUMNS, [_row(one) for one in weak_families()])


def strong_table() -> str:
    """Each strong-scaling family."""
    return markdown(_COLUMNS, [_row(one) for one in strong_families()])


def growing_table() -> str:
    """Each family whose model grows."""
    return markdown(_COLUMNS, [_row(one) for one in growing_families()])


def _row(one: Family) -> tuple[str, ...]:
    name = f"{one.model}, {one.gpu}, {one.precision}, {one.stack}"
    gpus = f"{one.points[0].gpus:,}-{one.points[-1].gpus:,}"
    return name, gpus, one.held_out, signed(one.published_change), signed(one.predicted_change)


def ranking_table() -> str:
    """How well layouts are ranked."""
    rows = [
        (
            one.name,
            str(one.sweeps),
            f"{one.layouts:,}",
            f"{one.pairs:,}",
            f"{100.0 * one.right:.0f} %",
            share(one.loss),
            share(one.worst_loss),
            share(one.scatter),
        )
        for one in rankings()
    ]
    columns = ("rows", "jobs", "layouts", "pairs apart", "in order", "lost by the choice", "at worst", "scatter")
    return markdown(columns, rows)


def order_table() -> str:
    """How the layouts of one published sweep are ordered."""
    rows = [(one.name, str(one.runs), str(one.layouts), f"{one.spearman:.2f}", share(one.loss)) for one in orders()]
    return markdown(("runs", "n", "layouts", "rank correlation", "lost by the choice"), rows)


def llama_table() -> str:
    """Llama 3 405B under both conventions of counting attention."""
    rows = [
        (
            one.layout,
            f"{one.gpus:,}",
            f"{one.published_flop_s / 1e12:.0f}",
            *(
                f"{rate / 1e12:.0f} ({signed(rate / one.published_flop_s - 1.0)})"
                for rate in (one.full_flop_s, one.causal_flop_s)
            ),
        )
        for one in llama_rows()
    ]
    return markdown(("layout", "GPUs", "published", "predicted, full attention", "predicted, causal attention"), rows)
