"""The pipeline of one step: ranks as rows, passes as slices, and the bubble between them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clustersim.report.charts.figure import is_narrow
from clustersim.report.charts.scale import Scale, round_step, tick_text, ticks
from clustersim.report.charts.svg import box, join, line, tag, text, text_width

MOST_RANKS = 32
"""More ranks than this are drawn as a sample."""

SLICES_WIDE = 36
SLICES_NARROW = 26
"""Slices of a rank that a part of the step shows; a step of no more than three times as many is shown whole."""

LABELLED = 15.0
"""Width from which on a slice carries the number of its micro-batch [px]."""

BREAK_PX = 26.0
GAP_PX = 3.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A slice of a rank: when, in which colour, how strong (1 is opaque), and the number a pass carries.

    ``beside`` runs under the passes of its rank, at the same time.
    """

    start_s: float
    end_s: float
    colour: str
    strength: float = 1.0
    inside: str = ""
    beside: bool = False


@dataclass(frozen=True)
class Lane:
    """A pipeline rank with its slices."""

    rank: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Part:
    """A stretch of the step in the picture."""

    scale: Scale
    top: float

    def cut(self, piece: Piece) -> tuple[float, float] | None:
        """Left and right edge of what is seen of a slice [px]."""
        low, high = max(piece.start_s, self.scale.low), min(piece.end_s, self.scale.high)
        return (self.scale(low), self.scale(high)) if high > low else None


def shown_ranks(count: int, most: int = MOST_RANKS) -> list[int]:
    """Ranks that are drawn: all, or a sample with the first and the last.

    Examples
    --------
    >>> shown_ranks(3), shown_ranks(100, 4)
    ([0, 1, 2], [0, 33, 66, 99])
    """
    if count <= most:
        return list(range(count))
    return sorted({round(index * (count - 1) / (most - 1)) for index in range(most)})


def windows(lanes: Sequence[Lane], total_s: float, tail_s: float, slices: int) -> list[tuple[float, float]]:
    """Stretches of a step that are drawn: all of it, or its beginning, its middle and its end.

    Parameters
    ----------
    lanes : sequence of Lane
        Ranks.
    total_s : float
        Length of the step [s].
    tail_s : float
        Time after the last pass [s]: the end shows as much of the passes as the beginning, and this.
    slices : int
        Slices of a rank in each stretch.
    """
    passes = [piece for lane in lanes for piece in lane.pieces if piece.inside]
    if len(passes) <= 3 * slices * len(lanes):
        return [(0.0, total_s)]
    each_s = sum(piece.end_s - piece.start_s for piece in passes) / len(passes)
    # the first micro-batch on its way through all ranks, and some steady state
    span_s = max(slices * each_s, 1.5 * min(piece.start_s for piece in lanes[-1].pieces if piece.inside))
    if 3.0 * span_s + tail_s >= total_s:
        return [(0.0, total_s)]
    middle_s = 0.5 * (total_s - tail_s)
    return [(0.0, span_s), (middle_s - 0.4 * span_s, middle_s + 0.4 * span_s), (total_s - tail_s - span_s, total_s)]


def draw_pipeline(width: float, lanes: Sequence[Lane], total_s: float, tail_s: float) -> tuple[float, Markup]:
    """Lay out the pipeline of a step.

    Parameters
    ----------
    width : float
        Width of the picture [px].
    lanes : sequence of Lane
        Ranks, first stage first.
    total_s, tail_s : float
        Length of the step, and of what comes after the last pass [s].
    """
    narrow = is_narrow(width)
    names = [f"{lane.rank}" if narrow else f"rank {lane.rank}" for lane in lanes]
    left = max(text_width(name) for name in names) + 8.0
    stretches = windows(lanes, total_s, tail_s, SLICES_NARROW if narrow else SLICES_WIDE)
    row_px = 22.0 if len(lanes) <= 8 else 17.0
    height = len(lanes) * row_px + 42.0
    parts = _parts(stretches, left, width, height, narrow=narrow)
    drawn: list[str] = []
    for index, part in enumerate(parts):
        drawn += [_lane(part, lane, part.top + row * row_px, row_px) for row, lane in enumerate(lanes)]
        drawn.append(_axis(part, part.top + len(lanes) * row_px, width))
        if narrow or index == 0:
            drawn += [
                text(left - 8.0, part.top + (row + 0.5) * row_px + 3.0, name, "tick", "end")
                for row, name in enumerate(names)
            ]
        elif len(parts) > 1:
            middle = part.scale.start - BREAK_PX / 2
            drawn.append(text(middle, part.top + len(lanes) * row_px / 2, "…", "label", "middle"))
    return parts[-1].top + height, join(*drawn)


def _parts(
    stretches: list[tuple[float, float]], left: float, width: float, height: float, *, narrow: bool
) -> list[Part]:
    """Side by side on one scale of time; on a phone one below the other."""
    right = width - 2.0
    if narrow:
        return [Part(Scale(*each, left, right), index * (height + 8.0)) for index, each in enumerate(stretches)]
    breaks = BREAK_PX * (len(stretches) - 1)
    per_s = (right - left - breaks) / sum(high - low for low, high in stretches)
    parts, start = [], left
    for low, high in stretches:
        end = start + (high - low) * per_s
        parts.append(Part(Scale(low, high, start, end), 0.0))
        start = end + BREAK_PX
    return parts


def _lane(part: Part, lane: Lane, top: float, row_px: float) -> Markup:
    """Slices of a rank, one path for each colour: thousands of slices stay small."""
    seen = [(piece, cut) for piece in lane.pieces if (cut := part.cut(piece))]
    tall = row_px - GAP_PX - 4.0
    boxes: dict[tuple[str, float], list[tuple[float, float, float, float]]] = defaultdict(list)
    for piece, (start, end) in seen:
        y, h = (top + tall + 1.0, 3.0) if piece.beside else (top, tall)
        # a seam keeps neighbours apart where there is room for one
        seam = 0.6 if end - start > 2.4 and piece.inside else 0.0
        boxes[piece.colour, piece.strength].append((start, y, end - start - seam, h))
    paths = [
        tag(
            "path",
            d="".join(box(*corner) for corner in found),
            class_=f"fill-{colour}",
            fill_opacity=None if full == 1.0 else full,
        )
        for (colour, full), found in boxes.items()
    ]
    return join(*paths, *_labels(seen, top + tall / 2 + 4.0))


def _labels(seen: Sequence[tuple[Piece, tuple[float, float]]], base: float) -> Iterator[Markup]:
    for piece, (start, end) in seen:
        if piece.inside and piece.strength == 1.0 and end - start > max(LABELLED, text_width(piece.inside) + 4.0):
            yield text((start + end) / 2, base, piece.inside, f"inside on-{piece.colour}", "middle")


def _axis(part: Part, bottom: float, width: float) -> Markup:
    scale = part.scale
    about = max(2, int((scale.end - scale.start) / 90.0))
    step = round_step(scale.high - scale.low, about)
    marks = ticks(scale.low, scale.high, about)
    words = [tick_text(at, step) + (" s" if at == marks[-1] else "") for at in marks]
    names = []
    for at, word in zip(marks, words, strict=True):
        half = text_width(word) / 2
        x = max(half, min(scale(at), width - half))
        names.append(join(line(scale(at), bottom, scale(at), bottom + 4.0, "base"),
                          text(x, bottom + 17.0, word, "tick", "middle")))  # fmt: skip
    return join(line(scale.start, bottom, scale.end, bottom, "base"), *names)
