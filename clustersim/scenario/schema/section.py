"""The base of every part of a scenario: frozen, strict, extra keys forbidden, defaults checked like input."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from clustersim.scenario.schema.overlay import overlay


class Section(BaseModel):
    """One mapping of a scenario file. Immutable; an unknown key is an error; defaults pass the same checks as input."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
    )

    table: ClassVar[str] = ""
    """Catalogue table whose entries may stand in for the section, if there is one."""

    @model_validator(mode="before")
    @classmethod
    def _lay_over_default_mappings(cls, value: object) -> object:
        # A default that is a mapping holds for every key the user leaves out: `crash: {median: 60 s}` keeps its sigma.
        if not isinstance(value, dict):
            return value
        laid = {
            name: overlay(field.default, value[name], field.annotation)
            for name, field in cls.model_fields.items()
            if isinstance(field.default, dict) and isinstance(value.get(name), dict)
        }
        return {**value, **laid} if laid else value


def setting(default: Any = ..., *, description: str, source: str | None = None, **constraints: Any) -> Any:
    """Declare one field of a section.

    Parameters
    ----------
    default : Any
        Default, written as a user would write it ("10 min"); omitted for a required field.
    description : str
        What the field means; shown in errors, the JSON Schema and the report.
    source : str, optional
        Where the default comes from, with its year. Required reading for whoever doubts a forecast:
        the report lists it for every default in use.
    **constraints : Any
        Passed to :func:`pydantic.Field` (``ge=``, ``discriminator=`` ...), in SI units.
    """
    extra: dict[str, Any] = {} if source is None else {"source": source}
    if "default_factory" in constraints:
        return Field(description=description, json_schema_extra=extra, **constraints)
    return Field(default, description=description, json_schema_extra=extra, **constraints)
