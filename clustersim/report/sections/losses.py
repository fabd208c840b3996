"""From the GPU-hours of undisturbed steps to those of the whole run: what is lost, to which kind of loss and cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.losses import draw_losses
from clustersim.report.charts.stacked import Segment
from clustersim.report.charts.waterfall import Fall
from clustersim.report.numbers import FRACTION, GPU_HOURS, write
from clustersim.report.stats import Stat, show
from clustersim.report.words import STATES, colour_of, humanize, label_of

_SUMS = {
    "undisturbed": "undisturbed steps",
    "lost": "all that is lost",
    "job": "whole run",
    "standby": "spares standing by",
    "reserved": "all that the bill counts",
}

_SMALL = 0.01
"""Causes of less than this share of all that is lost are one row of the picture; the table lists each."""


@dataclass(frozen=True)
class Loss:
    """What was lost to one thing, GPU-hours over the replications."""

    label: str
    colour: str
    stat: Stat
    interval: Mapping[str, float]
    """The confidence interval of the mean."""


def losses(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The lead and two pictures, by kind and by cause; None where the summary has no account or nothing was lost."""
    account = summary.get("gpu_hours_account") or {}
    lost = Stat.read(account.get("lost"))
    if lost is None or not lost.mean:
        return {"lead": "", "kinds": None, "causes": None}
    kinds = [
        _loss(_kind(row["state"], row["part"]), colour_of(STATES, row["state"]), row) for row in account["lost_by_kind"]
    ]
    causes = [_loss(humanize(row["cause"]), "amber", row) for row in account["lost_by_cause"]]
    return {
        "lead": _lead(account),
        "kinds": _figure(
            "losses", "GPU-hours lost between undisturbed steps and the whole run, by kind", account, kinds
        ),
        "causes": _figure("losses-by-cause", "The same, by cause", account, _gathered(causes, lost.mean), causes),
    }


def _loss(label: str, colour: str, row: Mapping[str, Any]) -> Loss:
    entry = row["gpu_hours"]
    stat = Stat.read(entry)
    if stat is None:
        message = f"{label} has no GPU-hours"
        raise ValueError(message)
    return Loss(label, colour, stat, entry)


def _kind(state: str, part: str) -> str:
    return f"{label_of(STATES, state)}: {humanize(part)}" if part else label_of(STATES, state)


def _lead(account: Mapping[str, Any]) -> str:
    stats = {name: Stat.read(account[name]) for name in _SUMS}
    shown = {name: show(stat, GPU_HOURS) for name, stat in stats.items()}
    lost, job, standby = stats["lost"], stats["job"], stats["standby"]
    share = write(lost.mean / job.mean, FRACTION) if lost and job else ""
    text = (
        f"Steps at their undisturbed time take {shown['undisturbed'].full_mean} on average; "
        f"what stops or slows the job adds {shown['lost'].mean} (5–95 %: {shown['lost'].wide}), "
        f"{share} of the {shown['job'].mean} of the job."
    )
    if not standby or not standby.mean:
        return text
    return (
        f"{text} Spare nodes stand by for {shown['standby'].mean} more; the bill counts all {shown['reserved'].mean}."
    )


def _gathered(causes: Sequence[Loss], total: float) -> list[Loss]:
    """Large causes each, the small ones together, of which only the mean is known."""
    large = [cause for cause in causes if cause.stat.mean >= _SMALL * total]
    small = [cause for cause in causes if cause.stat.mean < _SMALL * total]
    if len(small) < 2:
        return list(causes)
    mean = sum(cause.stat.mean for cause in small)
    together = Stat(mean, mean, mean, mean, mean, mean)
    return [*large, Loss(f"{len(small)} smaller causes", "amber-hatch", together, {})]


def _figure(
    name: str, title: str, account: Mapping[str, Any], drawn: Sequence[Loss], listed: Sequence[Loss] | None = None
) -> Figure:
    size = float(account["lost"]["mean"])
    unit, symbol = next(((by, letter) for by, letter in ((1e6, "M"), (1e3, "k")) if size >= by), (1.0, ""))
    falls: list[Fall] = []
    reached = 0.0
    for loss in drawn:
        start, reached = reached, reached + loss.stat.mean
        falls.append(Fall(loss.label, f"+{_number(loss.stat)}", start / unit, reached / unit, colour=loss.colour))
    total = Stat.read(account["lost"])
    falls.append(Fall(_SUMS["lost"], _number(total), 0.0, reached / unit, total=True, colour="grey"))
    before, lost, after = _bar(account)
    parts = ((before, _SUMS["undisturbed"]), (lost, "lost"), *((part, _SUMS["standby"]) for part in after))
    return figure(
        name,
        title,
        f"{before.title}; {lost.title}; " + "; ".join(f"{fall.label} {fall.number}" for fall in falls) + ". "
        "Means of the replications with the 5 to 95 % interval.",
        lambda width: draw_losses(width, before, lost, after, tuple(falls), symbol),
        _table(account, drawn if listed is None else listed),
        [(part.colour, label) for part, label in parts],
    )


def _bar(account: Mapping[str, Any]) -> tuple[Segment, Segment, tuple[Segment, ...]]:
    means = {name: float(account[name]["mean"]) for name in ("undisturbed", "lost", "standby")}
    shown = {name: write(mean, GPU_HOURS) for name, mean in means.items()}
    before = Segment(
        means["undisturbed"], "blue", f"undisturbed steps {shown['undisturbed']}", f"undisturbed {shown['undisturbed']}"
    )
    lost = Segment(means["lost"], "grey", f"lost {shown['lost']}", f"{shown['lost']} lost, enlarged")
    after = Segment(means["standby"], "grey-hatch", f"spares standing by {shown['standby']}")
    return before, lost, (after,) if means["standby"] else ()


def _number(stat: Stat | None) -> str:
    shown = show(stat, GPU_HOURS)
    return shown.mean if stat is None or stat.p5 == stat.p95 else f"{shown.mean} ({shown.p5}–{shown.p95})"


def _table(account: Mapping[str, Any], listed: Sequence[Loss]) -> Table:
    rows = [(_SUMS["undisturbed"], account["undisturbed"]), *((loss.label, loss.interval) for loss in listed)]
    rows += [(label, account[name]) for name, label in _SUMS.items() if name != "undisturbed"]
    places = 0 if account["lost"]["mean"] >= 1e3 else 2
    columns = ("mean", "mean_ci95_low", "mean_ci95_high", "p5", "p50", "p95")
    return Table(
        ("GPU-hours", "mean", "95 % of the mean from", "to", "P5", "P50", "P95"),
        tuple((label, *(f"{entry[column]:,.{places}f}" for column in columns)) for label, entry in rows),
    )
