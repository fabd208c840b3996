"""Files that settings name: read when the scenario is, so that the resolved scenario stands alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, get_args

from clustersim.scenario.document import Document, Path, dotted
from clustersim.scenario.problems import Problem
from clustersim.scenario.schema.file_text import FILE_TEXT
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.shape import below, field_type, section_for

_IN_A_FOLDER = ("topology.yaml", "topology.conf")
"""What is read of a folder, the first that is there: Slurm's own order (topology.conf manual, 2025)."""


def read_named_file(path: FilePath) -> str:
    """Read a file, or of a folder the topology file that Slurm would read.

    Raises
    ------
    OSError
        If there is no such file, or a folder without one.
    UnicodeDecodeError
        If it is not UTF-8 text.
    """
    if path.is_dir():
        path = next((path / name for name in _IN_A_FOLDER if (path / name).exists()), path)
    return path.read_text(encoding="utf-8-sig")


def with_files(document: Document) -> Document:
    """Fill in the contents of the files that a scenario names.

    Parameters
    ----------
    document : Document
        What the user wrote. A name is relative to the file it is written in; one set on the command line, to the
        working folder.

    Returns
    -------
    Document
        With the texts in place, and a problem for each file that cannot be read.
    """
    for path in list(_named(document)):
        document = _filled(document, path)
    return document


def is_file_text(annotation: Any) -> bool:
    """Whether a setting holds the contents of the file named beside it."""
    return any(FILE_TEXT in getattr(part, "__metadata__", ()) for part in (annotation, *get_args(annotation)))


def _named(document: Document) -> Iterator[Path]:
    """Paths of settings ``file`` whose section keeps the text of the file, where the text is not given."""
    for path in document.values:
        if not path or path[-1] != "file" or not isinstance(document.get(path), str):
            continue
        section = _section(document, path[:-1])
        kept = section is not None and is_file_text(field_type(section, "text"))
        if kept and document.get((*path[:-1], "text")) is None:
            yield path


def _section(document: Document, path: Path) -> Any:
    annotation: Any = Scenario
    value: Any = document.value
    for index, key in enumerate(path):
        annotation = below(annotation, key, value)
        value = document.get(path[: index + 1])
    return section_for(annotation, value)


def _filled(document: Document, path: Path) -> Document:
    place, name = document.place(path), document.get(path)
    folder = FilePath() if place.line is None else FilePath(place.file).parent
    try:
        text = read_named_file(folder / name)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        problem = Problem.at(place, dotted(path), f"cannot read {folder / name}: {reason}")
        return replace(document, problems=(*document.problems, problem), value=_with(document.value, path[:-1], ""))
    except UnicodeDecodeError:
        problem = Problem.at(place, dotted(path), f"{folder / name} is not UTF-8 text")
        return replace(document, problems=(*document.problems, problem), value=_with(document.value, path[:-1], ""))
    values = {**document.values, (*path[:-1], "text"): place}
    return replace(document, value=_with(document.value, path[:-1], text), values=values)


def _with(value: Any, path: Path, text: str) -> Any:
    if not path:
        return {**value, "text": text}
    if isinstance(value, tuple):
        return tuple(_with(v, path[1:], text) if i == path[0] else v for i, v in enumerate(value))
    return {**value, path[0]: _with(value[path[0]], path[1:], text)}
