"""What a release or a recipe of the training software turns on, and what it is when nobody says."""

from collections.abc import Iterable
from dataclasses import dataclass

from clustersim.scenario.schema.hardware import Accelerator
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Software, SoftwareOption


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the software that change how fast a layer runs; all off is a plain eager run.

    Attributes
    ----------
    flex : bool
        Tokens travel once to each GPU or node that hosts one of their experts, not once per expert (DeepEP, 2025;
        HybridEP in Megatron-Core, arXiv 2603.07685, 2026).
    overlap : bool
        The exchange of one micro-batch's tokens runs beside the computation of another's (DualPipe, arXiv 2412.19437,
        2024, section 3.2.1; ``overlap_moe_expert_parallel_comm`` of Megatron-Core, 2025).
    graphs : bool
        CUDA graphs replay attention, router and token preparation (``transformer_engine`` scope of Megatron Bridge).
    full_graphs : bool
        One CUDA graph replays the whole step.
    fused_experts : bool
        One kernel does an expert product with its bias, activation and conversion (Megatron Bridge 0.5, 2026).
    narrow_attention : bool
        The core of attention runs in 8 bits too (``fp8_dot_product_attention`` of Megatron Bridge, 2026).
    narrow_head : bool
        So does the output layer (``fp8_output_proj``).
    token_drop : bool
        Every expert takes a fixed number of tokens, so that the host need not wait to learn how many.
    reduce_once : bool
        Replicas reduce their gradients in the last micro-batch alone (FSDP2 ``set_requires_gradient_sync``, FSDP
        ``no_sync``), at the price of whole gradients in memory until then.
    keep_gathered : bool
        Weights that ZeRO 3 gathered for the forward pass stay for the backward pass (FSDP2
        ``reshard_after_forward=False``).
    modules : bool
        ``selective`` recomputation repeats norms, activations and the up-projections of latent attention
        (``recompute_modules`` of Megatron-Core, 2025), not the core of attention, which a fused kernel repeats anyway.
    """

    flex: bool = False
    overlap: bool = False
    graphs: bool = False
    full_graphs: bool = False
    fused_experts: bool = False
    narrow_attention: bool = False
    narrow_head: bool = False
    token_drop: bool = False
    reduce_once: bool = False
    keep_gathered: bool = False
    modules: bool = False


def chosen_options(
    names: Iterable[SoftwareOption] | None, model: Model, software: Software, accelerator: Accelerator
) -> Options:
    """Options a scenario names, or what today's recipes turn on where it names none."""
    return options_of(default_options(model, software, accelerator) if names is None else names)


def options_of(names: Iterable[SoftwareOption]) -> Options:
    """Options by their names in a scenario."""
    return Options(**dict.fromkeys(names, True))


def default_options(model: Model, software: Software, accelerator: Accelerator) -> tuple[SoftwareOption, ...]:
    """Options of today's recipes where a scenario does not say.

    Megatron's recipes for mixtures of experts send tokens once to each place and, on Blackwell, replay graphs of
    attention and router (Megatron Bridge ``scripts/performance``, 2025-2026). Nothing else turns any on.
    """
    if model.mixture is None or software != "megatron":
        return ()
    return ("flex", "graphs") if accelerator.scale_up == "NVLink 5" else ("flex",)
