"""JSON Schema of a scenario file, for editors."""

from typing import Any

from clustersim import catalog
from clustersim.scenario.messages import EXTENDS
from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.overlay import LIKE
from clustersim.scenario.schema.scenario import Scenario

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/"
_FOREIGN = ("discriminator", "ge", "gt", "le", "lt")
"""Keys that pydantic leaves in a schema and JSON Schema does not have; limits of text with a unit are among them."""
_PARTIAL = "Partial"
_NAME = {"type": "string"}
_EXTENDS = {
    "description": "preset or file to build on, or several, each laid over the one before",
    "anyOf": [_NAME, {"type": "array", "items": _NAME}],
}


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file.

    A section that the catalogue has entries for is the name of one, a mapping with ``like``, or a whole mapping. A
    file that extends another may leave anything out, so each definition is there twice, whole and partial.
    """
    generated = _plain(Scenario.model_json_schema(mode="validation"))
    whole = {**generated.pop("$defs"), "Scenario": generated}
    generated["properties"][EXTENDS] = _EXTENDS
    partial = {f"{name}{_PARTIAL}": _partial(definition) for name, definition in whole.items()}
    for section in Catalogued.__subclasses__():
        name = section.__name__
        named = {"type": "string", "enum": list(catalog.names(section.table))}
        loose = _with_like(partial[f"{name}{_PARTIAL}"], named)
        whole[name] = {"anyOf": [named, {**loose, "required": [LIKE]}, whole[name]]}
        partial[f"{name}{_PARTIAL}"] = {"anyOf": [named, loose]}
    return {
        "$schema": _DIALECT,
        "title": "clustersim scenario",
        "description": str(Scenario.__doc__),
        "type": "object",
        "if": {"required": [EXTENDS]},
        "then": {"$ref": f"{_REF}Scenario{_PARTIAL}"},
        "else": {"$ref": f"{_REF}Scenario"},
        "$defs": whole | partial,
    }


def _plain(node: Any) -> Any:
    """Keep to JSON Schema proper, and let a mapping be partial where the default is one: what it omits is kept."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {"anyOf" if key == "oneOf" else key: _plain(value) for key, value in node.items() if key not in _FOREIGN}
    return _partial(kept) if isinstance(kept.get("default"), dict) else kept


def _partial(node: Any) -> Any:
    """Copy a definition with nothing required, here or below."""
    if isinstance(node, list):
        return [_partial(item) for item in node]
    if not isinstance(node, dict):
        return node
    loose = {key: _partial(value) for key, value in node.items() if key != "required"}
    target = loose.get("$ref")
    if isinstance(target, str) and not target.endswith(_PARTIAL):
        loose["$ref"] = target + _PARTIAL
    return loose


def _with_like(definition: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    like = {"anyOf": [named, {"type": "null"}], "description": "catalogue entry to start from; null: from nothing"}
    return {**definition, "properties": {LIKE: like, **definition["properties"]}}
