"""Read a configuration from TOML and ``--set`` and report everything wrong with it at once."""

import dataclasses
import difflib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_type_hints

from validation.gpt.config import (
    Checkpointing,
    DataSource,
    JobConfig,
    Layout,
    Measuring,
    ModelShape,
    Training,
)
from validation.gpt.config_rules import problems_of
from validation.gpt.problems import ConfigurationError

TABLES: dict[str, type] = {
    "model": ModelShape,
    "train": Training,
    "parallel": Layout,
    "data": DataSource,
    "checkpoint": Checkpointing,
    "measure": Measuring,
}
"""Each table of the file and what it becomes."""


def read_config(path: Path, settings: Sequence[str] = ()) -> JobConfig:
    """Read a configuration file and lay settings of the command line over it.

    Parameters
    ----------
    path : Path
        A TOML file with the six tables.
    settings : sequence of str
        ``table.key=value`` each, the value as TOML writes it; a word that is no TOML is taken as text.

    Raises
    ------
    ConfigurationError
        With every problem: unreadable files, unknown keys, wrong types, impossible combinations.
    """
    tables = _parse(path)
    problems = [problem for setting in settings for problem in _lay_over(tables, setting)]
    config, found = config_from_tables(tables)
    problems += [f"{path}: {problem}" for problem in found]
    if problems or config is None:
        raise ConfigurationError(problems)
    return config


def config_from_tables(tables: dict[str, Any]) -> tuple[JobConfig | None, list[str]]:
    """Build a configuration from parsed tables.

    Returns
    -------
    JobConfig or None, list of str
        The configuration and no problems, or None and all of them.
    """
    problems = [_unknown(name, TABLES, "table") for name in tables if name not in TABLES]
    built = {}
    for name, kind in TABLES.items():
        values, wrong = _checked(name, kind, tables.get(name, {}))
        problems += wrong
        if not wrong:
            built[name] = kind(**values)
    if problems:
        return None, problems
    model = built["model"]
    if model.kv_heads == 0:
        built["model"] = dataclasses.replace(model, kv_heads=model.heads)
    config = JobConfig(**built)
    problems = problems_of(config)
    return (None, problems) if problems else (config, [])


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"{path}: {error.strerror}; give the path of a TOML file"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path}: not TOML: {error}"]) from error


def _lay_over(tables: dict[str, Any], setting: str) -> list[str]:
    """Put one ``table.key=value`` into the tables; return what is wrong with its form."""
    name, equals, text = setting.partition("=")
    table, dot, key = name.strip().partition(".")
    if not (equals and dot and table and key):
        return [f"--set {setting}: write it as table.key=value, for example train.steps=20"]
    inner = tables.setdefault(table, {})
    if isinstance(inner, dict):
        inner[key] = _toml_value(text.strip())
    return []


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _checked(table: str, kind: type, values: Any) -> tuple[dict[str, Any], list[str]]:
    if not isinstance(values, dict):
        return {}, [f"{table}: must be a table, [{table}], not {values!r}"]
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    problems = [f"{table}.{_unknown(key, fields, 'key')}" for key in values if key not in fields]
    missing = dataclasses.MISSING
    for name, field in fields.items():
        if name not in values and field.default is missing:
            problems.append(f"{table}.{name}: missing; it has no default")
    converted = {}
    for key, value in values.items():
        if key in fields:
            converted[key], wrong = _typed(value, hints[key])
            problems += [f"{table}.{key}: {wrong}"] if wrong else []
    return converted, problems


def _unknown(name: str, known: dict[str, Any], what: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
    return f"{name}: unknown {what}; {hint}"


def _typed(value: Any, kind: type) -> tuple[Any, str]:
    """Return the value as its field's type, and what is wrong with it."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value), ""
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value, ""
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text in quotes"}
    return value, f"must be {words[kind]}, not {value!r}"
