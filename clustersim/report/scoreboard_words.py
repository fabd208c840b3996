"""How the scoreboard is said: rings, bands and cases in words, for the page and the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from clustersim.report.numbers import MISSING

RINGS = {
    "theory": (
        "Theory",
        "Simulation and model against closed forms. What is arithmetic agrees but for rounding; what is simulated "
        "agrees within four standard errors of the simulation. Seeds are fixed: the same version gives the same "
        "numbers.",
    ),
    "published": (
        "The published record",
        "Predictions against what others measured and printed. No parameter of the step, of collectives, of memory or "
        "of the loss was fitted to these rows; the structure of the models was chosen with them in sight, so this is "
        "kinder than a blind test. Whole runs that are called fitted were made with the number that they are held "
        "against: those cases check the engine.",
    ),
    "real": (
        "Measurements of our own",
        "Predictions against jobs that were run, and killed, to be compared with.",
    ),
}
"""Heading and lead of each ring."""

HOLDS = ("✓", "holds", "good")
EXCEEDED = ("✕", "exceeded", "bad")
INSIDE = ("✓", "inside", "good")
OUTSIDE = ("✕", "outside", "bad")
OPEN = ("○", "no limit", "open")
NOT_FOUND = ("○", "not predicted", "open")

_SIGNIFICANT = 4
_LARGEST_PLAIN = 1e15


def share_text(value: float | None, *, signed: bool = False) -> str:
    """A fraction in per cent with one decimal."""
    if value is None:
        return MISSING
    text = f"{100.0 * abs(value):,.1f} %"
    sign = ("−" if value < 0.0 else "+") if signed and text != "0.0 %" else ""
    return f"{sign}{text}"


def figure_text(value: float | None, unit: str = "") -> str:
    """A number with four significant digits, a whole one with all of them, and its unit.

    Examples
    --------
    >>> figure_text(405853388800.0), figure_text(0.000123456, "s"), figure_text(-2.5)
    ('405,853,388,800', '0.0001235 s', '−2.5')
    """
    if value is None:
        return MISSING
    if unit == "fraction":
        return share_text(value)
    size = abs(value)
    if size >= _LARGEST_PLAIN or 0.0 < size < 1e-6:
        text = f"{size:.{_SIGNIFICANT}g}"
    elif size == round(size) or size >= 10.0 ** (_SIGNIFICANT - 1):
        text = f"{size:,.0f}"
    else:
        text = f"{size:.{_SIGNIFICANT}g}"
    return f"{'−' if value < 0.0 else ''}{text}{f' {unit}' if unit else ''}"


def band_name(band: Mapping[str, Any]) -> str:
    """What a band looks at; a pattern that means several things is said without its star."""
    return str(band["case"]).replace("*", "").rstrip(" :,") or f"all of the {band['ring']} ring"


def band_value(band: Mapping[str, Any], value: float | None) -> str:
    """A number of a band: per cent for a share, a whole number for a count."""
    if value is None:
        return MISSING
    return share_text(value) if band["share"] else f"{value:,.0f}"


def limit_text(band: Mapping[str, Any]) -> str:
    """The limit in words."""
    return f"at {band['side']} {band_value(band, band['limit'])}"


def cases_text(count: int) -> str:
    """A number of cases."""
    return f"{count:,} case{'' if count == 1 else 's'}"


_SENTENCES = {
    "coverage at least": "{found} of {cases} lie inside the 90 % interval of their prediction; the band is {limit}. "
    "The intervals are too narrow.",
    "coverage at most": "{found} of {cases} lie inside the 90 % interval of their prediction; the band is {limit}. "
    "The intervals are too wide.",
    "cases outside": "{found} of {cases} outside; the band is {limit}.",
    "not predicted": "{found} of {cases} could not be predicted; the band is {limit}.",
}


def verdict_sentence(verdict: Mapping[str, Any]) -> str:
    """What was found and what the band is, in words.

    Parameters
    ----------
    verdict : mapping
        A band of the tree.
    """
    sentence = _SENTENCES.get(verdict["statistic"], "the {words} of {cases} is {found}; the band is {limit}.")
    told = sentence.format(
        found=band_value(verdict, verdict["found"]),
        cases=cases_text(verdict["cases"]),
        limit=limit_text(verdict),
        words=verdict["words"],
    )
    name = band_name(verdict)
    return f"{name[0].upper()}{name[1:]}: {told}"


def answer(tree: Mapping[str, Any]) -> str:
    """How many bands hold."""
    total, broken = len(tree["bands"]), tree["bands_exceeded"]
    if not total:
        return "No band was tested."
    if not broken:
        return f"All {total} bands hold." if total > 1 else "The one band holds."
    return f"{total - broken} of {total} bands hold, {broken} {'does' if broken == 1 else 'do'} not."


def exceeded(tree: Mapping[str, Any]) -> list[str]:
    """The bands that do not hold, one sentence each."""
    return [verdict_sentence(band) for band in tree["bands"] if not band["holds"]]


def verdict_of(case: Mapping[str, Any]) -> tuple[str, str, str]:
    """Mark, word and tone of a case."""
    if case["found"] is None:
        return NOT_FOUND
    if case["inside"] is None:
        return OPEN
    return INSIDE if case["inside"] else OUTSIDE


def allowed_text(case: Mapping[str, Any]) -> str:
    """What decides over a case: its tolerance, its bound, or the prediction's 90 % interval."""
    unit, tolerance, error = case["unit"], case["tolerance"], case["standard_error"]
    if case["relation"] != "equal":
        slack = f" less {figure_text(tolerance, unit)}" if error and case["relation"] == "at least" else ""
        return f"{case['relation']} that{slack}"
    if error:
        return f"± {figure_text(tolerance, unit)}, standard error {figure_text(error, unit)}"
    if tolerance is not None:
        exact = not tolerance or (case["expected"] and tolerance <= 1e-8 * abs(case["expected"]))
        return "exactly" if exact else f"± {figure_text(tolerance, unit)}"
    if case["low"] is not None:
        return f"{figure_text(case['low'])} to {figure_text(case['high'], unit)}"
    return ""


def outside(tree: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Groups with cases outside, and those cases."""
    for ring in tree["rings"]:
        for group in ring["groups"]:
            yield from ((group["name"], case) for case in group["every_case"] if case["inside"] is False)


def measurement_text(ring: Mapping[str, Any]) -> str:
    """Whether there are measurements of our own, in one sentence."""
    files = ring["measurements"]
    if not files:
        return "No measurements: the folder measurements holds no file."
    compared = sum(bool(one["cases"]) for one in files)
    return f"{len(files)} file{'' if len(files) == 1 else 's'} of measurements, {compared} of them compared."
