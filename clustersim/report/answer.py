"""The answer in one sentence, for the page and the terminal alike."""

from collections.abc import Mapping
from typing import Any

from clustersim.report.dates import write_date
from clustersim.report.numbers import GPU_HOURS, USD
from clustersim.report.stats import Stat, show_entry

# shorter runs are told with the time of day
CLOCK_BELOW_DAYS = 3.0
# a quantile of the finish date is known only while fewer replications than this ran into the deadline
LATE_P50 = 0.5
LATE_P90 = 0.1


def finish_dates(headline: Mapping[str, Any]) -> dict[str, str]:
    """The finish date at P10, P50 and P90 as text; the year only where it is needed."""
    dates = headline.get("finish_date") or {}
    wall = Stat.read(headline.get("wall_time_days"))
    clock = wall is not None and wall.p50 < CLOCK_BELOW_DAYS
    years = {str(dates[name])[:4] for name in ("p10", "p50", "p90") if dates.get(name)}
    p50 = write_date(dates.get("p50"), clock=clock)
    ends = {name: write_date(dates.get(name), clock=clock, year=len(years) > 1) for name in ("p10", "p90")}
    return {"p10": ends["p10"], "p50": p50, "p90": ends["p90"]}


def answer(summary: Mapping[str, Any]) -> str:
    """When it finishes, how many GPU-hours and what it costs, each with its P10 to P90."""
    headline = summary["headline"]
    hours, cost = show_entry(headline.get("gpu_hours"), GPU_HOURS), show_entry(headline.get("cost_usd"), USD)
    totals = f"{hours.full} ({hours.likely}), {cost.full} ({cost.likely})"
    late = 1.0 - int(summary["finished_replications"]) / int(summary["replications"])
    if late >= LATE_P50:
        return f"{_unlikely(summary)} Up to {_limit(summary)}: {totals}."
    dates = finish_dates(headline)
    p90 = f"after {_limit(summary)}" if late >= LATE_P90 else dates["p90"]
    return f"Finishes {dates['p50']} (P10–P90: {dates['p10']} to {p90}), {totals}."


def _limit(summary: Mapping[str, Any]) -> str:
    """What ended a replication that did not finish: the plan's deadline, or the simulation where the plan has none."""
    return "20 times its undisturbed length" if summary.get("time_limit") == "patience" else "the deadline"


def _unlikely(summary: Mapping[str, Any]) -> str:
    total, finished = summary["replications"], summary["finished_replications"]
    if not finished:
        return f"Does not finish: none of {total} replications reached the end within {_limit(summary)}."
    return f"Most likely does not finish: {finished} of {total} replications reached the end within {_limit(summary)}."


def unfinished(summary: Mapping[str, Any]) -> str:
    """What to know about replications that did not reach the end; empty when all did."""
    total, finished = int(summary["replications"]), int(summary["finished_replications"])
    if finished >= total:
        return ""
    return (
        f"{total - finished} of {total} replications did not finish within {_limit(summary)}. "
        "They are counted up to it, so that the true dates and totals are later and larger than those shown."
    )


def cut_short(summary: Mapping[str, Any]) -> str:
    """What to know when the study was interrupted; empty when it was not."""
    asked = int(summary.get("replications_asked_for") or summary["replications"])
    done = int(summary["replications"])
    return f"The study was interrupted after {done} of {asked} replications." if done < asked else ""
