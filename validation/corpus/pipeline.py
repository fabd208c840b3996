"""The stages in order."""

import json
from collections.abc import Sequence
from typing import Any

from validation.corpus.bpe import learn
from validation.corpus.clean import clean
from validation.corpus.copies import without_copies
from validation.corpus.documents import Document, in_order
from validation.corpus.errors import CorpusError
from validation.corpus.extract import extract
from validation.corpus.folder import all_or_nothing
from validation.corpus.funnel import Funnel
from validation.corpus.near import without_near_duplicates
from validation.corpus.options import Options
from validation.corpus.packing import pack
from validation.corpus.progress import Progress
from validation.corpus.sift import sift
from validation.corpus.sources import RawFile, Source, chosen_sources, find
from validation.corpus.split import TRAIN, split
from validation.corpus.summary import FUNNEL, TOKENIZER, summary_of


def build(options: Options, progress: Progress | None = None) -> dict[str, Any]:
    """Write a corpus: shards, ``index.json``, ``tokenizer.json`` and ``funnel.json``.

    The same text and options give the same bytes, but for the times in ``funnel.json``.

    Parameters
    ----------
    options : Options
        What to do.
    progress : Progress, optional
        Told how far each stage is.

    Returns
    -------
    dict
        The content of ``funnel.json``.

    Raises
    ------
    CorpusError
        If it cannot be done; nothing is left behind.
    """
    problems = options.problems()
    if problems:
        raise CorpusError("\n".join(problems))
    progress = progress or Progress()
    sources, funnel = chosen_sources(options.folders), Funnel()
    with all_or_nothing(options.out) as folder:
        documents = _gathered(options, sources, funnel, progress)
        with funnel.stage("split") as tally:
            sides = split(documents, options.validation_fraction, options.seed, tally)
        with funnel.stage("tokenizer") as tally:
            tokenizer = learn(sides[TRAIN], options.vocab, tally, progress)
            tokenizer.save(str(folder / TOKENIZER))
        with funnel.stage("pack") as tally:
            pack(folder, sides, tokenizer, options.shard_tokens, tally, progress).write(folder)
        summary = summary_of(options, sources, funnel, folder)
        (folder / FUNNEL).write_text(json.dumps(summary, indent=1) + "\n", "utf-8")
    return summary


def _gathered(options: Options, sources: Sequence[Source], funnel: Funnel, progress: Progress) -> list[Document]:
    """From files to the documents of the corpus, in its order."""
    with funnel.stage("extract") as tally:
        progress.show("find files")
        files = find(sources, options.seed)
        documents = extract(files, options.limit_bytes, tally, progress)
    _not_empty(documents, files, sources)
    with funnel.stage("filter") as tally:
        documents = sift(documents, tally, progress)
    with funnel.stage("clean") as tally:
        documents = in_order(clean(documents, tally, progress), options.seed)
    if not documents:
        rejected = {rule: count.documents for stage in funnel.stages for rule, count in stage.rejected.items()}
        problem = f"no document is left after filter and clean (left out: {rejected}); add text with --from"
        raise CorpusError(problem)
    with funnel.stage("copies") as tally:
        documents = without_copies(documents, tally, progress)
    with funnel.stage("near_duplicates") as tally:
        return without_near_duplicates(documents, tally, progress)


def _not_empty(documents: Sequence[Document], files: Sequence[RawFile], sources: Sequence[Source]) -> None:
    if documents:
        return
    where = ", ".join(str(source.folder) for source in sources)
    problem = (
        f"no text in {where} ({len(files)} files looked at); name a folder with text by --from, or raise --limit-bytes"
    )
    raise CorpusError(problem)
