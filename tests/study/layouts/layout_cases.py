"""Small jobs whose whole space of layouts can be predicted, and that prediction."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import MixtureOfExperts, Model
from clustersim.scenario.schema.training import Layout, SoftwareOption
from clustersim.step.predict import predict_step
from clustersim.study.layouts import Question
from clustersim.workload.layout import layout_problems, stage_layers
from clustersim.workload.memory import memory_per_gpu
from tests.step.step_cases import accelerator, node

MODEL = Model(layers=6, hidden=1024, heads=6, kv_heads=2, ffn_hidden=3072, head_dim=128, gated=True, vocabulary=3072)
EXPERTS = MODEL.model_copy(
    update={"mixture": MixtureOfExperts(experts=4, experts_per_token=2, expert_ffn_hidden=1536, dense_layers=1)}
)


def question(
    model: Model = MODEL,
    memory: str = "80 GB",
    gpus: int = 8,
    batch: int = 12,
    stack: str = "megatron",
    options: tuple[SoftwareOption, ...] | None = None,
    **own: Any,
) -> Question:
    """A job on nodes of four GPUs; `own` are settings of the scenario's layout."""
    return Question(
        model=model,
        precision="bf16",
        cluster=machines(memory),
        stack=stack,  # type: ignore[arg-type]
        sequence_length=1024,
        global_batch=batch,
        gpus=gpus,
        own=Layout.model_validate({"data_parallel": gpus} | own),
        phase="main",
        software_given=False,
        options=options,
    )


def machines(memory: str = "80 GB") -> Cluster:
    """Nodes of four H100 with the memory asked for."""
    card = accelerator(memory=memory, scale_up_domain=4)
    return Cluster.model_validate({"node": node(card, gpus=4, nics=4), "nodes": 16})


def divisors(number: int, limit: int) -> list[int]:
    return [size for size in range(1, limit + 1) if number % size == 0]


def every_layout(asked: Question) -> Iterator[Layout]:
    """The space, written down as its page describes it and without a thought for speed."""
    model, gpus = asked.model, asked.gpus
    experts = 1 if model.mixture is None else model.mixture.experts
    for tensor, context, stages in product(divisors(gpus, 4), (1, 2, 4, 8), divisors(gpus, model.layers + 2)):
        data, rest = divmod(gpus, tensor * context * stages)
        if rest or not data:
            continue
        for expert, micro_batch in product(divisors(experts, experts), divisors(asked.global_batch, 8)):
            if data * context % expert:
                continue
            sizes = {
                "tensor_parallel": tensor,
                "context_parallel": context,
                "pipeline_parallel": stages,
                "data_parallel": data,
                "expert_parallel": expert,
                "micro_batch": micro_batch,
            }
            for settings in every_setting(asked, stages, data, context):
                yield Layout.model_validate(sizes | settings)


def every_setting(asked: Question, stages: int, data: int, context: int) -> Iterator[dict[str, Any]]:
    zero_stages = (0, 1, 2, 3) if data * context > 1 else (0,)
    orders = ("tp-cp-dp-pp", "tp-cp-pp-dp") if stages > 1 and data > 1 else ("tp-cp-dp-pp",)
    for schedule, chunks in every_pipe(asked, stages):
        split = Layout(pipeline_parallel=stages, virtual_pipeline=chunks, data_parallel=1)
        deepest = max(len(stage) for stage in stage_layers(asked.model, split))
        whole: Sequence[tuple[str, int | None]] = [("none", None), ("selective", None), ("full", None)]
        partial = [("full", number) for number in range(1, deepest)]
        for zero_stage, order, (recompute, number) in product(zero_stages, orders, [*whole, *partial]):
            yield {
                "virtual_pipeline": chunks,
                "schedule": schedule,
                "zero_stage": zero_stage,
                "rank_order": order,
                "recompute": recompute,
                "recompute_layers": number,
            }


def every_pipe(asked: Question, stages: int) -> list[tuple[str, int]]:
    if stages == 1:
        return [("1f1b", 1)]
    layers = asked.model.layers
    equal = {n for n in range(1, layers + 3) if 0 in (layers % (stages * n), (layers + 2) % (stages * n))}
    fill = [("1f1b", n) for n in sorted(equal | {1, 2, 4, 8}) if stages * n <= layers + 2]
    others = [asked.own.schedule, *(("zero-bubble",) if asked.stack == "pytorch" else ())]
    return [*fill, *((name, 1) for name in dict.fromkeys(others) if name != "1f1b")]


def brute_force(asked: Question) -> tuple[int, dict[tuple[int, ...], tuple[float, Layout]]]:
    """Layouts of the space, and the fastest that fits of each shape, each predicted."""
    considered, best = 0, dict[tuple[int, ...], tuple[float, Layout]]()
    for layout in every_layout(asked):
        considered += 1
        if problems(asked, layout):
            continue
        count = asked.global_batch // (layout.data_parallel * layout.micro_batch)
        sizes = (asked.sequence_length, asked.precision, count)
        if memory_per_gpu(asked.model, layout, *sizes, software=asked.stack).total_bytes > asked.capacity_bytes:
            continue
        seconds = step_s(asked, layout)
        shape = (
            layout.tensor_parallel,
            layout.context_parallel,
            layout.pipeline_parallel,
            layout.data_parallel,
            layout.expert_parallel,
        )
        if shape not in best or seconds < best[shape][0]:
            best[shape] = (seconds, layout)
    return considered, best


def problems(asked: Question, layout: Layout) -> bool:
    per_node = asked.cluster.node.gpus
    return bool(layout_problems(asked.model, layout, asked.global_batch, per_node, asked.sequence_length))


def step_s(asked: Question, layout: Layout) -> float:
    sizes = (asked.sequence_length, asked.global_batch, asked.precision, asked.cluster)
    return predict_step(asked.model, layout, *sizes, stack=asked.stack, options=asked.options).mean_s
