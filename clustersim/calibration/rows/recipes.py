"""What NVIDIA's public performance recipes turn on, release by release, where a published row does not print it."""

import re
from dataclasses import dataclass

from clustersim.calibration.rows.cells import Cells
from clustersim.scenario.schema.training import Recompute, SoftwareOption

SOURCE = "recipes of NVIDIA Megatron Bridge (scripts/performance/configs, by release) and its release notes"

_RELEASE = re.compile(r"NeMo container ([\d.]*\d)")
_GRACE = ("gb200", "gb300")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Options, recomputation if it says so, and layers of multi-token prediction."""

    options: tuple[SoftwareOption, ...] = ()
    recompute: Recompute | None = None
    prediction_layers: int = 0


_MODULES = ("modules",)
_LATEST: tuple[SoftwareOption, ...] = ("flex", "overlap", "full_graphs", "fused_experts")


def recipe_of(cells: Cells) -> Recipe:
    """Recipe behind a row, by software release, model family and GPU; an empty one where none is known.

    Notes
    -----
    Megatron Bridge publishes, for each release, the configuration of each number in its performance summary. Releases
    up to 25.11 route tokens expert by expert; "flex" dispatch and graphs of attention and router follow on Blackwell;
    from 26.06 on the NVL72 systems replay the whole step and fuse the experts. DeepSeek-V3 trains with one layer of
    multi-token prediction unless the row says otherwise (arXiv 2412.19437, section 2.2).
    """
    model, gpu = cells.text("model").lower(), cells.text("gpu").lower()
    deepseek = model.replace(" ", "").replace("-", "").startswith("deepseekv3")
    layers = 1 if deepseek and "w/o mtp" not in model else 0
    if not cells.text("stack").lower().startswith("megatron-bridge"):
        return Recipe(prediction_layers=layers)
    release = _release(cells)
    if deepseek:
        return Recipe(*_deepseek(model, gpu, release), prediction_layers=layers)
    if model.startswith("gpt oss"):
        return Recipe(*_gpt_oss(gpu, release, cells.whole("ep") or 1))
    if cells.text("n_experts"):
        return Recipe(_experts(model, gpu, release), "none")
    small = gpu != "h100-sxm" and (cells.whole("n_gpus") or 0) <= 8
    return Recipe(("full_graphs",) if small else ())


def _release(cells: Cells) -> str:
    """Release of the container: from the notes, which carry the patch level, or from the software's name."""
    found = _RELEASE.search(cells.text("notes"))
    return found.group(1) if found else cells.text("stack").rpartition("-")[2]


def _deepseek(model: str, gpu: str, release: str) -> tuple[tuple[SoftwareOption, ...], Recompute]:
    if "tokendrop" in model:
        return ("token_drop", "modules"), "selective"
    if gpu == "h100-sxm":
        return ("flex", "overlap", "modules"), "selective"
    if release >= "26.06" and gpu in _GRACE:
        return ((*_LATEST, "narrow_attention"), "none") if gpu == "gb300" else ((*_LATEST, "modules"), "selective")
    if gpu == "b200":
        graphs: tuple[SoftwareOption, ...] = ("overlap", "graphs") if release >= "26.04.01" else ()
        return ("flex", *graphs, "modules"), "selective"
    return ("flex", "graphs", "modules"), "selective"


def _gpt_oss(gpu: str, release: str, expert_parallel: int) -> tuple[tuple[SoftwareOption, ...], Recompute]:
    if release >= "26.06" and gpu in _GRACE:
        # Fused expert kernels regressed in 26.06.01 (release notes of Megatron Bridge 0.5.1, known issues).
        fused: tuple[SoftwareOption, ...] = () if release == "26.06.01" else ("fused_experts",)
        return ("flex", "overlap", "full_graphs", "narrow_attention", "narrow_head", *fused), "none"
    if release >= "26.06":
        return ("flex", "overlap", "graphs", "fused_experts", "narrow_attention"), "none"
    if gpu in ("gb300", "b300"):
        return (("flex", "graphs") if gpu == "b300" and expert_parallel == 8 else ("graphs",)), "none"
    if gpu == "gb200" and release >= "26.02.01":
        return ("flex", "overlap", "modules"), "selective"
    if gpu == "b200" and expert_parallel == 8 and release >= "26":
        return ("flex", "modules"), "selective"
    return ("modules",), "selective"


def _experts(model: str, gpu: str, release: str) -> tuple[SoftwareOption, ...]:
    """Qwen3 30B-A3B, and any other mixture whose recipe is not known by name."""
    if "tokendrop" in model:
        return ("token_drop",) if gpu == "h100-sxm" else ("token_drop", "full_graphs")
    if gpu == "h100-sxm":
        return ("flex",) if release >= "26.04" else ()
    if release >= "26.06":
        return (*_LATEST, "narrow_attention")
    return ("graphs",) if gpu == "b200" and release < "26.02.01" else ("flex", "graphs")
