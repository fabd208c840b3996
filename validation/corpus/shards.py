"""The corpus on disk: flat shards of tokens, and an index that says what is in them.

``index.json``: ``{"schema": 1, "vocab": n, "dtype": "uint16" | "uint32", "sequence_separator": id, "shards": {"train":
[{"file": "train-00000.bin", "tokens": n, "sha256": ...}, ...], "validation": [...]}}``. A shard is little-endian tokens
and nothing else. A side is the concatenation of its shards: every document with a separator after it, and a shard may
end in the middle of one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np

from validation.corpus.errors import CorpusError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = 1
INDEX = "index.json"

_READ_BYTES = 1 << 20


def narrowest(vocab: int) -> str:
    """Type that holds every token of a vocabulary: ``uint16`` up to 65,536 entries."""
    return "uint16" if vocab <= 1 << 16 else "uint32"


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of tokens.

    Attributes
    ----------
    file : str
        Its name inside the folder.
    tokens : int
        How many.
    sha256 : str
        Of the file, hexadecimal.
    """

    file: str
    tokens: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Index:
    """What a folder of shards holds.

    Attributes
    ----------
    vocab : int
        Entries of the tokenizer.
    dtype : str
        ``uint16`` or ``uint32``.
    sequence_separator : int
        Token that stands after every document, and nowhere else.
    shards : mapping
        Shards of each side, in order.
    """

    vocab: int
    dtype: str
    sequence_separator: int
    shards: Mapping[str, Sequence[Shard]]

    def write(self, folder: Path) -> None:
        """Write ``index.json``."""
        sides = {name: [asdict(shard) for shard in shards] for name, shards in self.shards.items()}
        content: dict[str, Any] = {
            "schema": SCHEMA,
            "vocab": self.vocab,
            "dtype": self.dtype,
            "sequence_separator": self.sequence_separator,
            "shards": sides,
        }
        (folder / INDEX).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def read_index(folder: Path) -> Index:
    """Read ``index.json``.

    Raises
    ------
    CorpusError
        If it is missing or of another schema.
    """
    try:
        content = json.loads((folder / INDEX).read_text("utf-8"))
    except FileNotFoundError:
        problem = f"{folder / INDEX}: no such file; write a corpus with python -m validation.corpus --out {folder}"
        raise CorpusError(problem) from None
    if content["schema"] != SCHEMA:
        problem = f"{folder / INDEX}: schema: {content['schema']}, not {SCHEMA}; write the corpus again"
        raise CorpusError(problem)
    sides = {name: tuple(Shard(**shard) for shard in shards) for name, shards in content["shards"].items()}
    return Index(content["vocab"], content["dtype"], content["sequence_separator"], sides)


class ShardWriter:
    """Writes one side, shard after shard; leaving its block closes the last one.

    Parameters
    ----------
    folder : Path
        Must exist.
    side : str
        Start of the file names.
    dtype : str
        ``uint16`` or ``uint32``.
    shard_tokens : int
        Tokens of every shard but the last.

    Attributes
    ----------
    shards : list of Shard
        Those that are complete.
    """

    def __init__(self, folder: Path, side: str, dtype: str, shard_tokens: int) -> None:
        self._folder, self._side, self._shard_tokens = folder, side, shard_tokens
        self._type = np.dtype(dtype).newbyteorder("<")
        self.shards: list[Shard] = []
        self._open: _OpenShard | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            self._finish(self._open)

    def append(self, tokens: Sequence[int]) -> None:
        """Append tokens; a shard that is full is closed and the next one opened."""
        rest = np.asarray(tokens, dtype=self._type)
        while len(rest):
            if self._open is None:
                self._open = _OpenShard(self._folder / f"{self._side}-{len(self.shards):05d}.bin")
            taken = rest[: self._shard_tokens - self._open.tokens]
            self._open.write(taken)
            rest = rest[len(taken) :]
            if self._open.tokens == self._shard_tokens:
                self._finish(self._open)

    def _finish(self, shard: "_OpenShard") -> None:
        self.shards.append(shard.close())
        self._open = None


class _OpenShard:
    """A shard that is being written, hashed as it grows."""

    def __init__(self, path: Path) -> None:
        self.tokens = 0
        self._path, self._hash = path, hashlib.sha256()
        self._file: BinaryIO = path.open("wb")

    def write(self, tokens: "NDArray[Any]") -> None:
        content = tokens.tobytes()
        self._file.write(content)
        self._hash.update(content)
        self.tokens += len(tokens)

    def close(self) -> Shard:
        self._file.close()
        return Shard(self._path.name, self.tokens, self._hash.hexdigest())


def tokens_of(folder: Path, index: Index, side: str) -> "NDArray[Any]":
    """All tokens of a side.

    Returns
    -------
    array of uint16 or uint32, shape (tokens,)

    Raises
    ------
    CorpusError
        If a shard is not what the index says.
    """
    kind = np.dtype(index.dtype).newbyteorder("<")
    parts = []
    for shard in index.shards[side]:
        content = (folder / shard.file).read_bytes()
        if hashlib.sha256(content).hexdigest() != shard.sha256:
            problem = f"{folder / shard.file}: its SHA-256 is not that of {INDEX}; write the corpus again"
            raise CorpusError(problem)
        parts.append(np.frombuffer(content, dtype=kind))
    return np.concatenate(parts)


def documents_of(tokens: "NDArray[Any]", separator: int) -> Iterator["NDArray[Any]"]:
    """Tokens of each document, without the separator after it."""
    start = 0
    for end in np.flatnonzero(tokens == separator).tolist():
        yield tokens[start:end]
        start = end + 1
