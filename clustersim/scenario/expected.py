"""What a setting wants and what it got, in words."""

from typing import Any, get_origin

from clustersim.scenario.dimensions import DIMENSIONS
from clustersim.scenario.quantity import format_quantity, suggestion
from clustersim.scenario.schema.shape import alternatives, choices, dimension, kinds, sections, table_of

_PLAIN = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_LONGEST = 60


def expected(annotation: Any) -> str:
    """Say what may stand in a place, e.g. ``"a time such as 30 min or young-daly"``."""
    unit = dimension(annotation)
    words = [f"{DIMENSIONS[unit].phrase} such as {DIMENSIONS[unit].example}"] if unit else []
    if table_of(annotation):
        words.append("the name of a catalogue entry")
    if sections(annotation):
        words.append("a mapping with a 'kind'" if kinds(annotation) else "a mapping")
    words += [
        name
        for alternative in alternatives(annotation)
        if (name := _container(alternative) or ("" if unit else _PLAIN.get(alternative, "")))
    ]
    literal = choices(annotation)
    if literal:
        words.append(listed(literal) if words or len(literal) == 1 else f"one of {listed(literal)}")
    return " or ".join(words)


def _container(alternative: Any) -> str:
    return {tuple: "a list", dict: "a mapping"}.get(get_origin(alternative), "")


def listed(values: tuple[Any, ...]) -> str:
    """Write values one after the other."""
    return ", ".join(map(str, values))


def bound(value: float, annotation: Any) -> str:
    """Write a limit with the unit of its setting."""
    unit = dimension(annotation)
    return format_quantity(value, unit) if unit else f"{value:g}"


def shown(value: object) -> str:
    """Show what was given, cut short."""
    if isinstance(value, dict | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if not isinstance(value, str):
        return repr(value)
    return f"'{value}'" if len(value) <= _LONGEST else f"'{value[:_LONGEST]}...'"


def advice(value: object, annotation: Any) -> str:
    """Say what the user may have meant, if that can be told."""
    kinds_wanted = alternatives(annotation)
    if isinstance(value, str):
        return _for_text(value, annotation)
    if str in kinds_wanted and isinstance(value, int | float):
        return "; put it in quotes if it is text"
    if int in kinds_wanted and isinstance(value, float) and value.is_integer():
        return f"; write {value:.0f}"
    return ""


def _for_text(value: str, annotation: Any) -> str:
    near = suggestion(value, map(str, choices(annotation)))
    if near:
        return near
    plain = value.replace(",", "").replace("_", "")
    if plain.isdecimal() and plain.isascii() and {int, float} & set(alternatives(annotation)):
        return f"; write {plain}"
    return ""
