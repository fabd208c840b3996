"""Packed shards: windows, and what is said when they do not fit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from validation.gpt.problems import ConfigurationError  # noqa: E402
from validation.gpt.shards import ShardSequences, has_split  # noqa: E402


def pack(folder: Path, *lengths: int, dtype: str = "uint16", vocab: int = 90, **changes: Any) -> Path:
    """Write shards of the given lengths, all tokens numbered on, and one shard of 20 tokens for validation."""
    folder.mkdir(exist_ok=True)
    kind = {"uint16": "<u2", "uint32": "<u4"}[dtype]
    shards: dict[str, list[dict[str, Any]]] = {"train": [], "validation": []}
    first = 0
    for split, sizes in (("train", lengths), ("validation", (20,))):
        for number, size in enumerate(sizes):
            name = f"{split}-{number:05d}.bin"
            (np.arange(first, first + size) % vocab).astype(kind).tofile(folder / name)
            shards[split].append({"file": name, "tokens": size})
            first += size
    index = {"schema": 1, "vocab": vocab, "dtype": dtype, "sequence_separator": 0, "shards": shards}
    (folder / "index.json").write_text(json.dumps(index | changes))
    return folder


def problems(folder: Path, split: str = "train", length: int = 4, vocab: int = 90) -> str:
    with pytest.raises(ConfigurationError) as caught:
        ShardSequences(folder, split, length, vocab)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_windows_follow_each_other_within_a_shard(tmp_path: Path, dtype: str) -> None:
    store = ShardSequences(pack(tmp_path, 10, 9, dtype=dtype), "train", 4, 90)
    assert store.count == 2 + 2  # of the first shard one token is left over
    assert [store.sequence(index).tolist() for index in range(4)] == [
        [0, 1, 2, 3, 4],
        [4, 5, 6, 7, 8],
        [10, 11, 12, 13, 14],
        [14, 15, 16, 17, 18],
    ]


def test_splits_are_read_apart(tmp_path: Path) -> None:
    folder = pack(tmp_path, 10)
    assert ShardSequences(folder, "validation", 4, 90).sequence(0).tolist() == [10, 11, 12, 13, 14]
    assert has_split(folder, "validation")
    assert not has_split(pack(tmp_path, 10, shards={"train": []}), "validation")


def test_shards_that_are_too_short(tmp_path: Path) -> None:
    assert "no train shard has 31 tokens" in problems(pack(tmp_path, 10, 20), length=30)


def test_every_file_that_does_not_fit_the_index_is_named(tmp_path: Path) -> None:
    folder = pack(tmp_path, 10, 20, 30)
    (folder / "train-00000.bin").unlink()
    (folder / "train-00002.bin").write_bytes(b"\0" * 59)
    told = problems(folder)
    assert "train-00000.bin: missing" in told
    assert "train-00002.bin: 59 bytes, but the index says 30 tokens of 2 bytes" in told


def test_an_index_that_does_not_fit(tmp_path: Path) -> None:
    assert "dtype 'int8' is not one of" in problems(pack(tmp_path, 10) and _changed(tmp_path, dtype="int8"))
    assert "model.vocab: 50 is too small" in problems(pack(tmp_path, 10), vocab=50)
    assert "schema must be 1" in problems(_changed(tmp_path, schema=2))
    assert "no train shards" in problems(pack(tmp_path, 10, shards={"validation": []}))
    (tmp_path / "index.json").write_text("{")
    assert "not JSON" in problems(tmp_path)
    assert "No such file" in problems(tmp_path / "nowhere")


def test_a_token_beyond_the_vocabulary_is_found_when_it_is_read(tmp_path: Path) -> None:
    store = ShardSequences(pack(tmp_path, 60, vocab=40), "train", 4, 40)
    np.full(60, 41, dtype="<u2").tofile(tmp_path / "train-00000.bin")
    with pytest.raises(ConfigurationError, match="token 41 near 4 is beyond"):
        store.sequence(1)


def _changed(folder: Path, **changes: Any) -> Path:
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps(index | changes))
    return folder
