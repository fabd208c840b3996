"""Which files are found, in which order they are taken, and why some are not read."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from validation.corpus.extract import MOST_FILE_BYTES, extract
from validation.corpus.funnel import Funnel, Stage
from validation.corpus.progress import Progress
from validation.corpus.sources import RawFile, Source, chosen_sources, find


def names(files: list[RawFile]) -> list[str]:
    return [file.name for file in files]


def extracted(files: list[RawFile], limit_bytes: int | None = None) -> tuple[set[str], Stage]:
    funnel = Funnel()
    with funnel.stage("extract") as tally:
        documents = extract(files, limit_bytes, tally, Progress())
    return {document.name for document in documents}, funnel.stages[0]


def filled(folder: Path, **contents: bytes) -> list[RawFile]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return find(chosen_sources((folder,)), seed=0)


def test_regular_files_in_visible_folders_are_found(tmp_path: Path) -> None:
    for name in ("a.py", "deep/er/b.txt", ".hidden", ".git/config", "__pycache__/a.pyc"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text", "utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")
    os.mkfifo(tmp_path / "pipe")
    prefix = f"0-{tmp_path.name}"
    found = find(chosen_sources((tmp_path,)), seed=0)
    assert sorted(names(found)) == [f"{prefix}/.hidden", f"{prefix}/a.py", f"{prefix}/deep/er/b.txt"]


def test_the_order_is_that_of_names_and_seed_not_of_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (tmp_path / f"{number}.txt").write_text("text", "utf-8")
    sources = chosen_sources((tmp_path,))
    expected = names(find(sources, seed=0))
    walk = os.walk

    def backwards(top: Path) -> Iterator[tuple[Any, list[Any], list[Any]]]:
        for folder, below, inside in walk(top):
            yield folder, below, sorted(inside, reverse=True)

    monkeypatch.setattr(os, "walk", backwards)
    assert names(find(sources, seed=0)) == expected
    assert names(find(sources, seed=1)) != expected
    assert sorted(names(find(sources, seed=1))) == sorted(expected)


def test_the_default_is_the_library_without_packages_and_their_documentation_alone() -> None:
    library, packages = chosen_sources(())
    assert (library.folder / "os.py").is_file()
    assert library.wanted(PurePosixPath("json/decoder.py"))
    assert not library.wanted(PurePosixPath("site-packages/pip/__init__.py"))
    wanted = ("METADATA", "licenses/LICENSE.md", "COPYING", "licenses/third/NOTICE", "AUTHORS.rst", "anything.txt")
    assert all(packages.wanted(PurePosixPath("pip-1.dist-info", name)) for name in wanted)
    unwanted = ("RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "direct_url.json")
    assert not any(packages.wanted(PurePosixPath("pip-1.dist-info", name)) for name in unwanted)
    assert not packages.wanted(PurePosixPath("pip/README.txt"))


def test_each_reason_not_to_read_a_file_is_counted(tmp_path: Path) -> None:
    files = filled(
        tmp_path,
        good=b"good text",
        empty=b"",
        binary=b"\0\1",
        broken=b"\x81\x8d",
        large=b"x" * (MOST_FILE_BYTES + 1),
        largest=b"x" * MOST_FILE_BYTES,
        gone=b"soon",
    )
    (tmp_path / "gone").unlink()
    kept, stage = extracted(files)
    assert {name.rpartition("/")[2] for name in kept} == {"good", "empty", "largest"}
    assert {rule: (count.documents, count.size_bytes) for rule, count in stage.rejected.items()} == {
        "binary": (1, 2),
        "undecodable": (1, 2),
        "too_large": (1, MOST_FILE_BYTES + 1),
        "unreadable": (1, 4),
    }
    assert stage.notes == {"encodings": {"utf-8": 3}}


def test_a_text_in_another_encoding_changes_its_size_and_is_accounted_for(tmp_path: Path) -> None:
    _, stage = extracted(filled(tmp_path, latin="früher".encode("latin-1")))
    assert (stage.entered.size_bytes, stage.left.size_bytes, stage.rewritten_bytes) == (6, 7, -1)


def test_the_limit_takes_whole_files_in_the_order_of_their_hashes(tmp_path: Path) -> None:
    files = filled(tmp_path, **{f"file{number}": b"x" * 10 for number in range(10)})
    kept, stage = extracted(files, limit_bytes=35)
    assert kept == set(names(files[:3]))
    assert stage.rejected["past_limit"].documents == 7


def test_a_file_that_does_not_fit_makes_room_for_a_smaller_one(tmp_path: Path) -> None:
    large = RawFile("large", tmp_path / "large", 100)
    small = RawFile("small", tmp_path / "small", 5)
    large.path.write_bytes(b"x" * 100)
    small.path.write_bytes(b"x" * 5)
    assert extracted([large, small], limit_bytes=50)[0] == {"small"}


def test_a_name_that_is_no_text_is_found(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text("text", "utf-8")
    found = find([Source("here", tmp_path, lambda _: True)], seed=0)
    assert names(found) == ["here/\\xff.txt"]
    assert extracted(found)[1].left.documents == 1
