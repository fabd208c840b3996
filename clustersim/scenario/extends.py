"""Files that build on others: ``extends`` names a preset or a file, or several, each laid over the one before."""

import os
from pathlib import Path as FilePath
from typing import NamedTuple

from clustersim.scenario.document import Document
from clustersim.scenario.messages import EXTENDS
from clustersim.scenario.problems import Place, Problem, ScenarioError
from clustersim.scenario.quantity import suggestion
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.yaml_source import read_text

PRESETS = FilePath(__file__).parent / "presets"


class Source(NamedTuple):
    """A file to read and its name in messages."""

    path: FilePath
    name: str


def presets() -> tuple[str, ...]:
    """Names that ``extends`` may refer to without a file."""
    return tuple(sorted(file.stem for file in PRESETS.glob("*.yaml")))


def read_scenario(path: str | os.PathLike[str]) -> Document:
    """Read a scenario file and everything it extends into one document.

    Raises
    ------
    ScenarioError
        If a file cannot be read, or extends itself.
    """
    return _read(Source(FilePath(path), os.fspath(path)), (), Place(os.fspath(path), 1, 1))


def _read(source: Source, chain: tuple[Source, ...], named_at: Place) -> Document:
    own = read_text(_text_of(source, named_at), source.name)
    if not isinstance(own.value, dict):
        what = "is empty" if own.value is None else "is not a mapping of settings"
        message = f"{what}: a scenario starts e.g. with 'name: My run'"
        raise ScenarioError([Problem.at(Place(source.name, 1, 1), "", message)])
    bases = _bases(own, source, (*chain, source))
    own.value.pop(EXTENDS, None)
    if not bases:
        return own
    below = bases[0]
    for base in bases[1:]:
        below = base.over(below, Scenario)
    return own.over(below, Scenario)


def _bases(own: Document, source: Source, chain: tuple[Source, ...]) -> list[Document]:
    given = own.value.get(EXTENDS, ())
    names = given if isinstance(given, tuple) else (given,)
    bases = []
    for index, name in enumerate(names):
        at = own.place((EXTENDS, index) if isinstance(given, tuple) else (EXTENDS,))
        if not isinstance(name, str):
            raise _problem(at, "must be the name of a preset or a file, or a list of them")
        base = _find(name, source, at)
        if any(base.path.resolve() == link.path.resolve() for link in chain):
            names_in_chain = " -> ".join(link.name for link in (*chain, base))
            raise _problem(at, f"extends itself: {names_in_chain}")
        bases.append(_read(base, chain, at))
    return bases


def _find(name: str, source: Source, at: Place) -> Source:
    if "/" in name or os.sep in name or name.endswith((".yaml", ".yml")):
        beside = os.path.join(os.path.dirname(source.name), name)  # noqa: PTH118, PTH120 - keeps the user's spelling
        return Source(source.path.parent / name, beside)
    if name not in presets():
        near = suggestion(name, presets())
        message = (
            f"unknown preset '{name}'{near or ';'} Presets: {', '.join(presets())}; a file is named with its ending"
        )
        raise _problem(at, message)
    return Source(PRESETS / f"{name}.yaml", f"<preset {name}>")


def _problem(at: Place, message: str) -> ScenarioError:
    return ScenarioError([Problem.at(at, EXTENDS, message)])


def _text_of(source: Source, named_at: Place) -> str:
    try:
        raw = source.path.read_bytes()
    except OSError as error:
        path = "" if named_at.file == source.name else EXTENDS
        raise ScenarioError([Problem.at(named_at, path, f"cannot read {source.name}: {_reason(error)}")]) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(source.name, before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
        message = f"is not UTF-8 text: byte 0x{raw[error.start]:02x}"
        raise ScenarioError([Problem.at(place, "", message)]) from None


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a directory"
    return (error.strerror or str(error)).lower()
