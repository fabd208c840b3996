"""YAML text to raw values with places; the traps of YAML 1.1 are closed.

Only ``true`` and ``false`` are booleans, ``1:30`` is text and not 90, ``064`` is an error and not 52, dates stay text.
Tags, anchors, aliases, merge keys and several documents in a file are refused: a scenario says what it means.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from clustersim.scenario.document import Document, Path, dotted
from clustersim.scenario.problems import Place, Problem, ScenarioError

_LOADER: Any = getattr(yaml, "CLoader", yaml.Loader)
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"([-+]?)0+([0-9][0-9_]*(?:\.[0-9]*)?)")
_KEY = re.compile(r"[\w-]+")
_DEEPEST = 40
_LONGEST_NUMBER = 60


def read_text(text: str, file: str, at: Place | None = None) -> Document:
    """Read one YAML document.

    Parameters
    ----------
    text : str
        The text.
    file : str
        Name for messages.
    at : Place, optional
        Place to give to every value instead of its own line, for text that comes from no file.

    Returns
    -------
    Document
        Values, places, and the problems that leave the values readable: duplicate keys and leading zeros.

    Raises
    ------
    ScenarioError
        If the text is not YAML or uses a part of YAML that scenarios do without.
    """
    return _Reader(file, at).read(text)


class _Reader:
    def __init__(self, file: str, at: Place | None) -> None:
        self.file = file
        self.at = at
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self.readable = True
        self.events: Iterator[Any] = iter(())

    def read(self, text: str) -> Document:
        self._refuse_control_characters(text)
        try:
            self.events = iter(yaml.parse(text, Loader=_LOADER))
            value = self._document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._refuse(mark, (), _syntax(error, text, mark))
            raise ScenarioError(self.problems) from None
        if not self.readable:
            raise ScenarioError(self.problems)
        return Document(self.file, value, self.values, self.keys, tuple(self.problems))

    def _refuse_control_characters(self, text: str) -> None:
        match = yaml.reader.Reader.NON_PRINTABLE.search(text)
        if match:
            before = text[: match.start()]
            place = Place(self.file, before.count("\n") + 1, len(before) - before.rfind("\n"))
            message = f"the character U+{ord(match[0]):04X} is not allowed in YAML"
            raise ScenarioError([Problem.at(self.at or place, "", message)])

    def _document(self) -> Any:
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self._value(next(self.events), ())
        next(self.events)
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse(
                event.start_mark, (), "a second document starts here; a scenario is one document, without '---'"
            )
        return value

    def _place(self, mark: Any) -> Place:
        return self.at or (Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 1, 1))

    def _note(self, mark: Any, path: Path, message: str) -> None:
        self.problems.append(Problem.at(self._place(mark), dotted(path), message))

    def _refuse(self, mark: Any, path: Path, message: str) -> None:
        self._note(mark, path, message)
        self.readable = False

    def _value(self, event: Any, path: Path) -> Any:
        self.values[path] = self._place(event.start_mark)
        if event.anchor is not None:
            self._refuse(event.start_mark, path, "anchors (&) and aliases (*) are not supported: write the value again")
        if getattr(event, "tag", None) is not None:
            self._refuse(event.start_mark, path, f"the tag {_short_tag(event.tag)} is not supported")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, path)
        return self._scalar(event, path) if isinstance(event, yaml.ScalarEvent) else None

    def _guard_depth(self, event: Any, path: Path) -> None:
        if len(path) >= _DEEPEST:
            self._refuse(event.start_mark, (), f"nested more than {_DEEPEST} deep")
            raise ScenarioError(self.problems)

    def _sequence(self, event: Any, path: Path) -> tuple[Any, ...]:
        self._guard_depth(event, path)
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return tuple(items)

    def _mapping(self, event: Any, path: Path) -> dict[str, Any]:
        self._guard_depth(event, path)
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key in mapping:
                self._duplicate(event, (*path, key))
            elif key is not None:
                self.keys[(*path, key)] = self._place(event.start_mark)
                mapping[key] = self._value(next(self.events), (*path, key))
            else:
                self._skip(path)
        return mapping

    def _duplicate(self, event: Any, path: Path) -> None:
        self._note(event.start_mark, path, f"duplicate key, already given at {self.keys[path]}")
        self._skip(path)

    def _skip(self, path: Path) -> None:
        """Read a value for its own problems and forget it."""
        kept = dict(self.values), dict(self.keys)
        self._value(next(self.events), path)
        self.values, self.keys = kept

    def _key(self, event: Any, path: Path) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event.start_mark, path, "a key must be plain text")
            self._value(event, path)
            return None
        if event.anchor is not None or event.tag is not None:
            self._refuse(event.start_mark, path, "anchors and tags are not supported on keys")
        if event.value == "<<":
            self._refuse(
                event.start_mark, path, "merge keys (<<) are not supported: use 'extends' at the top of the file"
            )
            return None
        if not _KEY.fullmatch(event.value):
            self._refuse(event.start_mark, path, f"'{event.value}' cannot be a key: letters, digits, '_' and '-' only")
            return None
        return str(event.value)

    def _scalar(self, event: Any, path: Path) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        zero = _LEADING_ZERO.fullmatch(text)
        if zero:
            number = zero[1] + zero[2]
            self._note(
                event.start_mark,
                path,
                f"'{text}' looks like an octal number: write {number}, or quote it if it is text",
            )
            return _number(number)
        return self._finite_number(event, path)

    def _finite_number(self, event: Any, path: Path) -> Any:
        number = _number(event.value)
        if isinstance(number, float) and not math.isfinite(number):
            self._refuse(event.start_mark, path, f"the number {event.value} is too large")
        return number


def _number(text: str) -> int | float | str:
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _syntax(error: yaml.MarkedYAMLError, text: str, mark: Any) -> str:
    line = (text.split("\n")[mark.line : mark.line + 1] or [""])[0] if mark else ""
    hint = " (a tab: indent with spaces)" if "\t" in line[: mark.column + 1 if mark else 0] else ""
    context = f" {error.context}" if error.context else ""
    return f"not valid YAML{context}: {error.problem or 'syntax error'}{hint}"
