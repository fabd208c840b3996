"""Raw values of a scenario with the place where each was written, before the schema has a say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from clustersim.scenario.problems import Place, Problem
from clustersim.scenario.schema.overlay import overlay

Path = tuple[str | int, ...]
"""Path of a setting: keys and indices."""

_PART = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
_PATH = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[[0-9]+\])*")


@dataclass(frozen=True)
class Document:
    """Raw values and their places.

    Parameters
    ----------
    file : str
        File as the user named it.
    value : Any
        Mappings (dict), lists (tuple) and scalars.
    values, keys : dict of Path to Place
        Where each value starts, and the key it stands under.
    problems : tuple of Problem
        What is wrong with the text although it could be read.
    """

    file: str
    value: Any
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def over(self, base: "Document", annotation: Any) -> "Document":
        """Lay this document over another; each value keeps the place it was written at."""
        value = overlay(base.value, self.value, annotation)
        paths = set(paths_of(value))
        return Document(
            file=self.file,
            value=value,
            values={path: self.values.get(path) or nearest(base.values, path) for path in paths},
            keys={path: place for path, place in {**base.keys, **self.keys}.items() if path in paths},
            problems=self.problems + base.problems,
        )

    def get(self, path: Path) -> Any:
        """Raw value at a path; None where there is none."""
        value = self.value
        for part in path:
            value = step_into(value, part)
        return value

    def written(self, path: Path) -> Path:
        """Longest part of a path that the document gives a value for."""
        while path and path not in self.values:
            path = path[:-1]
        return path

    def place(self, path: Path) -> Place:
        """Where a setting was written: its value, or the key or name that the nearest section around it has."""
        found = self.written(path)
        if not found:
            return Place(self.file, 1, 1)
        if isinstance(self.get(found), dict | tuple):
            return self.keys.get(found, self.values[found])
        return self.values[found]

    def key_place(self, path: Path) -> Place:
        """Where the key of a setting stands."""
        return self.keys.get(path) or self.place(path)


def step_into(value: Any, part: str | int) -> Any:
    """Raw value under a key or an index; None where there is none."""
    if isinstance(value, dict):
        return value.get(str(part))
    return value[part] if isinstance(value, tuple) and isinstance(part, int) and part < len(value) else None


def paths_of(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of a raw value and of everything in it."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
    for key, below in pairs:
        yield from paths_of(below, (*path, key))


def nearest(places: dict[Path, Place], path: Path) -> Place:
    """Place of a path or of the nearest part of it that has one."""
    while path not in places:
        path = path[:-1]
    return places[path]


def dotted(path: Path) -> str:
    """Write a path as ``training.phases[0].tokens``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def parse_path(text: str) -> Path | None:
    """Read a dotted path; an index may be written ``[0]`` or ``.0``. None if it is no path."""
    if not _PATH.fullmatch(text):
        return None
    return tuple(key if key else int(index) for key, index in _PART.findall(text))
