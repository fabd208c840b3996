"""The whole pipeline on hand-made folders: what goes in comes out, the same every time, or not at all."""

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.validation.corpus.texts import prose, write_corpus

pytest.importorskip("tokenizers")
pytest.importorskip("datasketch")

from tokenizers import Tokenizer

from validation.corpus.bpe import as_text
from validation.corpus.errors import CorpusError
from validation.corpus.options import Options
from validation.corpus.pipeline import build
from validation.corpus.progress import Progress
from validation.corpus.shards import ShardWriter, documents_of, read_index, tokens_of

Item = TypeVar("Item")

ROOT = Path(__file__).parents[3]
SMALL: dict[str, Any] = {"vocab": 400, "validation_fraction": 0.2, "shard_tokens": 2000}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good files, and one for every reason to leave one out."""
    folder = write_corpus(tmp_path_factory.mktemp("raw") / "text")
    (folder / "copy.txt").write_text(prose(1).replace("\n", "\r\n"), "utf-8")
    (folder / "near.txt").write_text(prose(2).replace("the", "a", 1), "utf-8")
    (folder / "short.txt").write_text("the and short", "utf-8")
    (folder / "notice.py").write_text("# Copyright\n# " + prose(79).strip().replace("\n", "\n# "), "utf-8")
    (folder / "binary.o").write_bytes(b"\0\1\2")
    (folder / "latin.txt").write_bytes((prose(77) + "für\n").encode("latin-1"))
    (folder / "separator.txt").write_text(prose(78) + "<|endoftext|> is text\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def built(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("built") / "corpus"
    return out, build(Options(out, (raw,), **SMALL))


def contents(folder: Path) -> dict[str, bytes]:
    """All files that must be the same twice."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "funnel.json"}


def texts_of(folder: Path, side: str) -> list[str]:
    index = read_index(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = tokens_of(folder, index, side)
    return [tokenizer.decode(found.tolist()) for found in documents_of(tokens, index.sequence_separator)]


def test_decoding_the_shards_gives_every_document_back(built: tuple[Path, dict[str, Any]], raw: Path) -> None:
    out, _ = built
    found = texts_of(out, "train") + texts_of(out, "validation")
    good = [path.read_text("utf-8") for path in raw.iterdir() if path.name.startswith(("prose", "program", "sep"))]
    expected = {*good, prose(77) + "für\n"}
    missing, extra = expected - set(found), set(found) - expected
    # Of the two near duplicates one stays, whichever comes first.
    assert missing | extra <= {prose(2), prose(2).replace("the", "a", 1)}
    assert len(found) == len(expected)


def test_each_stage_conserves_documents_and_bytes(built: tuple[Path, dict[str, Any]]) -> None:
    stages = built[1]["stages"]
    for stage in stages:
        rejected = stage["rejected"].values()
        assert stage["documents_in"] == stage["documents_out"] + sum(count["documents"] for count in rejected)
        bytes_rejected = sum(count["bytes"] for count in rejected)
        assert stage["bytes_in"] == stage["bytes_out"] + bytes_rejected + stage["bytes_rewritten"], stage["name"]
    chain = [stage for stage in stages if stage["name"] != "tokenizer"]
    for before, after in itertools.pairwise(chain):
        assert (after["documents_in"], after["bytes_in"]) == (before["documents_out"], before["bytes_out"])
    sides = next(stage["notes"] for stage in stages if stage["name"] == "split")
    tokenizer = next(stage for stage in stages if stage["name"] == "tokenizer")
    assert sides["train"] == {"documents": tokenizer["documents_in"], "bytes": tokenizer["bytes_in"]}
    assert sum(side["bytes"] for side in sides.values()) == stages[-1]["bytes_out"]


def test_the_funnel_says_why_each_document_went(built: tuple[Path, dict[str, Any]], raw: Path) -> None:
    out, summary = built
    assert json.loads((out / "funnel.json").read_text("utf-8")) == summary
    rejected = {rule: count["documents"] for stage in summary["stages"] for rule, count in stage["rejected"].items()}
    assert rejected == {"binary": 1, "few_words": 1, "nothing_left": 1, "copy": 1, "near_duplicate": 1}
    assert summary["stages"][0]["bytes_in"] == sum(path.stat().st_size for path in raw.iterdir())
    assert summary["stages"][0]["notes"]["encodings"]["windows-1252"] == 1
    for stage in summary["stages"]:
        assert stage["bytes_per_s"] == pytest.approx(stage["bytes_in"] / stage["seconds"])
        assert stage["cpu_s"] >= 0.0
        assert stage["yield_documents"] == stage["documents_out"] / stage["documents_in"]


def test_tokens_and_hashes_are_those_of_the_files(built: tuple[Path, dict[str, Any]]) -> None:
    out, summary = built
    index = read_index(out)
    shards = [shard for shards in index.shards.values() for shard in shards]
    assert {shard.file for shard in shards} == {path.name for path in out.glob("*.bin")}
    for shard in shards:
        content = (out / shard.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == shard.sha256
        assert len(content) == 2 * shard.tokens
    assert summary["total"]["tokens"] == sum(shard.tokens for shard in shards)
    assert len(index.shards["train"]) > 1
    assert summary["tokenizer"]["sha256"] == hashlib.sha256((out / "tokenizer.json").read_bytes()).hexdigest()


def test_the_saved_tokenizer_encodes_as_the_shards_do(built: tuple[Path, dict[str, Any]]) -> None:
    out, _ = built
    index = read_index(out)
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    as_text(tokenizer)
    tokens = [
        token for text in texts_of(out, "train") for token in (*tokenizer.encode(text).ids, index.sequence_separator)
    ]
    assert tokens_of(out, index, "train").tolist() == tokens


def test_another_process_with_other_hashes_and_threads_writes_the_same_bytes(
    built: tuple[Path, dict[str, Any]], raw: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "validation.corpus", "--out", str(tmp_path / "again"), "--from", str(raw)]
    settings = ["--vocab", "400", "--validation-fraction", "0.2", "--shard-tokens", "2000"]
    others = {"PYTHONHASHSEED": "12345", "RAYON_NUM_THREADS": "1"}
    subprocess.run([*command, *settings], cwd=ROOT, env=os.environ | others, check=True, capture_output=True)
    assert contents(tmp_path / "again") == contents(built[0])


def test_neither_names_nor_folders_nor_their_order_matter(
    built: tuple[Path, dict[str, Any]], raw: Path, tmp_path: Path
) -> None:
    one, other = tmp_path / "one", tmp_path / "deep" / "other"
    one.mkdir()
    other.mkdir(parents=True)
    for place, path in enumerate(sorted(raw.iterdir(), reverse=True)):
        shutil.copy(path, (one, other)[place % 2] / f"{place}{path.suffix}")
    build(Options(tmp_path / "corpus", (other.parent, one), **SMALL))
    assert contents(tmp_path / "corpus") == contents(built[0])


def test_another_seed_writes_another_order_of_the_same_documents(
    built: tuple[Path, dict[str, Any]], raw: Path, tmp_path: Path
) -> None:
    out = tmp_path / "corpus"
    build(Options(out, (raw,), seed=1, **SMALL))
    both = [sorted(texts_of(folder, "train") + texts_of(folder, "validation")) for folder in (out, built[0])]
    near = {prose(2), prose(2).replace("the", "a", 1)}
    assert set(both[0]) ^ set(both[1]) <= near
    assert texts_of(out, "train") != texts_of(built[0], "train")


class _Interrupted(Progress):
    """Ctrl-C in the middle of a stage."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage

    def over(self, stage: str, items: Sequence[Item]) -> Iterator[Item]:
        for done, item in enumerate(super().over(stage, items)):
            if stage.startswith(self._stage) and done == 3:
                raise KeyboardInterrupt
            yield item


@pytest.mark.parametrize(
    "stage", ["extract", "filter", "clean", "copies", "near_duplicates", "tokenizer", "pack train", "pack validation"]
)
def test_an_interruption_leaves_nothing(stage: str, raw: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(Options(tmp_path / "corpus", (raw,), **SMALL), _Interrupted(stage))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_that_exists_is_filled(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    out.mkdir()
    build(Options(out, (raw,), **SMALL))
    assert (out / "index.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_folder_that_cannot_be_made_is_an_error(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(CorpusError, match="corpus: Permission denied; choose a folder that can be written"):
        build(Options(tmp_path / "corpus", (raw,), **SMALL))


def test_a_full_disk_is_an_error_and_leaves_nothing(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append = ShardWriter.append

    def until_full(writer: ShardWriter, tokens: Sequence[int]) -> None:
        if writer.shards:
            raise OSError(28, "No space left on device")
        append(writer, tokens)

    monkeypatch.setattr(ShardWriter, "append", until_full)
    with pytest.raises(CorpusError, match="No space left on device; choose a folder"):
        build(Options(tmp_path / "corpus", (raw,), **SMALL))
    assert list(tmp_path.iterdir()) == []
