"""Other models on the same data: how their final losses differ from that of the plan, and where they tie."""

from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.report.charts.figure import Table
from clustersim.report.numbers import FRACTION, LOSS, TOKENS, Unit, signed, write
from clustersim.report.stats import OUT_OF_REACH, reachable, spread

_AMOUNT = Unit(TOKENS.steps, decimals=1)
_FORMS_LEAD = (
    "Forms of the law part ways on what parameters are worth at the same tokens. The median difference by each of them:"
)


def against(rows: Sequence[Mapping[str, Any]], tokens: float | None) -> dict[str, Any] | None:
    """Everything shown of other models; None without any."""
    if not rows:
        return None
    return {
        "lead": f"The difference is the final loss of the plan after {write(tokens, TOKENS)}, less that of the other "
        "model on the same corpus, in nats per token: below zero the plan is better. They tie where the plan, were it "
        "to end there, would have the final loss of the other. The learning rate of both comes down at their end.",
        "models": Table(
            ("model", "parameters", "tokens", "difference", "plan is better", "ties after", "at (FLOP)", "never ties"),
            tuple(_row(row) for row in rows),
        ),
        "forms_lead": _FORMS_LEAD,
        "forms": _forms(rows),
        "caveats": [f"{row['name']}: {line}" for row in rows for line in row["caveats"]],
    }


def _forms(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Differences with a column for each form, whose weights stand in the first row."""
    forms = rows[0]["by_form"]
    return Table(
        ("form of the law", *(form["title"] for form in forms)),
        (
            ("weight", *(write(form["weight"], FRACTION) for form in forms)),
            *((row["name"], *(signed(form["difference_p50"], LOSS) for form in row["by_form"])) for row in rows),
        ),
    )


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    flops = row["tie_flops"]["p50"]
    return (
        row["name"],
        write(row["parameters"], _AMOUNT),
        write(row["tokens"], _AMOUNT),
        spread(row["difference"], LOSS),
        write(row["this_is_better_fraction"], FRACTION),
        reachable(row["tie_tokens"], _AMOUNT),
        OUT_OF_REACH if flops is None else f"{flops:.2g}",
        write(row["never_ties_fraction"], FRACTION),
    )
