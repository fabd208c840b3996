"""The page on names: every suffix it lists is in use, and none of the usual spellings beside it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "nomenclature.md").read_text(encoding="utf-8")
SUFFIXES = sorted(set(re.findall(r"`(_\w+)`", PAGE)))


def names() -> Iterator[str]:
    for file in (ROOT / "clustersim").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.FunctionDef):
                yield node.name
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


NAMES = set(names())


def test_the_page_lists_suffixes() -> None:
    assert {"_s", "_bytes_s", "_flop_s", "_usd_per_gpu_s", "_mwh"} <= set(SUFFIXES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_is_in_use(suffix: str) -> None:
    assert any(name.endswith(suffix) and name != suffix for name in NAMES)


@pytest.mark.parametrize("other", ["_Bps", "_bytes_per_s", "_flops_s", "_watts", "_dollars", "_ms", "_kwh"])
def test_no_other_spelling_is_in_use(other: str) -> None:
    assert [name for name in NAMES if name.endswith(other) and name.isidentifier()] == []
