"""The training corpus: how it is made from a raw crawl, what it is mixed from, and how the job reads it."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import model_validator

from clustersim.scenario.quantity import suggestion
from clustersim.scenario.schema.catalogued import Catalogued, entry_of
from clustersim.scenario.schema.data_loader import DataLoader
from clustersim.scenario.schema.mix import Mix
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.schema.wrong import Wrong, refuse
from clustersim.scenario.units import (
    Bytes,
    CorePrice,
    DataAmount,
    Duration,
    Fraction,
    GpuPrice,
    ProcessingSpeed,
    StoragePrice,
)

StageKind = Literal[
    "extract",
    "language",
    "heuristic_filter",
    "model_filter",
    "exact_dedup",
    "fuzzy_dedup",
    "decontaminate",
    "tokenize",
    "pack",
]
YieldUnit = Literal["tokens", "bytes", "documents", "paragraphs"]

TOKENIZED: tuple[StageKind, ...] = ("tokenize", "pack")
"""Stages whose output is token ids and no longer text."""


class CorpusStage(Section):
    """One stage of the funnel."""

    kind: StageKind = setting(description="what it does; tokenize and pack write token ids, all others text")
    kept: Fraction = setting(1.0, description="share that it keeps")
    of: YieldUnit = setting(
        "tokens",
        description="what the published share is a share of; the same share is taken for the other units, which the"
        " report says",
    )
    cuts: Literal["documents", "parts"] = setting(
        "documents", description="whether it drops whole documents, or parts of them: lines, paragraphs, markup"
    )
    speed: ProcessingSpeed | None = setting(
        None, description="what one core or one GPU gets through; when omitted its hours are not counted"
    )
    speed_of: Literal["input", "output"] = setting("input", description="which side of the stage the speed counts")
    written: bool = setting(True, description="whether its output goes to the store, or straight into the next stage")

    @model_validator(mode="after")
    def _cuts_what_it_counts(self) -> Self:
        if self.of in ("documents", "paragraphs") and self.cuts != _CUT_BY[self.of]:
            msg = f"a share of {self.of} goes with 'cuts: {_CUT_BY[self.of]}'"
            raise ValueError(msg)
        return self


_CUT_BY = {"documents": "documents", "paragraphs": "parts"}


class CorpusPrices(Section):
    """What the machines that build the corpus cost."""

    core: CorePrice = setting(
        "$0.085/core-hour",
        ge=0.0,
        description="price of one CPU core for one hour",
        source="AWS c5.24xlarge on demand, 2019-2025: $4.08/h for 48 cores (96 vCPU)",
    )
    gpu: GpuPrice = setting(
        "$2.50/GPU-hour",
        ge=0.0,
        description="price of one GPU for one hour",
        source="H100 market trackers, 2024-2026: $2-3 typical of reserved capacity",
    )
    storage: StoragePrice = setting(
        "$0.023/GB-month",
        ge=0.0,
        description="price of storage",
        source="AWS S3 Standard, first 50 TB, 2016-2025",
    )


class CorpusQuality(Section):
    """By how much a token of the corpus is worth more than one of another corpus. 1 unless somebody says so."""

    low: float = setting(1.0, gt=0.0, description="lowest plausible factor on the effective tokens")
    mode: float = setting(1.0, gt=0.0, description="most likely factor")
    high: float = setting(1.0, gt=0.0, description="highest plausible factor")
    over: str | None = setting(None, description="corpus that it was compared with")
    measured_by: str | None = setting(None, description="what it was measured by, e.g. MMLU")
    law: Annotated[str, entry_of("loss_laws")] | None = setting(
        None,
        description="catalogue entry of the loss law that the factor is applied to: to say so is to say that the law's"
        " runs were trained on `over`. Applied to none when omitted",
    )
    scores: bool = setting(
        False,
        description="whether the factor is applied to the training compute that scores are read at: to say so is to say"
        " that the models behind the capability laws were trained on corpora like `over`; how their corpora differ is"
        " in the spread between families already",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.mode <= self.high:
            msg = f"low <= mode <= high does not hold: {self.low:g}, {self.mode:g}, {self.high:g}"
            raise ValueError(msg)
        if (self.low, self.high) != (1.0, 1.0) and self.over is None:
            msg = "a factor compares two corpora: say with 'over' which one it was compared with"
            raise ValueError(msg)
        return self


class Corpus(Catalogued, table="corpora"):
    """The training corpus."""

    input: DataAmount | None = setting(None, description="what the first stage begins with, e.g. 240T tokens or 24 TB")
    stages: dict[str, CorpusStage] = setting({}, description="stages of the funnel by name, in order")
    bytes_per_token: Bytes = setting(
        "3.94 B",
        gt=0.0,
        description="bytes of text in a token",
        source="Llama 3 (arXiv 2407.21783, 2024): 3.94 characters per token of English, one byte each",
    )
    tokens_per_document: float = setting(
        1200.0,
        gt=0.0,
        description="mean tokens in a document of the input",
        source="DCLM-Pool (arXiv 2406.11794, 2024): 240T tokens in 200B documents",
    )
    token_size: Bytes = setting(
        "4 B",
        gt=0.0,
        description="bytes of a token id on disk",
        source="32-bit ids, as vocabularies above 65,536 need (Megatron-Core indexed dataset, 2019-2025)",
    )
    disk_ratio: float = setting(
        0.48,
        gt=0.0,
        description="bytes on disk for each byte of text",
        source="derived: CCNet (arXiv 1911.00359, 2019) keeps 28 % of 24 TB and writes 3.2 TB compressed",
    )
    parts: PositiveInt = setting(1, description="parts that go through the funnel one after the other, e.g. snapshots")
    cores: PositiveInt = setting(
        5000,
        description="CPU cores that build it",
        source="CCNet (arXiv 1911.00359, 2019): 5,000 cores, 9 hours for a snapshot",
    )
    gpus: PositiveInt = setting(
        64,
        description="GPUs that build it",
        source="NVIDIA NeMo Curator README (2024): 64 A100 for fuzzy deduplication",
    )
    prices: CorpusPrices = setting(default_factory=CorpusPrices, description="prices of cores, GPUs and storage")
    margin: Duration = setting(
        "14 d",
        ge=0.0,
        description="time between the end of the build and the start of the run, or by which a corpus that is built"
        " during the run stays ahead",
        source="ASSUMPTION: two weeks for checks, ablations and one repeated stage",
    )
    mix: Mix | None = setting(None, description="sources of the tokens: a catalogue name or a mapping")
    feeds: str | None = setting(None, description="source of the mix whose unique tokens are what the funnel yields")
    quality: CorpusQuality = setting(
        default_factory=CorpusQuality, description="worth of its tokens against those of another corpus"
    )
    loader: DataLoader = setting(default_factory=DataLoader, description="how the job reads it")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse("Corpus", self._wrong())
        return self

    def _wrong(self) -> Iterator[Wrong]:
        if self.stages and self.input is None:
            yield Wrong(("stages",), None, "a funnel begins with something: say how much with 'input', e.g. 24 TB")
        yield from self._wrong_feed()
        if self.loader.cache is not None and not self.unique_known:
            message = (
                "what a cache keeps depends on how much data there is: give every source of the mix its 'unique'"
                " tokens, or the corpus its stages"
            )
            yield Wrong(("loader", "cache"), None, message)

    def _wrong_feed(self) -> Iterator[Wrong]:
        if self.feeds is None:
            return
        sources = {} if self.mix is None else self.mix.sources
        if self.feeds not in sources:
            near = suggestion(self.feeds, sources) or f"; sources: {', '.join(sources) or 'none'}"
            yield Wrong(("feeds",), self.feeds, f"the mix has no source '{self.feeds}'{near}")
        elif not self.stages:
            yield Wrong(("feeds",), self.feeds, "there is no funnel that it could be fed from: give the stages")
        elif sources[self.feeds].unique is not None:
            message = f"mix.sources.{self.feeds}.unique says how many tokens there are already: leave one of them out"
            yield Wrong(("feeds",), self.feeds, message)

    @property
    def unique_known(self) -> bool:
        """Whether the number of unique tokens can be told."""
        if self.mix is None:
            return bool(self.stages)
        return all(source.unique is not None or name == self.feeds for name, source in self.mix.sources.items())
