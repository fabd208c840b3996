"""The schema is checked with a small validator of our own: it accepts what loads and refuses what does not."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clustersim import catalog
from clustersim import scenario as cs
from clustersim.scenario.yaml_source import read_text

SCHEMA = cs.json_schema()
TYPES: dict[str, Any] = {
    "object": dict,
    "array": tuple,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": int | float,
}
KNOWN = {
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "else",
    "enum",
    "examples",
    "exclusiveMinimum",
    "if",
    "items",
    "maximum",
    "minimum",
    "minItems",
    "pattern",
    "properties",
    "required",
    "source",
    "then",
    "title",
    "type",
}


def accepts(value: Any, schema: dict[str, Any]) -> bool:
    if "$ref" in schema and not accepts(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]):
        return False
    if "if" in schema and not accepts(value, schema["then" if accepts(value, schema["if"]) else "else"]):
        return False
    if "anyOf" in schema and not any(accepts(value, one) for one in schema["anyOf"]):
        return False
    return has_type(value, schema) and fits(value, schema)


def has_type(value: Any, schema: dict[str, Any]) -> bool:
    if "type" not in schema:
        return True
    return isinstance(value, TYPES[schema["type"]]) and (not isinstance(value, bool) or schema["type"] == "boolean")


def fits(value: Any, schema: dict[str, Any]) -> bool:
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        return all(key in value for key in schema.get("required", ())) and all(
            accepts(part, fields[key]) if key in fields else (more if isinstance(more, bool) else accepts(part, more))
            for key, part in value.items()
        )
    if isinstance(value, tuple):
        return len(value) >= schema.get("minItems", 0) and all(accepts(part, schema.get("items", {})) for part in value)
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return False
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if isinstance(value, int | float):
        return bool(
            schema.get("minimum", value) <= value <= schema.get("maximum", value)
            and value > schema.get("exclusiveMinimum", value - 1)
        )
    return True


def keywords(node: Any, inside_names: bool = False) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(keywords, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found = set() if inside_names else set(node)
    for key, value in node.items():
        if inside_names or key not in ("default", "examples", "enum", "const"):
            found |= keywords(value, not inside_names and key in ("properties", "$defs"))
    return found


def test_it_uses_only_what_the_validator_here_knows() -> None:
    assert keywords(SCHEMA) <= KNOWN
    json.dumps(SCHEMA)


SCENARIOS = sorted((Path(cs.__file__).parents[2] / "scenarios").rglob("*.yaml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_it_accepts_the_scenarios_people_copy(path: Path) -> None:
    assert accepts(read_text(path.read_text(encoding="utf-8"), path.name).value, SCHEMA)


def test_it_accepts_a_resolved_scenario(load: Callable[..., cs.Loaded]) -> None:
    assert accepts(read_text(load().resolved_yaml(), "x").value, SCHEMA)


@pytest.mark.parametrize(
    "more",
    [
        "spares: {warm_swap: 90 s, repair: {kind: exponential, mean: 6 h}}\n",
        "recovery: {detection: {crash: {median: 60 s}}, restart: {load: {median: 5 s}}}\n",
        "bill: {gpu_price: {mode: $2.20/GPU-hour}}\n",
        "bill: {gpu_price: h100-2025, site: jean-zay}\n",
        "bill: {gpu_price: {like: h100-2025, high: $5/GPU-hour}, site: {like: jean-zay, pue: 1.3}}\n",
        "failures: {like: llama3-405b, categories: {nic: {rate: 5 per 1000 node-days}}}\n",
        "failures: {like: null, categories: {nic: {component: nic, rate: 5 per 1000 node-days}}}\n",
        "recovery: {manual_fraction: 0.01}\n",
        "maintenance: [{kind: dated, name: x, dates: [2027-02-01T02:00], duration: 4 h}]\n",
        "claims: [{quantity: steps, equals: 3, source: x}]\n",
        "preemption: [{name: x, mean_interval: 5 d, nodes: all, lasts: 2 h}]\n",
    ],
)
def test_it_accepts_what_loads(more: str, plan: str, load: Callable[..., cs.Loaded]) -> None:
    load(more=more)
    assert accepts(read_text(plan + more, "x").value, SCHEMA)


@pytest.mark.parametrize(
    "more",
    [
        "spare: {}\n",
        "spares: {warm: 1.5}\n",
        "spares: {warm_swap: 30}\n",
        "spares: {warm_swap: '30'}\n",
        "failures: lama\n",
        "failures: {like: lama}\n",
        "failures: {rate_multiplier: 2}\n",
        "bill: {site: {pue: 0.5}}\n",
        "recovery: {manual_fraction: 1.5}\n",
        "maintenance: [{kind: random, name: x}]\n",
        "maintenance: [{kind: dated, name: x, dates: [], duration: 4 h}]\n",
        "claims: [{quantity: step, equals: 3, source: x}]\n",
        "preemption: [{name: x, mean_interval: 5 d, nodes: most, lasts: 2 h}]\n",
    ],
)
def test_it_refuses_what_does_not_load(more: str, plan: str, wrong: Callable[..., list[str]]) -> None:
    assert wrong(more=more)
    assert not accepts(read_text(plan + more, "x").value, SCHEMA)


def test_a_file_that_extends_may_leave_things_out() -> None:
    assert accepts({"extends": "h100-cluster", "training": {"precision": "fp8"}}, SCHEMA)
    assert accepts({"extends": ("a.yaml", "b.yaml"), "cluster": {"node": {"gpus": 4}}}, SCHEMA)
    assert not accepts({"extends": "h100-cluster", "training": {"precisoin": "fp8"}}, SCHEMA)
    assert not accepts({"training": {"precision": "fp8"}}, SCHEMA)


def test_it_names_entries_meanings_and_sources() -> None:
    accelerator = SCHEMA["$defs"]["Accelerator"]["anyOf"]
    assert accelerator[0]["enum"] == list(catalog.names("accelerators"))
    assert accelerator[1]["required"] == ["like"]
    timeout = SCHEMA["$defs"]["Detection"]["properties"]["hang_timeout"]
    assert timeout["default"] == "10 min"
    assert "collective timeout" in timeout["description"]
    assert "ByteRobust" in timeout["source"]
    assert timeout["title"] == "a time with its unit"
