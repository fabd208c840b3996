"""Validation errors in our own words: one problem per setting, with its path as the user wrote it."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from clustersim.scenario.document import Document, Path, dotted, step_into
from clustersim.scenario.expected import advice, bound, expected, shown
from clustersim.scenario.problems import Problem
from clustersim.scenario.quantity import nearest_word, suggestion
from clustersim.scenario.schema.catalogued import UNKNOWN_ENTRY
from clustersim.scenario.schema.overlay import LIKE
from clustersim.scenario.schema.shape import alternatives, below, choices, kinds, section_for, sections, table_of

EXTENDS = "extends"
"""Key at the top of a file that names what it builds on."""

_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_IN_OUR_WORDS = ("value_error", UNKNOWN_ENTRY)
_BESIDE = {UNKNOWN_ENTRY: LIKE, "union_tag_invalid": "kind"}
"""Errors of a mapping that are the fault of one key in it."""


@dataclass(frozen=True)
class _Spot:
    """A place in the schema: path as written, what may stand there, and the section around it."""

    path: Path
    annotation: Any
    section: type[BaseModel] | None


def problems_of(error: ValidationError, document: Document, root: type[BaseModel]) -> list[Problem]:
    """Turn a validation error into problems with places.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    document : Document
        The raw values that were validated.
    root : type
        The model they were validated against.
    """
    found: dict[Path, list[tuple[Any, _Spot]]] = {}
    for item in error.errors(include_url=False):
        spot = _spot(list(item["loc"]), document.value, root)
        if item["type"] == "too_short" and document.get(spot.path):
            continue  # only short of the entries that have problems of their own
        found.setdefault(spot.path, []).append((item, spot))
    misspelt = {_meant(items[0][1]) for items in found.values() if items[0][0]["type"] == "extra_forbidden"}
    return [
        _problem(items, document)
        for path, items in found.items()
        if path not in misspelt or items[0][0]["type"] != "missing"
    ]


def _meant(spot: _Spot) -> Path:
    """Path that an unknown key was probably meant for; that it is missing needs no saying then."""
    return (*spot.path[:-1], nearest_word(str(spot.path[-1]), _known_keys(spot)) or "")


def _spot(location: list[int | str], value: Any, root: type[BaseModel]) -> _Spot:
    """Follow pydantic's location through the schema; drop the tags of unions, which nobody wrote."""
    path: Path = ()
    annotation: Any = root
    section: type[BaseModel] | None = None
    while location:
        if location[0] in kinds(annotation):
            annotation = kinds(annotation)[str(location.pop(0))]
            if not isinstance(value, dict):
                return _Spot(path, below(annotation, location[0]) if location else annotation, section)
            continue
        if not sections(annotation) and len(alternatives(annotation)) > 1:
            break
        key = location.pop(0)
        section = section_for(annotation, value)
        annotation, value, path = below(annotation, key, value), step_into(value, key), (*path, key)
    return _Spot(path, annotation, section)


def _problem(items: list[tuple[Any, _Spot]], document: Document) -> Problem:
    item, spot = next((pair for pair in items if pair[0]["type"] in _IN_OUR_WORDS), items[0])
    kind, path = item["type"], spot.path
    if kind == "extra_forbidden":
        return Problem.at(document.key_place(path), dotted(path), _unknown_key(spot))
    if kind == "missing":
        return Problem.at(document.place(path), dotted(path), _missing(spot))
    raw = document.get(path)
    if isinstance(raw, dict) and kind in _BESIDE:
        path = (*path, _BESIDE[kind])
    if raw is None and kind in _BOUNDS:
        raw = bound(item["input"], spot.annotation)
    message = _message(item, spot.annotation, item["input"] if raw is None else raw)
    if len(items) > 1 and choices(spot.annotation):
        message += f"; or write {' or '.join(map(str, choices(spot.annotation)))}"
    return Problem.at(document.place(path), dotted(path), message)


def _known_keys(spot: _Spot) -> list[str]:
    known = list(spot.section.model_fields) if spot.section else []
    return known + ([LIKE] if table_of(spot.section) else []) + ([EXTENDS] if len(spot.path) == 1 else [])


def _unknown_key(spot: _Spot) -> str:
    known = _known_keys(spot)
    near = suggestion(str(spot.path[-1]), known)
    return f"unknown key{near}" if near else f"unknown key; known here: {', '.join(known)}"


def _missing(spot: _Spot) -> str:
    field = spot.section.model_fields.get(str(spot.path[-1])) if spot.section else None
    message = f"missing: {field.description if field else expected(spot.annotation)}"
    return f"{message}; or start from a catalogue entry with 'like'" if table_of(spot.section) else message


def _message(item: Any, annotation: Any, given: object) -> str:
    kind = item["type"]
    if given is None:
        return f"is empty: it must be {expected(annotation)}, or leave the key out"
    if kind in _IN_OUR_WORDS:
        return str(item["ctx"]["error"] if kind == "value_error" else item["msg"])
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"must be {words} {bound(item['ctx'][name], annotation)}, got {shown(given)}"
    if kind == "union_tag_invalid":
        return _unknown_kind(item["ctx"]["tag"], kinds(annotation))
    if kind == "union_tag_not_found" and isinstance(given, dict):
        return f"has no 'kind': give one of {', '.join(kinds(annotation))}"
    if kind == "too_short":
        return "is an empty list: give at least one entry"
    return f"must be {expected(annotation)}, got {shown(given)}{advice(given, annotation)}"


def _unknown_kind(tag: str, known: dict[str, type[BaseModel]]) -> str:
    near = suggestion(tag, known)
    return f"unknown kind '{tag}'{near or ';'} Known: {', '.join(known)}"
