"""The command: its errors, its output, and how it takes a signal."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.validation.corpus.texts import prose, write_corpus

pytest.importorskip("tokenizers")
pytest.importorskip("datasketch")

from validation.corpus.__main__ import main

ROOT = Path(__file__).parents[3]
HALF = ("--validation-fraction", "0.5")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Standard error of a run that must end with 2."""
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_a_sample_of_the_standard_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "corpus"
    assert main(["--out", str(out), "--limit-bytes", "400000", "--vocab", "1024", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == json.loads((out / "funnel.json").read_text("utf-8"))
    assert [source["name"] for source in summary["sources"]] == ["standard-library", "packages"]
    extract = summary["stages"][0]
    read = extract["bytes_out"] + extract["bytes_rewritten"] + extract["rejected"].get("binary", {"bytes": 0})["bytes"]
    assert 350_000 < read <= 400_000
    assert summary["total"]["bytes_per_token"] > 2.0


def test_the_table_names_stages_and_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_corpus(tmp_path / "text")
    (folder / "short.txt").write_text("the and short", "utf-8")
    assert main(["--out", str(tmp_path / "out"), "--from", str(folder), "--vocab", "300", *HALF]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    first = [line.split()[0] for line in captured.out.splitlines()]
    assert first[:8] == ["stage", "extract", "filter", "few_words", "clean", "copies", "near_duplicates", "split"]
    assert f"written to {tmp_path / 'out'}" in captured.out


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "file").write_text("mine", "utf-8")
    wrong = [
        "--vocab",
        "256",
        "--seed",
        "-1",
        "--limit-bytes",
        "0",
        "--validation-fraction",
        "1",
        "--shard-tokens",
        "0",
    ]
    error = refused(capsys, "--out", taken, "--from", tmp_path / "nowhere", *wrong)
    for part in (
        "--vocab 256: must be 257",
        "--seed -1: must be 0",
        "--limit-bytes 0: must be 1 or more",
        "--validation-fraction 1.0: must lie between 0 and 1",
        "--shard-tokens 0: must be 1 or more",
        f"--from {tmp_path / 'nowhere'}: no such folder",
        f"--out {taken}: not empty; choose another folder",
    ):
        assert f"python -m validation.corpus: {part}" in error
    assert (taken / "file").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("out", "reason"),
    [("file", "is a file; choose another name"), ("no/where", "the folder above it does not exist; create it first")],
)
def test_a_place_that_cannot_be_written(
    out: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine", "utf-8")
    assert reason in refused(capsys, "--out", tmp_path / out, "--from", tmp_path)


def test_a_folder_without_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"no text in {empty} (0 files looked at)" in refused(capsys, "--out", tmp_path / "out", "--from", empty)
    (empty / "binary").write_bytes(b"\0")
    assert "(1 files looked at); name a folder" in refused(capsys, "--out", tmp_path / "out", "--from", empty)
    assert not (tmp_path / "out").exists()


def test_nothing_left_after_the_filter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text"
    text.mkdir()
    (text / "short.txt").write_text("too short", "utf-8")
    error = refused(capsys, "--out", tmp_path / "out", "--from", text)
    assert "no document is left after filter and clean (left out: {'few_words': 1}); add text with --from" in error
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


def test_a_vocabulary_too_large_for_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_corpus(tmp_path / "text")
    error = refused(capsys, "--out", tmp_path / "out", "--from", folder, "--vocab", "100000", *HALF)
    assert "--vocab 100000: the training text holds merges for" in error
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


def test_one_document_cannot_be_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text"
    text.mkdir()
    (text / "only.txt").write_text(prose(1), "utf-8")
    assert "of 1 documents none falls to" in refused(capsys, "--out", tmp_path / "out", "--from", text)


def test_a_missing_library_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("validation.corpus.__main__.find_spec", lambda name: None if name == "datasketch" else name)
    assert "needs datasketch: pip install datasketch" in refused(capsys, "--out", tmp_path / "out")


def test_help_needs_no_library() -> None:
    check = "import sys; from validation.corpus.__main__ import _parser; _parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not {"numpy", "tokenizers", "datasketch", "scipy"} & set(done.stdout.split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_and_no_traceback(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "validation.corpus", "--out", str(tmp_path / "corpus")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 300.0
        while not list(tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not (tmp_path / "corpus").exists()
        os.kill(process.pid, number)
        _, error = process.communicate(timeout=300.0)
    assert process.returncode == 130
    assert error.strip() == "python -m validation.corpus: interrupted; nothing was written"
    assert list(tmp_path.iterdir()) == []
