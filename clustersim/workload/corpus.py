"""How much text is left of a raw crawl after each stage of a funnel, and how much there is of a mix."""

import math
from dataclasses import dataclass

from clustersim.scenario.schema.corpus import Corpus, CorpusStage
from clustersim.scenario.units import Amount


@dataclass(frozen=True, slots=True)
class Amounts:
    """The same text counted in three ways."""

    bytes: float
    """Of text, uncompressed."""
    documents: float
    tokens: float
    """That it has, or would have once tokenized."""

    def in_unit(self, unit: str) -> float:
        """The number of ``bytes``, ``documents`` or ``tokens``."""
        return float(getattr(self, unit))


def input_amounts(corpus: Corpus) -> Amounts | None:
    """What the funnel begins with; None where there is none.

    The two units in which the input is not given follow from the mean bytes of a token and tokens of a document.
    """
    if corpus.input is None:
        return None
    tokens = _tokens_of(corpus.input, corpus)
    return Amounts(tokens * corpus.bytes_per_token, tokens / corpus.tokens_per_document, tokens)


def _tokens_of(amount: Amount, corpus: Corpus) -> float:
    per_unit = {
        "tokens": 1.0,
        "bytes": 1.0 / corpus.bytes_per_token,
        "documents": corpus.tokens_per_document,
    }
    return amount.value * per_unit[amount.unit]


def after_stage(amounts: Amounts, stage: CorpusStage) -> Amounts:
    """What a stage leaves.

    Notes
    -----
    The published share is of one unit; the same share is taken for the others. A stage that cuts parts out of documents
    leaves their number as it was.
    """
    documents = amounts.documents * (stage.kept if stage.cuts == "documents" else 1.0)
    return Amounts(amounts.bytes * stage.kept, documents, amounts.tokens * stage.kept)


def chained_amounts(corpus: Corpus) -> tuple[Amounts, ...]:
    """The input of the funnel and what each of its stages leaves; empty where there is no funnel.

    Returns
    -------
    tuple of Amounts, shape (stages + 1,)
    """
    amounts = input_amounts(corpus)
    if amounts is None:
        return ()
    chain = [amounts]
    for stage in corpus.stages.values():
        chain.append(after_stage(chain[-1], stage))
    return tuple(chain)


def funnel_tokens(corpus: Corpus) -> float | None:
    """Tokens that the funnel yields; None where there is no funnel."""
    chain = chained_amounts(corpus)
    return chain[-1].tokens if corpus.stages and chain else None


def source_tokens(corpus: Corpus) -> dict[str, float | None]:
    """Unique tokens of each source of the mix, None where they are not known; a funnel alone is one source, ``all``."""
    yielded = funnel_tokens(corpus)
    if corpus.mix is None:
        return {"all": yielded}
    return {name: yielded if name == corpus.feeds else source.unique for name, source in corpus.mix.sources.items()}


def unique_tokens(corpus: Corpus) -> float | None:
    """Unique tokens of all sources together; None where those of any are not known."""
    known = [tokens for tokens in source_tokens(corpus).values() if tokens is not None]
    return math.fsum(known) if len(known) == len(source_tokens(corpus)) else None
