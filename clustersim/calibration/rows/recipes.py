"""What NVIDIA's public performance recipes turn on, release by release, where a published row does not print it."""

import re
from dataclasses import dataclass

from clustersim.calibration.rows.cells import Cells
from clustersim.calibration.rows.names import is_deepseek_v3, is_gpt_oss, squashed
from clustersim.calibration.rows.remarks import SOFTWARE_SIGMA, Remark
from clustersim.calibration.rows.software import plain_stack
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Recompute, SoftwareOption

SOURCE = "recipes of NVIDIA Megatron Bridge (scripts/performance/configs, by release) and its release notes"

_CONTAINER = re.compile(r"NeMo container ([\d.]*\d)")
_RELEASE = re.compile(r"(?<![\d.])(2\d)\.(1[0-2]|0?[1-9])(?:\.(\d{1,2}))?(?![\d.])")

Release = tuple[int, int, int]
"""Year, month and patch level of a container."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Options, recomputation if it says so, and the remark where the release is not known."""

    options: tuple[SoftwareOption, ...] = ()
    recompute: Recompute | None = None
    remark: Remark | None = None


_LATEST: tuple[SoftwareOption, ...] = ("flex", "overlap", "full_graphs", "fused_experts")
_NO_RELEASE = Remark("the release of Megatron Bridge is not said; plain Megatron stands in", SOFTWARE_SIGMA)


def prediction_layers(cells: Cells) -> int:
    """Layers of multi-token prediction: one for DeepSeek-V3 unless the row says otherwise.

    References
    ----------
    .. [1] DeepSeek-AI (2024), arXiv 2412.19437, section 2.2.
    """
    return 1 if is_deepseek_v3(cells) and "womtp" not in squashed(cells.text("model")) else 0


def recipe_of(cells: Cells, model: Model, accelerator: str) -> Recipe:
    """Recipe behind a row, by software release, model and GPU; an empty one where none is known.

    Parameters
    ----------
    cells : Cells
        The row.
    model : Model
        Its model, printed or filled in.
    accelerator : str
        Catalogue name of its GPU.

    Notes
    -----
    Megatron Bridge publishes, for each release, the configuration of each number in its performance summary. Releases
    up to 25.11 route tokens expert by expert; "flex" dispatch and graphs of attention and router follow on Blackwell;
    from 26.06 on the NVL72 systems replay the whole step and fuse the experts. Cards before Blackwell take the recipes
    of H100.
    """
    if not plain_stack(cells.text("stack")).startswith("megatron-bridge"):
        return Recipe()
    release = release_of(cells)
    if release is None:
        return Recipe(remark=_NO_RELEASE)
    drops = "tokendrop" in squashed(cells.text("model"))
    if is_deepseek_v3(cells):
        return Recipe(*_deepseek(drops, accelerator, release))
    if is_gpt_oss(cells):
        return Recipe(*_gpt_oss(accelerator, release, cells.whole("ep") or 1))
    if model.mixture is not None:
        return Recipe(_experts(drops, accelerator, release), "none")
    small = _is_blackwell(accelerator) and (cells.whole("n_gpus") or 0) <= 8
    return Recipe(("full_graphs",) if small else ())


def release_of(cells: Cells) -> Release | None:
    """Release of the container: from the notes, which carry the patch level, or from the software's name."""
    noted = _CONTAINER.search(cells.text("notes"))
    found = _RELEASE.search(noted.group(1) if noted else "") or _RELEASE.search(cells.text("stack"))
    return None if found is None else (int(found.group(1)), int(found.group(2)), int(found.group(3) or 0))


def _is_blackwell(accelerator: str) -> bool:
    return accelerator.startswith(("b200", "b300", "gb200", "gb300"))


def _is_grace_blackwell(accelerator: str) -> bool:
    return accelerator.startswith("gb")


def _deepseek(drops: bool, gpu: str, release: Release) -> tuple[tuple[SoftwareOption, ...], Recompute]:
    if drops:
        return ("token_drop", "modules"), "selective"
    if not _is_blackwell(gpu):
        return ("flex", "overlap", "modules"), "selective"
    if release >= (26, 6, 0) and _is_grace_blackwell(gpu):
        return ((*_LATEST, "narrow_attention"), "none") if gpu == "gb300" else ((*_LATEST, "modules"), "selective")
    if gpu == "b200":
        graphs: tuple[SoftwareOption, ...] = ("overlap", "graphs") if release >= (26, 4, 1) else ()
        return ("flex", *graphs, "modules"), "selective"
    return ("flex", "graphs", "modules"), "selective"


def _gpt_oss(gpu: str, release: Release, expert_parallel: int) -> tuple[tuple[SoftwareOption, ...], Recompute]:
    if release >= (26, 6, 0) and _is_grace_blackwell(gpu):
        # Fused expert kernels regressed in 26.06.01 (release notes of Megatron Bridge 0.5.1, known issues).
        fused: tuple[SoftwareOption, ...] = () if release == (26, 6, 1) else ("fused_experts",)
        return ("flex", "overlap", "full_graphs", "narrow_attention", "narrow_head", *fused), "none"
    if release >= (26, 6, 0):
        return ("flex", "overlap", "graphs", "fused_experts", "narrow_attention"), "none"
    if gpu in ("gb300", "b300"):
        return (("flex", "graphs") if gpu == "b300" and expert_parallel == 8 else ("graphs",)), "none"
    if gpu == "gb200" and release >= (26, 2, 1):
        return ("flex", "overlap", "modules"), "selective"
    if gpu == "b200" and expert_parallel == 8 and release >= (26, 0, 0):
        return ("flex", "modules"), "selective"
    return ("modules",), "selective"


def _experts(drops: bool, gpu: str, release: Release) -> tuple[SoftwareOption, ...]:
    """Qwen3 30B-A3B, and any other mixture whose recipe is not known by name."""
    if drops:
        return ("token_drop", "full_graphs") if _is_blackwell(gpu) else ("token_drop",)
    if not _is_blackwell(gpu):
        return ("flex",) if release >= (26, 4, 0) else ()
    if release >= (26, 6, 0):
        return (*_LATEST, "narrow_attention")
    return ("graphs",) if gpu == "b200" and release < (26, 2, 1) else ("flex", "graphs")
