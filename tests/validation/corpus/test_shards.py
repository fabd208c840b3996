"""Shards: tokens in, the same tokens out."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.corpus.errors import CorpusError
from validation.corpus.shards import Index, ShardWriter, documents_of, narrowest, read_index, tokens_of

SEPARATOR = 0


def written(folder: Path, documents: list[list[int]], dtype: str = "uint16", shard_tokens: int = 4) -> Index:
    with ShardWriter(folder, "train", dtype, shard_tokens) as writer:
        for tokens in documents:
            writer.append([*tokens, SEPARATOR])
    index = Index(70_000, dtype, SEPARATOR, {"train": tuple(writer.shards), "validation": ()})
    index.write(folder)
    return index


@given(
    documents=st.lists(st.lists(st.integers(1, 65_535), max_size=9), min_size=1, max_size=9),
    shard_tokens=st.integers(1, 20),
)
def test_documents_come_back_whatever_the_size_of_a_shard(
    documents: list[list[int]], shard_tokens: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    index = written(folder, documents, shard_tokens=shard_tokens)
    assert read_index(folder) == index
    tokens = tokens_of(folder, index, "train")
    assert [found.tolist() for found in documents_of(tokens, SEPARATOR)] == documents
    sizes = [shard.tokens for shard in index.shards["train"]]
    assert all(size == shard_tokens for size in sizes[:-1])
    assert 1 <= sizes[-1] <= shard_tokens


def test_the_index_says_what_is_in_the_files(tmp_path: Path) -> None:
    written(tmp_path, [[1, 2, 3], [4, 515]])
    assert json.loads((tmp_path / "index.json").read_text("utf-8")) == {
        "schema": 1,
        "vocab": 70_000,
        "dtype": "uint16",
        "sequence_separator": SEPARATOR,
        "shards": {
            "train": [
                {"file": "train-00000.bin", "tokens": 4, "sha256": _sha256(tmp_path / "train-00000.bin")},
                {"file": "train-00001.bin", "tokens": 3, "sha256": _sha256(tmp_path / "train-00001.bin")},
            ],
            "validation": [],
        },
    }
    # 515 is 0x0203: low byte first.
    assert (tmp_path / "train-00001.bin").read_bytes() == bytes([4, 0, 3, 2, 0, 0])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("vocab", "dtype"), [(257, "uint16"), (65_536, "uint16"), (65_537, "uint32")])
def test_the_narrowest_type_that_holds_every_token(vocab: int, dtype: str) -> None:
    assert narrowest(vocab) == dtype
    assert np.iinfo(dtype).max >= vocab - 1


def test_wide_tokens_come_back(tmp_path: Path) -> None:
    index = written(tmp_path, [[65_536, 69_999]], dtype="uint32")
    assert tokens_of(tmp_path, index, "train").tolist() == [65_536, 69_999, SEPARATOR]


def test_a_token_that_the_type_does_not_hold_is_no_token(tmp_path: Path) -> None:
    with ShardWriter(tmp_path, "train", "uint16", 4) as writer, pytest.raises(OverflowError):
        writer.append([65_536])


def test_a_damaged_shard_is_found(tmp_path: Path) -> None:
    index = written(tmp_path, [[1, 2, 3]])
    shard = tmp_path / "train-00000.bin"
    shard.write_bytes(bytes([9]) + shard.read_bytes()[1:])
    with pytest.raises(CorpusError, match=r"train-00000\.bin: its SHA-256 is not that of index\.json"):
        tokens_of(tmp_path, index, "train")


def test_a_folder_without_an_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"index\.json: no such file; write a corpus with python -m"):
        read_index(tmp_path)


def test_an_index_of_another_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"schema": 2}', "utf-8")
    with pytest.raises(CorpusError, match="schema: 2, not 1"):
        read_index(tmp_path)
