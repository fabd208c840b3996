"""The page of the scoreboard: the answer, the bands of each ring, and every case, the bad ones too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from clustersim.report.charts.ranges import draw_claim
from clustersim.report.numbers import MISSING
from clustersim.report.scoreboard_figures import distance_figure, error_figure, spread_figure
from clustersim.report.scoreboard_words import (
    EXCEEDED,
    HOLDS,
    RINGS,
    allowed_text,
    answer,
    band_name,
    band_value,
    cases_text,
    exceeded,
    figure_text,
    limit_text,
    measurement_text,
    outside,
    share_text,
    verdict_of,
)

FEW = 12
"""Groups of no more cases than this lie open, with a picture of each interval."""

Tree = Mapping[str, Any]


def render_board(tree: Tree) -> str:
    """The scoreboard as one HTML page.

    Parameters
    ----------
    tree : mapping
        ``clustersim.scoreboard/1``, as ``clustersim validate --json`` prints it.

    Returns
    -------
    str
        The page: self-contained, without a script; the same tree gives the same bytes.
    """
    from clustersim.report.page import page_environment

    return page_environment().get_template("scoreboard_page.html").render(
        version=tree["clustersim_version"],
        answer=answer(tree),
        warnings=exceeded(tree),
        cards=[_card(tree, ring) for ring in tree["rings"]],
        unbanded=list(_unbanded(tree)),
        rings=[_ring(tree, ring) for ring in tree["rings"]],
        files=[*tree["band_files"], *(one for ring in tree["rings"] for one in ring["files"])],
    )  # fmt: skip


@dataclass(frozen=True)
class Card:
    """Key figures of a ring."""

    name: str
    number: str
    note: str


def _card(tree: Tree, ring: Tree) -> Card:
    bands = [band for band in tree["bands"] if band["ring"] == ring["name"]]
    held = sum(band["holds"] for band in bands)
    number = f"{held} of {len(bands)}" if bands else MISSING
    away = sum(group["outside"] for group in ring["groups"])
    note = f"bands hold; {cases_text(ring['cases'])}, {away:,} outside"
    if ring["name"] == "real" and not ring["measurements"]:
        note = "no measurements"
    return Card(RINGS[ring["name"]][0], number, note)


def _unbanded(tree: Tree) -> Iterator[str]:
    """Cases outside that no band alone speaks of: in groups small enough that each case is a statement of its own."""
    sizes = {group["name"]: group["cases"] for ring in tree["rings"] for group in ring["groups"]}
    for group, case in outside(tree):
        if sizes[group] > FEW:
            continue
        expected, found = (figure_text(case[key], case["unit"]) for key in ("expected", "found"))
        relation = "" if case["relation"] == "equal" else f"{case['relation']} "
        yield f"{group}: {case['name'].removesuffix(f', {relation.strip()}')}: {found}, expected {relation}{expected}"


def _ring(tree: Tree, ring: Tree) -> dict[str, Any]:
    title, lead = RINGS[ring["name"]]
    bands = [band for band in tree["bands"] if band["ring"] == ring["name"]]
    return {
        "key": ring["name"],
        "title": title,
        "lead": lead,
        "bands": [_band_row(band) for band in bands],
        "untested": [band_name(band) for band in tree["bands_untested"] if band["ring"] == ring["name"]],
        "groups": [_group_row(group) for group in ring["groups"]],
        "figures": [one for one in _figures(ring, bands) if one is not None],
        "cases": [_cases(ring["name"], index, group) for index, group in enumerate(ring["groups"])],
        "absent": ring["absent"],
        "measured": measurement_text(ring) if ring["name"] == "real" else "",
        "measurements": ring["measurements"],
    }


def _band_row(band: Tree) -> dict[str, Any]:
    mark, word, tone = HOLDS if band["holds"] else EXCEEDED
    return {
        "mark": mark,
        "word": word,
        "tone": tone,
        "name": band_name(band),
        "words": band["words"],
        "found": band_value(band, band["found"]),
        "limit": limit_text(band),
        "cases": f"{band['cases']:,}",
        "source": band["source"],
    }


def _group_row(group: Tree) -> tuple[str, ...]:
    judged = f"{group['outside']:,} of {group['judged']:,}" if group["judged"] else ""
    errors = [group[key] for key in ("median_error", "p90_error", "worst_error")]
    shares = [share_text(value) if value is not None else "" for value in errors]
    bias = share_text(group["bias"], signed=True) if group["bias"] is not None else ""
    covered = share_text(group["coverage"]) if group["intervals"] else ""
    return group["name"], f"{group['cases']:,}", *shares, bias, covered, judged


def _figures(ring: Tree, bands: Sequence[Tree]) -> Iterator[Any]:
    groups = ring["groups"]
    if ring["name"] == "theory":
        yield distance_figure(groups)
        return
    yield spread_figure(f"{ring['name']}-spread", groups, bands)
    if ring["name"] == "real":
        timed = [group for group in groups if {case["unit"] for case in group["every_case"]} == {"s"}]
        yield error_figure("real-errors", "Times of our own: error of every case", timed)
        return
    steps = [one for one in groups if one["name"].startswith("step times: ") and "single node" not in one["name"]]
    yield error_figure("step-errors", "Step times of clusters: error of every held-out row", steps)
    collectives = [group for group in groups if group["name"].startswith("collectives")]
    yield error_figure("collective-errors", "Collectives: error of every held-out row", collectives)


def _cases(ring: str, index: int, group: Tree) -> dict[str, Any]:
    cases, few = group["every_case"], len(group["every_case"]) <= FEW
    sources = group["sources"] if len(group["sources"]) > 1 and not few else []
    return {
        "id": f"{ring}-{index}",
        "name": group["name"],
        "count": cases_text(len(cases)),
        "few": few,
        "sources": [_group_row(source) for source in sources],
        "rows": [_case_row(case, pictured=few) for case in cases],
    }


def _case_row(case: Tree, *, pictured: bool) -> dict[str, Any]:
    mark, word, tone = verdict_of(case)
    return {
        "mark": mark,
        "word": word,
        "tone": tone,
        "name": case["name"],
        "source": case["source"],
        "note": case["note"],
        "expected": figure_text(case["expected"], case["unit"]),
        "found": figure_text(case["found"], case["unit"]),
        "error": share_text(case["error"], signed=True) if case["error"] is not None else "",
        "allowed": allowed_text(case),
        "picture": _picture(case) if pictured else Markup(""),
    }


def _picture(case: Tree) -> Markup:
    ends = [case[key] for key in ("low", "found", "high")]
    if case["expected"] is None or None in ends:
        return Markup("")
    low = case["expected"] if case["relation"] != "at most" else None
    high = case["expected"] if case["relation"] != "at least" else None
    return draw_claim((low, high), (ends[0], ends[1], ends[2]))
