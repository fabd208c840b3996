"""What share of their tokens published runs took from the web, from code, from papers and from books."""

import math
from statistics import median

from clustersim.scenario.schema.mix import Mix

PARTS: dict[str, frozenset[str]] = {
    "web": frozenset({"common_crawl", "webtext2", "c4", "nemotron_cc"}),
    "code": frozenset({"github", "stack_exchange", "starcoder", "code"}),
    "papers": frozenset({"arxiv", "proofpile_2"}),
    "books": frozenset({"books", "books1", "books2"}),
}
"""Sources of the published mixes of the catalogue that each part is made of."""

PUBLISHED = ("gpt-3", "llama-1", "llama-3", "marin-32b")
_WHOLE = ("gpt-3", "llama-1", "marin-32b")
"""Mixes that name all their sources: a part without a source has no share. Llama 3 names code alone of these parts."""

Interval = tuple[float, float, float]


def published_share(part: str) -> Interval:
    """Smallest, middle and largest share of a part in the published mixes that tell it, as fractions.

    Parameters
    ----------
    part : {"web", "code", "papers", "books"}
        The part.

    Raises
    ------
    KeyError
        If it is another.

    Examples
    --------
    >>> low, middle, high = published_share("books")
    >>> round(low, 3), round(middle, 3), round(high, 3)
    (0.0, 0.045, 0.158)
    """
    shares = [share for name in PUBLISHED if (share := _share(name, PARTS[part])) is not None]
    return min(shares), median(shares), max(shares)


def tellers(part: str) -> list[str]:
    """Names of the published mixes that tell the share of a part."""
    return [name for name in PUBLISHED if _share(name, PARTS[part]) is not None]


def _share(name: str, sources: frozenset[str]) -> float | None:
    mix = Mix.model_validate(name)
    total = math.fsum(source.share for source in mix.sources.values())
    found = [source.share / total for key, source in mix.sources.items() if key in sources]
    return math.fsum(found) if found or name in _WHOLE else None
