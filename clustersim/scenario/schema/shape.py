"""The shape of the schema, read off its annotations: what a setting may be, and what lies below it."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from clustersim.scenario.units import Unit


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Every type a setting may take but None: unions taken apart, markers stripped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return alternatives(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return tuple(kind for part in get_args(annotation) for kind in alternatives(part))
    return () if annotation is NoneType else (annotation,)


def sections(annotation: Any) -> tuple[type[BaseModel], ...]:
    """Sections among the alternatives."""
    return tuple(kind for kind in alternatives(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel))


def kinds(annotation: Any) -> dict[str, type[BaseModel]]:
    """Sections among the alternatives by their ``kind``; empty where there is no choice."""
    found = sections(annotation)
    return {kind_of(section): section for section in found} if len(found) > 1 else {}


def kind_of(section: type[BaseModel]) -> str:
    """Value of the ``kind`` that selects a section."""
    return str(get_args(section.model_fields["kind"].annotation)[0])


def section_for(annotation: Any, value: object) -> type[BaseModel] | None:
    """Section that a value is, or is read as: by its ``kind`` where there is a choice."""
    if isinstance(value, BaseModel):
        return type(value)
    choice = kinds(annotation)
    if choice:
        return choice.get(str(value.get("kind"))) if isinstance(value, dict) else None
    return next(iter(sections(annotation)), None)


def field_type(section: type[BaseModel], name: str) -> Any:
    """Annotation of one field, with the markers that pydantic keeps apart put back; None for an unknown field."""
    field = section.model_fields.get(name)
    if field is None:
        return None
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def below(annotation: Any, key: str | int, value: object = None) -> Any:
    """Annotation of what lies under ``key``; None where nothing can.

    Parameters
    ----------
    annotation : Any
        Annotation of the container.
    key : str or int
        Field, mapping key or index.
    value : object
        The container itself, raw or validated; its ``kind`` decides where there is a choice.
    """
    section = section_for(annotation, value)
    if section is not None:
        return field_type(section, str(key))
    return element_type(annotation)


def element_type(annotation: Any) -> Any:
    """Annotation of the elements of a list or of the values of a free mapping; None for anything else."""
    for kind in alternatives(annotation):
        if get_origin(kind) is tuple:
            return get_args(kind)[0]
        if get_origin(kind) is dict:
            return get_args(kind)[1]
    return None


def is_list(annotation: Any) -> bool:
    """Whether the setting is a list."""
    return any(get_origin(kind) is tuple for kind in alternatives(annotation))


def table_of(annotation: Any) -> str:
    """Catalogue table whose entries may stand here by name; empty if none may."""
    return next((table for section in sections(annotation) if (table := getattr(section, "table", ""))), "")


def choices(annotation: Any) -> tuple[Any, ...]:
    """Values that a setting may be spelled out as (its literals)."""
    return tuple(v for kind in alternatives(annotation) if get_origin(kind) is Literal for v in get_args(kind))


def dimension(annotation: Any) -> str | None:
    """Name of the dimension of a setting, None for a plain one."""
    if get_origin(annotation) is Annotated:
        for marker in annotation.__metadata__:
            if isinstance(marker, Unit):
                return marker.dimension
    return next(filter(None, map(dimension, get_args(annotation))), None)
