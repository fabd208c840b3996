"""A scenario that was read and checked, with where everything in it comes from."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import NamedTuple

from clustersim.scenario.document import Document, Path, dotted, parse_path
from clustersim.scenario.files import is_file_text
from clustersim.scenario.leaves import leaves, parts, value_text
from clustersim.scenario.left_open import Taken, taken_for
from clustersim.scenario.origin import Origin, origin_of
from clustersim.scenario.problems import Place, Problem
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.yaml_text import one_line, yaml_lines


class Setting(NamedTuple):
    """One row of the table of assumptions, all text.

    ``origin`` is a place in a file, ``--set PATH``, ``catalogue TABLE/ENTRY`` or ``default``; ``source`` is the
    paper or datasheet behind it, empty where the user gave the value.
    """

    path: str
    value_text: str
    origin: str
    source: str


@dataclass(frozen=True)
class Loaded:
    """A checked scenario.

    Parameters
    ----------
    scenario : Scenario
        The resolved scenario, in SI units.
    document : Document
        What the user wrote, with its places.
    """

    scenario: Scenario
    document: Document

    @property
    def file(self) -> str:
        """The file, as the user named it."""
        return self.document.file

    @property
    def path(self) -> FilePath:
        """The file."""
        return FilePath(self.document.file)

    @cached_property
    def sha256(self) -> str:
        """Hash of the resolved scenario: equal for files that say the same, whatever their layout, units or presets."""
        values = sorted(f"{dotted(leaf.path)}={leaf.value!r}" for leaf in leaves(self.scenario, Scenario))
        return hashlib.sha256("\n".join(values).encode()).hexdigest()

    def origin(self, path: str) -> Origin:
        """Where a value comes from.

        Parameters
        ----------
        path : str
            Dotted path of a setting, e.g. ``cluster.node.accelerator.tdp`` or ``training.phases[0].tokens``.

        Raises
        ------
        KeyError
            If the scenario has no such setting.
        """
        return origin_of(self._path(path), self.scenario, self.document)

    def settings(self) -> tuple[Setting, ...]:
        """Every setting of the resolved scenario with its value, origin and source, in the order of the schema."""
        rows = []
        for leaf in leaves(self.scenario, Scenario):
            origin = origin_of(leaf.path, self.scenario, self.document)
            if leaf.value is None:
                taken = taken_for(self.scenario, leaf.path) or Taken("not given", origin.source)
                rows.append(Setting(dotted(leaf.path), taken.text, origin.text, taken.source))
                continue
            text = value_text(leaf.value, leaf.annotation) if origin.written is None else origin.written
            if is_file_text(leaf.annotation):
                text = f"{len(text.splitlines())} lines"
            rows.append(Setting(dotted(leaf.path), one_line(text), origin.text, origin.source))
        return tuple(rows)

    def resolved_yaml(self) -> str:
        """Write the whole scenario, with every default and catalogue value filled in and its source as a comment.

        The text stands alone: it loads to an equal scenario without the catalogue entries and files it came from.
        """

        def describe(path: Path) -> tuple[str | None, str]:
            origin = origin_of(path, self.scenario, self.document)
            taken = taken_for(self.scenario, path) if origin.written is None else None
            given = () if origin.kind in ("file", "set") else (origin.text, *(taken or (origin.source,)))
            return origin.written, ": ".join(filter(None, given))

        return "\n".join(yaml_lines(self.scenario, Scenario, describe)) + "\n"

    def locate(self, path: str) -> Place:
        """Where a setting was written; for one that was not, the key of the nearest mapping around it.

        Returns
        -------
        Place
            ``(file, line, column)``; line and column are None for ``--set``.
        """
        return self.document.place(parse_path(path) or ())

    def problem(self, path: str, message: str) -> Problem:
        """Make a problem of something found wrong with a setting after loading, such as a layout that does not fit."""
        return Problem.at(self.locate(path), path, message)

    def _path(self, text: str) -> Path:
        value: object = self.scenario
        path: Path = ()
        for part in parse_path(text) or ("",):
            below = {str(key): (key, below) for key, below in parts(value)}
            if str(part) not in below:
                msg = f"the scenario has no setting '{text}'"
                raise KeyError(msg)
            key, value = below[str(part)]
            path = (*path, key)
        return path
