"""The account of a run: ``funnel.json``, and the table that the command prints."""

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from validation.corpus.funnel import Funnel
from validation.corpus.near import BANDS, ROWS, SHINGLE_WORDS, SIMILARITY
from validation.corpus.options import Options
from validation.corpus.rules import RULES
from validation.corpus.sources import Source

TOKENIZER, FUNNEL = "tokenizer.json", "funnel.json"
SCHEMA = 1

_LIBRARIES = ("tokenizers", "datasketch", "numpy")


def summary_of(options: Options, sources: Sequence[Source], funnel: Funnel, folder: Path) -> dict[str, Any]:
    """Content of ``funnel.json``; of what is in it, times, date and load alone differ between two equal runs."""
    stages = [stage.as_json() for stage in funnel.stages]
    return {
        "schema": SCHEMA,
        "kind": "corpus",
        "environment": _environment(),
        "settings": _settings(options),
        "sources": [{"name": source.name, "folder": str(source.folder)} for source in sources],
        "rules": {rule.name: {"means": rule.means, "source": rule.source} for rule in RULES},
        "stages": stages,
        "total": _total(stages),
        "tokenizer": {"file": TOKENIZER, "sha256": hashlib.sha256((folder / TOKENIZER).read_bytes()).hexdigest()},
    }


def _environment() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        **{library: version(library) for library in _LIBRARIES},
    }


def _settings(options: Options) -> dict[str, Any]:
    return {
        "vocab": options.vocab,
        "seed": options.seed,
        "limit_bytes": options.limit_bytes,
        "validation_fraction": options.validation_fraction,
        "shard_tokens": options.shard_tokens,
        "near_duplicates": {
            "similarity": SIMILARITY,
            "shingle_words": SHINGLE_WORDS,
            "permutations": BANDS * ROWS,
            "bands": BANDS,
            "rows": ROWS,
        },
    }


def _total(stages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """First stage to last."""
    first, last = stages[0], stages[-1]
    seconds = sum(stage["seconds"] for stage in stages)
    return {
        "documents_in": first["documents_in"],
        "documents_out": last["documents_out"],
        "bytes_in": first["bytes_in"],
        "bytes_out": last["bytes_out"],
        "tokens": last["tokens"],
        "bytes_per_token": last["bytes_out"] / last["tokens"],
        "seconds": seconds,
        "cpu_s": sum(stage["cpu_s"] for stage in stages),
        "bytes_per_s": first["bytes_in"] / seconds,
    }


def table(summary: Mapping[str, Any]) -> str:
    """The funnel for a reader at a terminal, a stage a line and its rejections below."""
    return "\n".join([*_lines(summary["stages"]), _last(summary)]) + "\n"


def _lines(stages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{'stage':<16}{'documents':>10}{'MB in':>9}{'MB out':>9}{'yield':>8}{'seconds':>9}{'CPU s':>8}{'MB/s':>8}"
    for stage in stages:
        yield (
            f"{stage['name']:<16}{stage['documents_in']:>10,}{stage['bytes_in'] / 1e6:>9.2f}"
            f"{stage['bytes_out'] / 1e6:>9.2f}{_percent(stage['yield_bytes']):>8}{stage['seconds']:>9.2f}"
            f"{stage['cpu_s']:>8.2f}{(stage['bytes_per_s'] or 0.0) / 1e6:>8.1f}"
        )
        for rule, count in stage["rejected"].items():
            yield f"  {rule:<14}{-count['documents']:>10,}{'':>9}{-count['bytes'] / 1e6:>9.2f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _last(summary: Mapping[str, Any]) -> str:
    total, sides = summary["total"], summary["stages"][-1]["notes"]
    parts = ", ".join(f"{note['tokens']:,} {side}" for side, note in sides.items())
    return f"{total['tokens']:,} tokens ({parts}), {total['bytes_per_token']:.2f} bytes each, {total['seconds']:.1f} s"
