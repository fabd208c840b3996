"""One mapping laid over another: a file over its preset, a user's values over a catalogue entry."""

from typing import Any

from clustersim.scenario.schema.shape import below, kinds, section_for, table_of

LIKE = "like"
"""Key that names the catalogue entry to start from; null starts from nothing."""


def overlay(base: Any, over: Any, annotation: Any) -> Any:
    """Lay one raw value over another.

    Mappings merge key by key; anything else replaces what lies below, lists included. Three things need the schema:

    * over the name of a catalogue entry, a mapping changes that entry: ``{like: name, ...}``;
    * a mapping with ``like`` starts afresh from that entry, or from nothing where it is null;
    * a mapping with another ``kind`` keeps those keys of the old one that the new kind has too.

    Parameters
    ----------
    base, over : Any
        Raw values, as read from YAML. Neither is changed.
    annotation : Any
        What the schema says of the place where they meet.

    Returns
    -------
    Any
        The merged raw value.
    """
    lower = as_mapping(base, annotation)
    if not isinstance(over, dict) or lower is None or (table_of(annotation) and LIKE in over):
        return over
    if "kind" in over:
        lower = of_kind(lower, over["kind"], annotation)
    merged = {**lower, **over}
    for key in lower.keys() & over.keys():
        merged[key] = overlay(lower[key], over[key], below(annotation, key, merged))
    return merged


def as_mapping(value: object, annotation: Any) -> dict[str, Any] | None:
    """See a raw value as a mapping; the name of a catalogue entry as ``{like: name}``. None if it is no mapping."""
    if isinstance(value, str) and table_of(annotation):
        return {LIKE: value}
    return value if isinstance(value, dict) else None


def of_kind(mapping: dict[str, Any], kind: object, annotation: Any) -> dict[str, Any]:
    """Keep of a mapping only what a section of this ``kind`` has, unless it is of that kind already."""
    if not kinds(annotation) or mapping.get("kind") == kind:
        return mapping
    section = section_for(annotation, {"kind": kind})
    known = section.model_fields if section else {}
    return {key: value for key, value in mapping.items() if key in known}
