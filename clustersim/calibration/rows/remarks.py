"""What a row's prediction rests on that nobody printed: said with it, and counted in its spread."""

from dataclasses import dataclass

SOFTWARE_SIGMA = 0.15
"""Spread of the log step time that a stand-in for unknown software adds: what classes of software differ by."""

GPU_SIGMA = 0.10
"""That of a relative that stands in for a card: rates of editions of one chip lie within about a tenth."""

FABRIC_SIGMA = 0.05
"""That of the vendor's usual network: most of the exchange is hidden behind computation."""

SHAPE_SIGMA = 0.05
"""That of each part of a model's shape that a rule guesses."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What stands in for something unknown, and the spread of the log error it adds in quadrature.

    The spreads are not measured: assumed, by the size of the step away from what was printed. 0 adds nothing.
    """

    text: str
    sigma: float = 0.0
