"""Sections that may be given as the name of a catalogue entry instead of being written out."""

from typing import Any

from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from clustersim import catalog
from clustersim.scenario.schema.overlay import LIKE, overlay
from clustersim.scenario.schema.section import Section, setting

UNKNOWN_ENTRY = "unknown_entry"
"""Type of the validation error for a name that the catalogue does not have."""

_NOUNS = {"failures": "failure model", "corpora": "corpus", "mixes": "mix"}


def unknown_entry(table: str, name: str) -> str | None:
    """Say that a table has no such entry, with the nearest and all known names; None when it has."""
    if name in catalog.names(table):
        return None
    noun = _NOUNS.get(table, table.removesuffix("s").replace("_", " "))
    try:
        catalog.entry(table, name)
    except catalog.UnknownEntry as unknown:
        near = f", did you mean '{unknown.close_matches[0]}'?" if unknown.close_matches else ";"
    return f"unknown {noun} '{name}'{near} Known: {', '.join(catalog.entries(table))}"


def entry_of(table: str) -> AfterValidator:
    """Hold a setting to the names of a table's entries, which it does not fill in."""

    def known(name: str) -> str:
        problem = unknown_entry(table, name)
        if problem is not None:
            raise PydanticCustomError(UNKNOWN_ENTRY, "{problem}", {"problem": problem})
        return name

    return AfterValidator(known)


class Catalogued(Section):
    """A section that a catalogue table has entries for.

    It may be written as the name of an entry, as a mapping of its own, or as a mapping with the key ``like``:
    the values of that entry, with those in the mapping laid over them. ``like: null`` starts from nothing: a file that
    is laid over others says with it that none of their values stay.
    """

    catalogue_entry: str | None = setting(
        None, description="catalogue entry that the values were filled in from; for the record, it fills in nothing"
    )

    def __init_subclass__(cls, *, table: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.table = table

    @model_validator(mode="before")
    @classmethod
    def _fill_in_entry(cls, value: object) -> object:
        if isinstance(value, str):
            return cls._entry(value)
        if isinstance(value, dict) and LIKE in value:
            own = {key: setting for key, setting in value.items() if key != LIKE}
            return own if value[LIKE] is None else overlay(cls._entry(value[LIKE]), own, cls)
        return value

    @classmethod
    def _entry(cls, name: object) -> dict[str, Any]:
        if not isinstance(name, str):
            raise PydanticCustomError(UNKNOWN_ENTRY, "must be the name of a catalogue entry, in text")
        problem = unknown_entry(cls.table, name)
        if problem is not None:
            raise PydanticCustomError(UNKNOWN_ENTRY, "{problem}", {"problem": problem})
        found = catalog.entry(cls.table, name)
        return {**found.tree(), "catalogue_entry": found.name}
