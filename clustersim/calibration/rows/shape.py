"""The model of a published row: its printed shape, or one that a rule fills in."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from clustersim.calibration.rows.cells import Assumption, Cells, RowError
from clustersim.calibration.rows.faults import fault_of
from clustersim.calibration.rows.names import catalogued, is_deepseek_v3, is_gpt_oss, refuse_other_architectures
from clustersim.calibration.rows.recipes import prediction_layers
from clustersim.calibration.rows.remarks import SHAPE_SIGMA, Remark
from clustersim.catalog import entry
from clustersim.scenario.schema.model import Model

_DEEPSEEK_V3_ATTENTION: Mapping[str, int] = {
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "rope_head_dim": 64,
    "nope_head_dim": 128,
    "value_head_dim": 128,
}
"""Latent attention of every ``mla`` row (DeepSeek-V3, arXiv 2412.19437, section 4.2); the columns do not hold it."""

_GPT_OSS_WINDOW = 128
"""Tokens that every second layer of gpt-oss looks back (OpenAI, gpt-oss model card, 2025)."""

_HEAD_WIDTH = 128
"""Width of a head where the heads are not said: that of GPT-3 175B (96 heads of 12,288) and of every Llama."""

_ASPECT = 128
"""Width over depth of a GPT known by its size alone: GPT-3 175B has 12,288 / 96."""

_PLAIN_VOCABULARY, _GATED_VOCABULARY = 51200, 32000
"""GPT-2's 50,257 rows padded for TP (Narayanan et al. 2021, section 5.1); Llama's."""

_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z0-9])")
_SHAPE = ("n_layers", "hidden", "n_heads", "ffn_hidden")
_GUESSED = frozenset({"n_layers hidden", "n_heads", "gated", "ffn_hidden", "vocab"})
_NAMED, _WIDTHS = "the catalogue's model of that name", "hidden / head_dim"


def model_of(cells: Cells, tensor: int, pipeline: int) -> tuple[Model, list[Assumption]]:
    """Model of a row.

    Parameters
    ----------
    cells : Cells
        The row.
    tensor, pipeline : int
        Parallelism that a shape known by its size alone has to divide by.

    Returns
    -------
    model : Model
        Printed, or filled in where the row leaves cells empty: from the catalogue's model of the same name; else
        from the size in the name, as a GPT of ``12 L h^2 + V h`` parameters (Narayanan et al. 2021, eq. 2).
    assumed : list of Assumption
        What was filled in.

    Raises
    ------
    RowError
        If no rule gives the shape.
    """
    refuse_other_architectures(cells)
    if all(cells.text(column) for column in _SHAPE[:2]) and (cells.text("n_heads") or cells.text("head_dim")):
        return _printed(cells, {}, [])
    named = catalogued(cells.text("model"))
    if named is not None and not any(_differs(cells, column, named) for column in _SHAPE):
        model = _as_trained(Model.model_validate(named), cells)
        columns = " ".join(column for column in (*_SHAPE, "vocab") if not cells.text(column))
        return model, [Assumption(columns or "shape", _NAMED, named)]
    return _printed(cells, *_sized(cells, tensor, pipeline))


def _as_trained(model: Model, cells: Cells) -> Model:
    """The catalogue's model with what its entry leaves out: multi-token prediction, the window of gpt-oss."""
    change: dict[str, Any] = {"prediction_layers": prediction_layers(cells)}
    if is_gpt_oss(cells):
        change |= {"ffn_bias": True, "attention_window": _GPT_OSS_WINDOW}
    return model.model_copy(update=change)


def _is_latent(cells: Cells) -> bool:
    said = cells.text("attention").lower()
    return "mla" in said or (not said and is_deepseek_v3(cells))


def guesses(assumed: Iterable[Assumption]) -> list[Remark]:
    """What was guessed of a shape, as remarks: what no print, name or sibling gave."""
    return [
        Remark(f"shape guessed: {item.column}: {item.rule}: {item.value}", SHAPE_SIGMA)
        for item in assumed
        if (item.column in _GUESSED) and item.rule not in (_NAMED, _WIDTHS)
    ]


def shape_is_said(cells: Cells) -> bool:
    """Whether a row prints its shape, or names a model whose shape the catalogue has: nothing of it is guessed."""
    named = catalogued(cells.text("model"))
    if all(cells.text(column) for column in _SHAPE[:2]) and (cells.text("n_heads") or cells.text("head_dim")):
        feed_forward = cells.text("ffn_hidden") or cells.text("expert_ffn")
        return bool(feed_forward and (cells.text("vocab") or named))
    return named is not None and not any(_differs(cells, column, named) for column in _SHAPE)


def _differs(cells: Cells, column: str, name: str) -> bool:
    fields = {"n_layers": "layers", "hidden": "hidden", "n_heads": "heads", "ffn_hidden": "ffn_hidden"}
    printed = cells.whole(column)
    return printed is not None and str(printed) != entry("models", name).values[fields[column]].text


def _sized(cells: Cells, tensor: int, pipeline: int) -> tuple[dict[str, int], list[Assumption]]:
    """Layers, width and heads from the size in the model's name and what is printed of them."""
    if cells.text("n_experts") or (cells.whole("ep") or 1) > 1:
        msg = f"columns {_empty(cells)}: empty, and no rule gives the shape of a mixture of experts"
        raise RowError(msg)
    layers, hidden, heads = cells.whole("n_layers"), cells.whole("hidden"), cells.whole("n_heads")
    size = _parameters(cells.text("model"))
    if (layers is None or hidden is None) and size is None:
        name = cells.text("model")
        msg = f"columns {_empty(cells)}: empty, and the model's name {name!r} is neither catalogued nor tells its size"
        raise RowError(msg)
    vocabulary = cells.whole("vocab") or _PLAIN_VOCABULARY
    assumed: list[Assumption] = []
    if layers is None or hidden is None:
        layers, hidden = _depth_and_width(size or 0.0, vocabulary, layers, hidden, (tensor, pipeline))
        rule = "12 L h^2 + V h = size in the model's name, width 128 x depth where neither is said"
        assumed.append(Assumption("n_layers hidden", rule, f"{layers} x {hidden}"))
    if heads is None:
        heads = _heads(hidden, tensor)
        assumed.append(Assumption("n_heads", f"heads {_HEAD_WIDTH} wide, a multiple of TP", str(heads)))
    return {"n_layers": layers, "hidden": hidden, "n_heads": heads}, assumed


def _empty(cells: Cells) -> str:
    return ", ".join(column for column in _SHAPE if not cells.text(column))


def _parameters(name: str) -> float | None:
    found = _SIZE.search(name.lower())
    return float(found.group(1)) * {"b": 1e9, "m": 1e6}[found.group(2)] if found else None


def _depth_and_width(
    size: float, vocabulary: int, layers: int | None, hidden: int | None, parts: tuple[int, int]
) -> tuple[int, int]:
    tensor, pipeline = parts
    grain = _HEAD_WIDTH * tensor
    if hidden is not None:
        return max(pipeline, round((size - vocabulary * hidden) / (12.0 * hidden**2) / pipeline) * pipeline), hidden
    depths = [layers] if layers else list(range(pipeline, 257, pipeline))

    def width(depth: int) -> int:
        exact: float = ((vocabulary**2 + 48.0 * depth * size) ** 0.5 - vocabulary) / (24.0 * depth)
        return max(grain, round(exact / grain) * grain)

    depth = min(depths, key=lambda tried: abs(width(tried) / tried - _ASPECT))
    return depth, width(depth)


def _heads(hidden: int, tensor: int) -> int:
    """Heads of the usual width, as near as divide the model and are a multiple of TP."""
    possible = [heads for heads in range(tensor, hidden + 1, tensor) if hidden % heads == 0] or [1]
    return min(possible, key=lambda heads: abs(hidden / heads - _HEAD_WIDTH))


def _printed(cells: Cells, known: Mapping[str, int], assumed: list[Assumption]) -> tuple[Model, list[Assumption]]:
    hidden = cells.whole("hidden") or known["hidden"]
    head_width = cells.whole("head_dim")
    heads = cells.whole("n_heads") or known.get("n_heads") or hidden // (head_width or _HEAD_WIDTH)
    if not (cells.text("n_heads") or "n_heads" in known):
        assumed = [*assumed, Assumption("n_heads", _WIDTHS, str(heads))]
    gated, ffn, more = _feed_forward(cells, hidden)
    vocabulary, about_vocabulary = _vocabulary(cells, gated)
    tree: dict[str, Any] = {
        "layers": cells.whole("n_layers") or known["n_layers"],
        "hidden": hidden,
        "heads": heads,
        "kv_heads": cells.whole("n_kv_heads") or heads,
        "head_dim": head_width,
        "ffn_hidden": ffn,
        "gated": gated,
        "vocabulary": vocabulary,
        "tied_embeddings": not gated,
        "position": "rotary" if gated else "alibi",
        "ffn_bias": is_gpt_oss(cells),
        "attention_window": _GPT_OSS_WINDOW if is_gpt_oss(cells) else None,
        "prediction_layers": prediction_layers(cells),
        "mixture": _mixture(cells, ffn),
        "latent_attention": _DEEPSEEK_V3_ATTENTION if _is_latent(cells) else None,
    }
    return _validated(tree), [*assumed, *more, *about_vocabulary]


def _validated(tree: dict[str, Any]) -> Model:
    try:
        return Model.model_validate(tree)
    except ValueError as error:
        raise RowError(fault_of(error)) from None


def _feed_forward(cells: Cells, hidden: int) -> tuple[bool, int, list[Assumption]]:
    gated, ffn = cells.flag("gated"), cells.whole("ffn_hidden") or cells.whole("expert_ffn")
    assumed = []
    if gated is None:
        gated = ffn is not None and ffn != 4 * hidden
        rule = "plain with an inner width of 4 hidden or none said, gated with any other"
        assumed.append(Assumption("gated", rule, "yes" if gated else "no"))
    if ffn is None:
        # SwiGLU with the parameters of a plain block (Shazeer 2020, arXiv 2002.05202).
        ffn = -(-8 * hidden // 3 // 256) * 256 if gated else 4 * hidden
        assumed.append(Assumption("ffn_hidden", "4 hidden, or 8/3 hidden when gated", str(ffn)))
    return gated, ffn, assumed


def _vocabulary(cells: Cells, gated: bool) -> tuple[int, list[Assumption]]:
    printed = cells.whole("vocab")
    if printed is not None:
        return printed, []
    named = catalogued(cells.text("model"))
    if named is not None:
        rows = int(entry("models", named).values["vocabulary"].text)
        return rows, [Assumption("vocab", _NAMED, str(rows))]
    rows = _GATED_VOCABULARY if gated else _PLAIN_VOCABULARY
    return rows, [Assumption("vocab", "GPT-2's, padded; Llama's for gated blocks", str(rows))]


def _mixture(cells: Cells, ffn: int) -> dict[str, Any] | None:
    experts = cells.whole("n_experts")
    if experts is None:
        return None
    return {
        "experts": experts,
        "experts_per_token": cells.whole("experts_per_token") or min(2, experts),
        "expert_ffn_hidden": cells.whole("expert_ffn") or ffn,
        "shared_experts": cells.whole("n_shared_experts", least=0) or 0,
        "dense_layers": cells.whole("n_dense_layers", least=0) or 0,
        "layer_period": cells.whole("moe_every") or 1,
    }
