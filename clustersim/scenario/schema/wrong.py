"""Problems of a section that concern settings below it, raised all at once."""

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


class Wrong(NamedTuple):
    """What is wrong with one of the settings below a section."""

    path: tuple[str | int, ...]
    given: object
    message: str


def refuse(section: str, problems: Iterable[Wrong]) -> None:
    """Raise all problems at once, each where it was written."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{error}", {"error": wrong.message}),
            loc=wrong.path,
            input=wrong.given,
        )
        for wrong in problems
    ]
    if details:
        raise ValidationError.from_exception_data(section, details)
