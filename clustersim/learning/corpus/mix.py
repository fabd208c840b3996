"""How often a run sees each source of its mix."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clustersim.learning.corpus.repetition import R_DATA, effective_tokens, worth_of_next_token
from clustersim.scenario.schema.corpus import Corpus
from clustersim.workload.corpus import source_tokens


@dataclass(frozen=True, slots=True)
class SourceUse:
    """One source in a run."""

    name: str
    share: float
    """Of the tokens of the run, normalised."""
    tokens: float
    """That the run takes from it."""
    unique: float | None
    """That there are; None where that is not known."""

    @property
    def epochs(self) -> float | None:
        """How often the run sees it."""
        return None if self.unique is None else self.tokens / self.unique

    def effective(self, r_data: float = R_DATA) -> float:
        """Fresh tokens that are worth as much; all of them where nobody knows how often they are repeated."""
        return self.tokens if self.unique is None else effective_tokens(self.unique, self.tokens, r_data)

    @property
    def worth_of_next_token(self) -> float | None:
        """Worth of one more token at the end of the run, as a share of a fresh one."""
        return None if self.unique is None else worth_of_next_token(self.unique, self.tokens)


def source_uses(corpus: Corpus, tokens: float) -> tuple[SourceUse, ...]:
    """The sources of a run of so many tokens.

    Parameters
    ----------
    corpus : Corpus
        The mix; a funnel alone is one source, ``all``.
    tokens : float
        Tokens that the run trains on.

    Returns
    -------
    tuple of SourceUse
        In the order of the mix. Shares are over their sum, which rounding may leave a little off one.
    """
    unique = source_tokens(corpus)
    shares = {"all": 1.0} if corpus.mix is None else {n: s.share for n, s in corpus.mix.sources.items()}
    whole = math.fsum(shares.values())
    return tuple(SourceUse(name, share / whole, tokens * share / whole, unique[name]) for name, share in shares.items())


def mix_effective_tokens(uses: Sequence[SourceUse], r_data: float = R_DATA) -> float:
    """Fresh tokens that all sources together are worth.

    Notes
    -----
    The sum over the sources, each repeated by itself: a source seen ten times is not made good by another seen half.
    The law is concave, so the sum is never more than that of one corpus with the same tokens, which was the case that
    it was fitted to. It takes no account of what a token of one source does for another.
    """
    return math.fsum(use.effective(r_data) for use in uses)
