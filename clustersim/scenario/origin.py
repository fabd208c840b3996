"""Where each value of a resolved scenario comes from: the user, the catalogue or a default."""

from dataclasses import dataclass, field
from typing import Any, Literal

from clustersim import catalog
from clustersim.scenario.document import Document, Path
from clustersim.scenario.leaves import CATALOGUE_ENTRY
from clustersim.scenario.problems import Place
from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.overlay import LIKE
from clustersim.scenario.schema.section import Section

OriginKind = Literal["file", "set", "catalogue", "default"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from.

    Parameters
    ----------
    kind : str
        ``file``, ``set`` (the command line), ``catalogue`` or ``default``.
    text : str
        ``plan.yaml:12:5``, ``--set spares.warm``, ``catalogue accelerators/h100-sxm`` or ``default``.
    source : str
        Paper or datasheet behind a catalogue value or a default; empty where there is none.
    place : Place or None
        Where the user wrote it.
    written : str or None
        The value as it was written there, in the catalogue or in the schema.
    """

    kind: OriginKind
    text: str
    source: str = ""
    place: Place | None = None
    written: str | None = None

    def __str__(self) -> str:
        return self.text


@dataclass
class _Trail:
    """What is passed on the way to a setting."""

    entries: list[tuple[catalog.Entry, int]] = field(default_factory=list)
    """Catalogue entries in use, each with the length of the path to its section."""
    catalogued: set[int] = field(default_factory=set)
    """Lengths of the paths to sections that a name may stand for."""
    source: str = ""
    """Source of the innermost default."""
    default: Any = None
    """The innermost default, as it is written in the schema."""


def origin_of(path: Path, scenario: Section, document: Document) -> Origin:
    """Tell where a value comes from.

    Parameters
    ----------
    path : Path
        Path of a setting that exists in the resolved scenario.
    scenario : Section
        The resolved scenario.
    document : Document
        What the user wrote.
    """
    trail = _trail(path, scenario, document)
    raw = document.get(path)
    if path in document.values and not isinstance(raw, dict):
        return _written(document.values[path], raw)
    for entry, depth in trail.entries:
        value = entry.values.get(".".join(map(str, path[depth:])))
        if value is not None:
            return _in_catalogue(entry, value, value.text)
    return _from_above(path, document, trail)


def _from_above(path: Path, document: Document, trail: _Trail) -> Origin:
    """Origin of a value that a shorter one stands for: the name of an entry, a bare duration, an empty mapping."""
    found = document.written(path)
    if found and _stands_for(document.get(found), found, path, trail):
        return _written(document.values.get((*found, LIKE), document.values[found]), None)
    for entry, depth in trail.entries:
        value = entry.values.get(".".join(map(str, path[depth:-1])))
        if value is not None and path[-1] == CATALOGUE_ENTRY:
            return _in_catalogue(entry, value, None)
    return Origin("default", "default", trail.source, written=trail.default if isinstance(trail.default, str) else None)


def _stands_for(raw: object, found: Path, path: Path, trail: _Trail) -> bool:
    if len(found) in trail.catalogued:
        return path == (*found, CATALOGUE_ENTRY) and (isinstance(raw, str) or (isinstance(raw, dict) and LIKE in raw))
    return path == found or not isinstance(raw, dict | tuple)


def _written(place: Place, raw: object) -> Origin:
    text = raw if isinstance(raw, str) else None
    return Origin("set" if place.line is None else "file", str(place), place=place, written=text)


def _in_catalogue(entry: catalog.Entry, value: catalog.Value, text: str | None) -> Origin:
    return Origin("catalogue", f"catalogue {entry.table}/{entry.name}", value.source, written=text)


def _trail(path: Path, scenario: Section, document: Document) -> _Trail:
    trail = _Trail()
    value: Any = scenario
    for depth, key in enumerate(path):
        if isinstance(value, Section):
            _note_section(value, path[: depth + 1], document, trail)
            value = getattr(value, str(key))
        else:
            value = value[key]
    return trail


def _note_section(section: Section, path: Path, document: Document, trail: _Trail) -> None:
    key = str(path[-1])
    if isinstance(section, Catalogued):
        _note_entry(section, path[:-1], document, trail)
        # The source of the choice of an entry is not the source of what the entry leaves open.
        keeps = key == CATALOGUE_ENTRY or isinstance(trail.default, dict)
        trail.source = trail.source if keeps else ""
    field = type(section).model_fields[key]
    outer = trail.default if isinstance(trail.default, dict) else {}
    trail.default = outer.get(key, field.default)
    extra = field.json_schema_extra
    trail.source = str(extra.get("source", trail.source)) if isinstance(extra, dict) else trail.source


def _note_entry(section: Catalogued, path: Path, document: Document, trail: _Trail) -> None:
    raw = document.get(path)
    if isinstance(raw, str) or (isinstance(raw, dict) and LIKE in raw):
        trail.entries.clear()
    trail.catalogued.add(len(path))
    name = section.catalogue_entry
    if name is not None and name in catalog.entries(section.table):
        trail.entries.append((catalog.entry(section.table, name), len(path)))
