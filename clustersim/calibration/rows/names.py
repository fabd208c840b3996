"""Which model a row is about, however its name is spelled."""

import re
from collections.abc import Mapping
from functools import lru_cache

from clustersim.calibration.rows.cells import Cells, RowError
from clustersim.catalog import entries, entry

_ORGANISATION = re.compile(r"^\s*[\w.-]+/(?=\w)")
_EDITION = re.compile(r"[-_ ](?:instruct|base|chat|hf|it|pretrain(?:ed|ing)?|v0\.1)(?![a-z0-9])")
_BRACKETS = re.compile(r"\(.*?\)")
_OTHER = re.compile(r"[^a-z0-9]")

_HYBRIDS = re.compile(
    r"nemotronh|nemotron3(?:5)?(?:nano|super|ultra|lightning)|nemotronnano|mamba|jamba|zamba|bamba|hymba|rwkv|falconh\d"
)
"""Models with layers that are neither attention nor feed-forward: state-space or recurrent ones."""

_OTHER_LAYERS = ("hybrid", "state-space", "state space", "mamba", "linear attention")
_GPT_OSS_SHAPES = {("24", "2880"), ("36", "2880")}
"""Layers and width of gpt-oss 20B and 120B (OpenAI, gpt-oss model card, 2025)."""


def squashed(name: str) -> str:
    """Letters and digits of a model's name, brackets kept, without the organisation that publishes it."""
    return _OTHER.sub("", _ORGANISATION.sub("", name).lower())


def plain_name(name: str) -> str:
    """Name as it is compared: letters and digits, without organisation, brackets, and words such as Instruct."""
    text = _ORGANISATION.sub("", _BRACKETS.sub("", name)).strip().lower()
    while (shorter := _EDITION.sub("", text)) != text:
        text = shorter
    text = _OTHER.sub("", text.removeprefix("meta-").removeprefix("nvidia-"))
    return re.sub(r"llama3[13](?=\d)", "llama3", text)


def catalogued(name: str) -> str | None:
    """Catalogue entry whose name or title is that of a row (:func:`plain_name` compared)."""
    plain = plain_name(name)
    return _titles().get(plain) if plain else None


@lru_cache(maxsize=1)
def _titles() -> Mapping[str, str]:
    known = entries("models")
    return {
        **{plain_name(entry("models", name).title.replace("and 3.1 ", "")): name for name in known},
        **{plain_name(name): name for name in known},
    }


def is_deepseek_v3(cells: Cells) -> bool:
    """Whether a row is about DeepSeek-V3, in any spelling."""
    return squashed(cells.text("model")).startswith("deepseekv3")


def is_gpt_oss(cells: Cells) -> bool:
    """Whether a row is about gpt-oss: by name in any spelling, or by shape."""
    shape = str(cells.whole("n_layers")), str(cells.whole("hidden"))
    return squashed(cells.text("model")).startswith("gptoss") or (
        shape in _GPT_OSS_SHAPES and cells.whole("n_experts") is not None
    )


def refuse_other_architectures(cells: Cells) -> None:
    """Refuse what is no plain transformer: by name, or by what ``missing`` and ``attention`` say beside columns.

    Raises
    ------
    RowError
        Naming the column that says so, and its value.
    """
    no_transformer = "not a transformer of attention and feed-forward layers"
    for column in ("missing", "attention"):
        if any(what in cells.text(column).lower() for what in _OTHER_LAYERS):
            msg = f"column {column}: {cells.text(column)!r}: {no_transformer}"
            raise RowError(msg)
    name = cells.text("model")
    if _HYBRIDS.search(squashed(name)):
        msg = f"column model: {name!r} has state-space or recurrent layers: {no_transformer}"
        raise RowError(msg)
