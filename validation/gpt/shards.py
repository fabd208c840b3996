"""Packed shards: flat files of token ids with an index beside them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.gpt.problems import ConfigurationError

INDEX = "index.json"
SCHEMA = 1
TYPES: dict[str, np.dtype[Any]] = {"uint16": np.dtype("<u2"), "uint32": np.dtype("<u4")}


class ShardSequences:
    """Consecutive windows over the shards of one split.

    A window has ``length + 1`` tokens and starts ``length`` after the one before, so each token is a target once.
    Windows do not cross the end of a shard; its last tokens, less than a window, are left out. Documents within a
    window see each other, as in GPT-3 (Brown et al. 2020, appendix B).

    Parameters
    ----------
    folder : Path
        Holds ``index.json``.
    split : str
        ``train`` or ``validation``.
    length : int
        Tokens of a sequence, less the one that only serves as a target.
    vocab : int
        Of the model; no id may reach it.

    Raises
    ------
    ConfigurationError
        When index and files do not fit each other or the model.
    """

    def __init__(self, folder: Path, split: str, length: int, vocab: int) -> None:
        index = read_index(folder)
        problems = _problems(folder, index, split, vocab)
        if problems:
            raise ConfigurationError(problems)
        self._length, self._vocab = length, vocab
        self._files = [folder / shard["file"] for shard in index["shards"][split]]
        dtype = TYPES[index["dtype"]]
        self._shards = [np.memmap(file, dtype=dtype, mode="r") for file in self._files]
        windows = [max(0, (len(shard) - 1) // length) for shard in self._shards]
        self._ends = np.cumsum(windows)
        self.count = int(self._ends[-1])
        if not self.count:
            problem = f"{folder}: no {split} shard has {length + 1} tokens; use a smaller train.sequence_length"
            raise ConfigurationError([problem])

    def sequence(self, index: int) -> NDArray[np.int64]:
        """Tokens of a window; shape (length + 1,)."""
        shard = int(np.searchsorted(self._ends, index, side="right"))
        start = (index - (int(self._ends[shard - 1]) if shard else 0)) * self._length
        tokens = self._shards[shard][start : start + self._length + 1].astype(np.int64)
        if tokens.max() >= self._vocab:
            problem = f"{self._files[shard]}: token {tokens.max()} near {start} is beyond model.vocab = {self._vocab}"
            raise ConfigurationError([f"{problem}; pack the shards again"])
        return tokens


def has_split(folder: Path, split: str) -> bool:
    """Whether a folder of shards has a split with anything in it."""
    shards = read_index(folder).get("shards")
    return isinstance(shards, dict) and bool(shards.get(split))


def read_index(folder: Path) -> dict[str, Any]:
    """Read the index of a folder of shards."""
    path = folder / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"data.shards: {path}: {error.strerror}; name a folder of packed shards, or leave it empty"
        raise ConfigurationError([problem]) from error
    except ValueError as error:
        raise ConfigurationError([f"data.shards: {path}: not JSON: {error}"]) from error
    if not isinstance(index, dict) or index.get("schema") != SCHEMA:
        raise ConfigurationError([f"data.shards: {path}: schema must be {SCHEMA}; pack the shards again"])
    return index


def _problems(folder: Path, index: dict[str, Any], split: str, vocab: int) -> list[str]:
    path = folder / INDEX
    problems = []
    if index.get("dtype") not in TYPES:
        problems.append(f"data.shards: {path}: dtype {index.get('dtype')!r} is not one of {', '.join(TYPES)}")
    if not isinstance(index.get("vocab"), int) or index["vocab"] > vocab:
        problems.append(f"model.vocab: {vocab} is too small for {path}, whose vocab is {index.get('vocab')!r}")
    shards = index.get("shards")
    listed = shards.get(split) if isinstance(shards, dict) else None
    if not listed:
        return [*problems, f"data.shards: {path}: no {split} shards"]
    if problems:
        return problems
    itemsize = TYPES[index["dtype"]].itemsize
    found = [_file_problem(folder / str(shard.get("file")), shard.get("tokens"), itemsize) for shard in listed]
    return [problem for problem in found if problem]


def _file_problem(file: Path, tokens: Any, itemsize: int) -> str:
    if not file.is_file():
        return f"data.shards: {file}: missing; pack the shards again"
    size = file.stat().st_size
    if not isinstance(tokens, int) or size != tokens * itemsize:
        return f"data.shards: {file}: {size} bytes, but the index says {tokens!r} tokens of {itemsize} bytes"
    return "" if tokens else f"data.shards: {file}: empty; pack the shards again"
