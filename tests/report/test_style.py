"""The colours: readable in both themes (WCAG 2.2) and told apart by people who see fewer of them."""

import re
from importlib.resources import files
from itertools import pairwise

import pytest

from clustersim.report.words import MEMORY_PARTS, RESTART_PARTS, STATES, STEP_GROUPS

STYLE = (files("clustersim.report") / "templates" / "style.css").read_text(encoding="utf-8")
FILLS = ("blue", "sky", "green", "amber", "red", "purple", "grey")

# Machado, Oliveira & Fernandes (2009), IEEE TVCG 15(6), severity 1, on linear RGB
DEFICIENCIES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


def theme(name: str) -> dict[str, str]:
    """Colour variables of a theme."""
    light, dark = STYLE.split("@media screen and (prefers-color-scheme: dark)", 1)
    block = light if name == "light" else dark.split("* {", 1)[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))


def linear(colour: str) -> tuple[float, float, float]:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    weights = (0.2126, 0.7152, 0.0722)
    low, high = sorted(sum(w * c for w, c in zip(weights, linear(x), strict=True)) for x in (first, second))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    """CIE L*a*b*, D65."""
    red, green, blue = (min(1.0, max(0.0, c)) for c in rgb)
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(first: str, second: str, deficiency: str) -> float:
    """Colour difference (CIE 1976) as somebody with a colour vision deficiency sees it."""
    seen = [
        lab(tuple(sum(m * c for m, c in zip(row, linear(x), strict=True)) for row in DEFICIENCIES[deficiency]))
        for x in (first, second)
    ]
    return sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(name):
    colours = theme(name)
    for text in ("ink", "soft", "link", "good", "bad"):
        assert contrast(colours[text], colours["bg"]) >= 4.5, text
    for text, ground in (("good", "good-wash"), ("bad", "bad-wash"), ("soft", "wash"), ("ink", "bad-wash")):
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_fills_stand_out_and_carry_their_labels(name):
    colours = {**theme("light"), **theme(name)}
    dark_text = set(re.findall(r"\.on-([a-z]+)", STYLE))
    for fill in FILLS:
        assert contrast(colours[fill], colours["bg"]) >= 3.0, fill
        inside = colours["inside-dark" if fill in dark_text else "inside"]
        assert contrast(inside, colours[fill]) >= 4.5, fill


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize(
    "order",
    [
        [word.colour for word in STATES.values()],
        [word.colour for word in MEMORY_PARTS.values()][:4],
        [word.colour for word in RESTART_PARTS.values()],
        [colour for colour, _ in STEP_GROUPS.values()],
    ],
    ids=["states", "memory", "restart", "step"],
)
def test_neighbours_differ_by_colour_or_hatching(name, deficiency, order):
    colours = theme(name)
    for first, second in pairwise(order):
        if first.endswith("-hatch") != second.endswith("-hatch"):
            continue
        plain = [colour.removesuffix("-hatch") for colour in (first, second)]
        assert distance(colours[plain[0]], colours[plain[1]], deficiency) >= 15.0, (first, second)


def test_every_colour_in_use_has_a_style_and_a_hatching():
    used = {word.colour for words in (STATES, MEMORY_PARTS, RESTART_PARTS) for word in words.values()}
    used |= {colour for colour, _ in STEP_GROUPS.values()}
    assert all(f".fill-{colour} {{" in STYLE for colour in used)
    page = (files("clustersim.report") / "templates" / "page.html").read_text(encoding="utf-8")
    hatched = set(re.findall(r"#hatch-([a-z]+)", STYLE))
    assert all(f'"{colour}"' in page for colour in hatched)


def test_print_is_light_and_opens_the_data():
    assert "@media screen and (prefers-color-scheme: dark)" in STYLE
    paper = STYLE.split("@media print", 1)[1]
    assert "::details-content" in paper


def test_the_phone_shows_the_narrow_pictures():
    phone = STYLE.split("@media screen and (max-width: 760px)", 1)[1]
    assert ".picture.wide { display: none; }" in phone
    assert ".picture.narrow { display: block; }" in phone
