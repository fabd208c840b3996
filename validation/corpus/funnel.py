"""What enters a stage, what leaves it, and why the rest did not: counted document by document."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Count:
    """Some documents and their bytes; those of a file on disk, else those of the text in UTF-8 [bytes]."""

    documents: int = 0
    size_bytes: int = 0

    def plus(self, size_bytes: int) -> "Count":
        """One document more."""
        return Count(self.documents + 1, self.size_bytes + size_bytes)

    def as_json(self) -> dict[str, int]:
        """For ``funnel.json``."""
        return {"documents": self.documents, "bytes": self.size_bytes}


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage did.

    Attributes
    ----------
    name : str
        The stage.
    entered, left : Count
        Before and after.
    rejected : mapping
        What was left out, by the rule that did it.
    rewritten_bytes : int
        By how much the documents that stayed became shorter; negative if they grew [bytes].
    seconds, cpu_s : float
        Wall time, and processor time of all threads, which programs beside it stretch less [s].
    tokens : int or None
        Tokens written; None before there are any.
    notes : mapping
        Whatever else the stage counted.
    """

    name: str
    entered: Count
    left: Count
    rejected: Mapping[str, Count]
    rewritten_bytes: int
    seconds: float
    cpu_s: float
    tokens: int | None = None
    notes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def as_json(self) -> dict[str, Any]:
        """For ``funnel.json``. Rates count what entered; yields are shares of it."""
        return {
            "name": self.name,
            "documents_in": self.entered.documents,
            "documents_out": self.left.documents,
            "bytes_in": self.entered.size_bytes,
            "bytes_out": self.left.size_bytes,
            "bytes_rewritten": self.rewritten_bytes,
            "rejected": {rule: count.as_json() for rule, count in self.rejected.items()},
            "tokens": self.tokens,
            "seconds": self.seconds,
            "cpu_s": self.cpu_s,
            "bytes_per_s": _share(self.entered.size_bytes, self.seconds),
            "documents_per_s": _share(self.entered.documents, self.seconds),
            "yield_documents": _share(self.left.documents, self.entered.documents),
            "yield_bytes": _share(self.left.size_bytes, self.entered.size_bytes),
            "notes": dict(self.notes),
        }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


class Tally:
    """Counts one stage while it runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tokens: int | None = None
        self.notes: dict[str, Any] = {}
        self._entered, self._left = Count(), Count()
        self._rejected: dict[str, Count] = {}
        self._rewritten_bytes = 0

    def enter(self, size_bytes: int) -> None:
        """Count a document that comes in [bytes]."""
        self._entered = self._entered.plus(size_bytes)

    def keep(self, size_bytes: int, before_bytes: int | None = None) -> None:
        """Count a document that goes on; ``before_bytes`` if the stage changed its size [bytes]."""
        self._left = self._left.plus(size_bytes)
        self._rewritten_bytes += (size_bytes if before_bytes is None else before_bytes) - size_bytes

    def reject(self, rule: str, size_bytes: int) -> None:
        """Count a document that a rule leaves out, by its size when it came in [bytes]."""
        self._rejected[rule] = self._rejected.get(rule, Count()).plus(size_bytes)

    def note(self, topic: str, key: str) -> None:
        """Count one more of something, e.g. of an encoding."""
        counts = self.notes.setdefault(topic, {})
        counts[key] = counts.get(key, 0) + 1

    def stage(self, seconds: float, cpu_s: float) -> Stage:
        """What was counted; rules by how much they left out."""
        ordered = sorted(self._rejected.items(), key=lambda item: (-item[1].documents, item[0]))
        return Stage(
            name=self.name,
            entered=self._entered,
            left=self._left,
            rejected=dict(ordered),
            rewritten_bytes=self._rewritten_bytes,
            seconds=seconds,
            cpu_s=cpu_s,
            tokens=self.tokens,
            notes={
                topic: dict(sorted(counts.items())) if isinstance(counts, dict) else counts
                for topic, counts in self.notes.items()
            },
        )


class Funnel:
    """The stages of a run, in order."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[Tally]:
        """Time a stage and keep what it counted; nothing is kept of one that fails."""
        tally, start_s, start_cpu_s = Tally(name), time.perf_counter(), time.process_time()
        yield tally
        self.stages.append(tally.stage(time.perf_counter() - start_s, time.process_time() - start_cpu_s))
