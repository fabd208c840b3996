"""Settings from the command line: ``--set spares.warm=16``."""

from dataclasses import replace
from typing import Any

from clustersim.scenario.document import Document, Path, dotted, nearest, parse_path, paths_of
from clustersim.scenario.messages import EXTENDS
from clustersim.scenario.problems import Place, Problem, ScenarioError
from clustersim.scenario.schema.overlay import as_mapping, of_kind
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.shape import below, element_type, is_list, kinds, section_for, sections
from clustersim.scenario.yaml_source import read_text


class _NoSuchPlaceError(Exception):
    """A path that leads nowhere."""


def apply_override(document: Document, override: str) -> Document:
    """Set one value.

    Parameters
    ----------
    document : Document
        What the files say.
    override : str
        ``PATH=VALUE``, the value in YAML: ``training.phases[0].tokens=1T tokens``. A mapping or a list is written in
        braces or brackets and replaces what stood there.

    Returns
    -------
    Document
        A new document.

    Raises
    ------
    ScenarioError
        If it is not ``PATH=VALUE``, the value is not YAML, or the path goes through something that has no parts.
    """
    text, equals, written = override.partition("=")
    name = text.strip()
    place = Place(f"--set {name}")
    path = parse_path(name)
    if not equals or path is None:
        raise _error(Place(f"--set {override}"), "write PATH=VALUE, e.g. spares.warm=16")
    if path[0] == EXTENDS:
        raise _error(place, "what a scenario extends is written at the top of its file")
    given = _value(written, place)
    try:
        path, value = _assign(document.value, path, given.value, Scenario)
    except _NoSuchPlaceError as problem:
        raise _error(place, str(problem)) from None
    return _placed(document, value, path, given, place)


def _error(place: Place, message: str) -> ScenarioError:
    return ScenarioError([Problem.at(place, "", message)])


def _value(written: str, place: Place) -> Document:
    if not written.strip():
        raise _error(place, "has no value: write PATH=VALUE, or null for none")
    given = read_text(written, place.file, at=place)
    if isinstance(given.value, dict | tuple) and written.lstrip()[0] not in "{[":
        raise _error(place, "put a text with ': ' or '- ' in quotes; write a mapping as {key: value}, a list as [a, b]")
    return given


def _assign(value: Any, path: Path, new: Any, annotation: Any) -> tuple[Path, Any]:
    """Copy a raw value with one setting changed. The path comes back with its indices as numbers."""
    if not path:
        return (), new
    if section_for(annotation, value) is None and not kinds(annotation) and is_list(annotation):
        return _assign_item(value, path, new, element_type(annotation))
    return _assign_key(value, path, new, annotation)


def _assign_item(value: Any, path: Path, new: Any, annotation: Any) -> tuple[Path, Any]:
    count = len(value) if isinstance(value, tuple) else 0
    index = int(path[0]) if str(path[0]).isdecimal() else count
    if index >= count:
        has = f"it has [0] to [{count - 1}]" if count > 1 else "it has only [0]" if count else "the list is empty"
        msg = f"there is no [{path[0]}]: {has}"
        raise _NoSuchPlaceError(msg)
    below_it, item = _assign(value[index], path[1:], new, annotation)
    return (index, *below_it), (*value[:index], item, *value[index + 1 :])


def _assign_key(value: Any, path: Path, new: Any, annotation: Any) -> tuple[Path, Any]:
    key = str(path[0])
    if annotation is not None and not sections(annotation) and element_type(annotation) is None:
        msg = f"nothing lies below a single value, so there is no '{key}'"
        raise _NoSuchPlaceError(msg)
    mapping = as_mapping(value, annotation) or {}
    if key == "kind" and len(path) == 1:
        mapping = of_kind(mapping, new, annotation)
    section = section_for(annotation, mapping)
    old = mapping.get(key)
    if old is None and section is not None and key in section.model_fields and len(path) > 1:
        old = section.model_fields[key].get_default()
    below_it, item = _assign(old, path[1:], new, below(annotation, key, mapping))
    return (key, *below_it), {**mapping, key: item}


def _placed(document: Document, value: Any, path: Path, given: Document, place: Place) -> Document:
    """Give the new values their place, and the mappings that were made on the way; the others keep theirs."""
    old, own = document.values, {(*path, *deeper) for deeper in given.values}
    places: dict[Path, Place] = {}
    for p in paths_of(value):
        made = p in own or (p not in old and p == path[: len(p)])
        places[p] = place if made else nearest(old, p)
    keys = {p: at for p, at in document.keys.items() if p in places}
    problems = tuple(replace(problem, path=_joined(dotted(path), problem.path)) for problem in given.problems)
    return replace(
        document, value=value, values=places, keys={**keys, path: place}, problems=document.problems + problems
    )


def _joined(path: str, deeper: str) -> str:
    return f"{path}{deeper}" if deeper[:1] in ("", "[") else f"{path}.{deeper}"
