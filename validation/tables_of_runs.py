"""Tables of ``validation/runs.md``: whole runs as they were published, and their forecasts."""

import csv
from collections.abc import Iterable
from functools import lru_cache

from clustersim.report.numbers import unit_named, write, write_given
from clustersim.study.scoreboard.published.record import Known, read_record
from clustersim.study.scoreboard.published.scenarios import FOLDER
from validation.markdown import markdown, signed
from validation.predicted import HERE
from validation.whole_runs import Row, read_rows

FITTED = "fitted, or a formula"

_MARKS = {"agrees": "agrees", "below": "**below**", "above": "**above**"}


def tally_table() -> str:
    """How many claims agree: by their interval or band, by use, and by whether the step time was given."""
    kinds: dict[str, list[Row]] = {}
    for row, known in _known():
        step = "given" if row.step == "given" else "predicted"
        kinds.setdefault(FITTED if known.fitted else f"held out, step time {step}", []).append(row)
    rows = []
    for name, members in sorted(kinds.items(), reverse=True):
        numbers = [row for row in members if row.relation == "equal"]
        inside = sum(row.low <= row.published <= row.high for row in numbers)
        rows.append((name, f"{len(members)}", f"{sum(row.agrees for row in members)}", f"{inside} of {len(numbers)}"))
    return markdown(("claims", "n", "agree", "numbers inside the 90 % interval"), rows)


def held_out_runs_table() -> str:
    """Claims that nothing was fitted to."""
    return _table(pair for pair in _known() if not pair[1].fitted)


def fitted_runs_table() -> str:
    """Claims that a scenario was made with."""
    return _table(pair for pair in _known() if pair[1].fitted)


def misses_table() -> str:
    """Every claim that the forecast misses, and why."""
    rows = [
        (_linked(row.run), row.claim, signed(row.median / row.published - 1.0), known.explanation)
        for row, known in _known()
        if not row.agrees
    ]
    return markdown(("run", "what", "median", "why"), rows, words=2, tail=1)


def left_out_table() -> str:
    """Published outcomes that no scenario claims."""
    columns = ("run", "quantity", "published", "source", "why")
    with (HERE / "published" / "whole_runs_left_out.csv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(cells[name] for name in columns) for cells in csv.DictReader(file)]
    return markdown(("run", "what", "published", "source", "why not"), rows, words=5)


@lru_cache(maxsize=1)
def _known() -> tuple[tuple[Row, Known], ...]:
    record = read_record(HERE / "published" / "whole_runs.csv")
    return tuple((row, record[row.run, row.claim]) for row in read_rows())


def _table(pairs: Iterable[tuple[Row, Known]]) -> str:
    rows = [(_linked(row.run), _plain(row), row.step, _published(row), *_forecast(row), _MARKS[known.forecast])
            for row, known in pairs]  # fmt: skip
    return markdown(("run", "what", "step", "published", "forecast", "90 % interval", ""), rows, words=3, tail=1)


def _linked(run: str) -> str:
    return f"[{run.removeprefix(f'{FOLDER}/')}](../scenarios/{run}.yaml)"


def _plain(row: Row) -> str:
    return row.claim.removesuffix(f", {row.relation}")


def _published(row: Row) -> str:
    bound = "" if row.relation == "equal" else f"{row.relation} "
    return f"{bound}{write_given(row.published, unit_named(row.unit))}"


def _forecast(row: Row) -> tuple[str, str]:
    if not row.unit:
        return f"{row.median:.0f}", f"{row.low:.0f}-{row.high:.0f}" if row.low < row.high else ""
    unit = unit_named(row.unit)
    if row.low == row.high:
        return write(row.median, unit), ""
    low, high = (write(end, unit, size=row.median, bare=True) for end in (row.low, row.high))
    return write(row.median, unit), f"{low}-{high}"
