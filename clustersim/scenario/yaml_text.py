"""Values to YAML text that this package, and other readers of YAML, understand the same way."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from clustersim.scenario.document import Path
from clustersim.scenario.leaves import parts, value_text
from clustersim.scenario.schema.shape import below

_PLAIN = re.compile(
    r"[A-Za-z$][A-Za-z0-9_./%$()+ -]*(?<! )|[0-9][0-9.]*(?:[kMBT]? [A-Za-z%][A-Za-z0-9/ -]*(?<! )|-[0-9]+-[0-9]+)"
)
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def scalar(value: Any, text: str) -> str:
    """Write one scalar; text is quoted where a YAML reader could take it for something else."""
    if not isinstance(value, str) and not _is_text(value, text):
        return text
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return str(yaml.dump(text, default_style='"', allow_unicode=True, width=math.inf)).rstrip("\n")


def _is_text(value: Any, text: str) -> bool:
    """Whether a value that is no text is written as one, with its unit."""
    return not (value is None or isinstance(value, bool | dict | tuple)) and not _is_number(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


Describe = Callable[[Path], tuple[str | None, str]]
"""Gives for the path of a setting the text to write instead of our own (or None), and a comment for its line."""


def yaml_lines(value: Any, annotation: Any, describe: Describe, path: Path = ()) -> Iterator[str]:
    """Write a validated section, mapping or list as lines of YAML.

    Parameters
    ----------
    value : Any
        What to write.
    annotation : Any
        Its type in the schema.
    describe : callable
        See :data:`Describe`.
    path : Path
        Where the value is.
    """
    for key, part in parts(value):
        lines = list(_entry(part, below(annotation, key, value), describe, (*path, key)))
        if isinstance(key, int):
            yield f"- {lines[0]}"
            yield from (f"  {line}" for line in lines[1:])
        elif parts(part):
            yield f"{key}:"
            yield from (f"  {line}" for line in lines)
        else:
            yield f"{key}: {lines[0]}"


def _entry(value: Any, annotation: Any, describe: Describe, path: Path) -> Iterator[str]:
    if parts(value):
        yield from yaml_lines(value, annotation, describe, path)
        return
    written, comment = describe(path)
    text = scalar(value, value_text(value, annotation) if written is None else written)
    yield f"{text}  # {one_line(comment)}" if comment else text


def one_line(text: str) -> str:
    """Squeeze a text to one line."""
    return " ".join(text.split())
