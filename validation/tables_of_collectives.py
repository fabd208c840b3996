"""Tables of measured collectives against prediction."""

import re
from collections.abc import Sequence

from clustersim.calibration.collectives import PredictedCollective, score_collectives
from validation.markdown import markdown, share, signed
from validation.predicted import collectives

LARGE_BYTES = 2.0**20
WORST = 8
_COLUMNS = ("rows", "n", "median", "90th percentile", "bias")


def collective_classes() -> str:
    """Errors by split, by the rule that held rows out, by collective and by size."""
    large = [item for item in collectives() if (item.row.size_bytes or 0.0) >= LARGE_BYTES]
    tested = [item for item in large if _cell(item, "split") == "test"]
    rules = sorted({_cell(item, "split_rule") for item in tested})
    names = sorted({item.row.collective for item in tested})
    groups = [
        ("**from 1 MiB on, held out**", tested),
        *((f"- {rule}", [item for item in tested if _cell(item, "split_rule") == rule]) for rule in rules),
        *((f"- {name}", [item for item in tested if item.row.collective == name]) for name in names),
        ("from 1 MiB on, used in the fit", [item for item in large if _cell(item, "split") == "fit"]),
        ("below 1 MiB, held out", [item for item in collectives() if item not in large and _is_test(item)]),
    ]
    return markdown(_COLUMNS, [(name, *_errors(items)) for name, items in groups])


def collective_sources() -> str:
    """Errors of held-out rows from 1 MiB on, by source."""
    tested = [item for item in collectives() if (item.row.size_bytes or 0.0) >= LARGE_BYTES and _is_test(item)]
    found = score_collectives(tested).by_source
    rows = [
        (_short_source(name), f"{one.rows}", share(one.median), share(one.p90), signed(one.bias))
        for name, one in found.items()
    ]
    return markdown(("source", *_COLUMNS[1:]), rows)


def _short_source(name: str) -> str:
    return re.sub(r" issue \d+", ",", name.removeprefix("github:"))


def worst_collectives() -> str:
    """Worst held-out rows from 1 MiB on, one for each collective, size of group and network."""
    shown: dict[tuple[object, ...], PredictedCollective] = {}
    tested = [item for item in collectives() if (item.row.size_bytes or 0.0) >= LARGE_BYTES and _is_test(item)]
    for item in sorted(tested, key=lambda one: -abs(one.relative_error or 0.0)):
        shown.setdefault((item.row.collective, item.row.ranks, _cell(item, "nic")), item)
    rows = [_worst(item) for item in list(shown.values())[:WORST]]
    return markdown(("collective", "measured", "predicted", "error", "algorithm"), rows)


def _worst(item: PredictedCollective) -> tuple[str, ...]:
    row = item.row
    where = _cell(item, "nic") or _cell(item, "nvlink gen") or "machines not named"
    name = f"{row.collective} of {(row.size_bytes or 0.0) / 2**20:,.0f} MiB over {row.ranks} GPUs, {where}"
    times = (f"{1e3 * (seconds or 0.0):.3g} ms" for seconds in (row.time_s, item.time_s))
    return name, *times, signed(item.relative_error or 0.0), f"{item.algorithm} {item.protocol}"


def _errors(items: Sequence[PredictedCollective]) -> tuple[str, ...]:
    found = score_collectives(items).overall
    return f"{found.rows}", share(found.median), share(found.p90), signed(found.bias)


def _cell(item: PredictedCollective, column: str) -> str:
    return (item.row.cells.get(column) or "").strip()


def _is_test(item: PredictedCollective) -> bool:
    return _cell(item, "split") == "test"
