"""What a pipeline schedule asks of a layout: divisions, micro-batches in flight, copies of the weights."""

from collections.abc import Iterator

from clustersim.scenario.schema.training import Layout


def group_size(stages: int, micro_batches: int) -> int:
    """Micro-batches that interleaved 1F1B passes through a chunk before it turns to the next.

    Parameters
    ----------
    stages, micro_batches : int
        Pipeline stages, and micro-batches per replica and step.

    Returns
    -------
    int
        The number of stages where it divides the micro-batches, the default of Megatron-LM. Otherwise the smallest
        number from there on that leaves no last group smaller than the number of stages, which Megatron-LM refuses
        for the bubbles it makes; all of them at once where they are fewer than the stages (Llama 3, arXiv 2407.21783,
        section 3.3.2, takes any number).

    References
    ----------
    .. [1] Megatron-Core (2024), ``microbatch_group_size_per_vp_stage`` in ``pipeline_parallel/schedules.py``.
    """
    for group in range(stages, micro_batches):
        last = micro_batches % group
        if last == 0 or last >= stages:
            return group
    return micro_batches


def most_in_flight(layout: Layout, stage: int, micro_batches: int | None) -> int:
    """Chunks with activations that the schedule piles up on one rank, were there enough micro-batches.

    Parameters
    ----------
    layout : Layout
        Its schedule, stages and chunks.
    stage : int
        Pipeline rank, from 0.
    micro_batches : int, optional
        Micro-batches per replica and step; as many as the stages when omitted.

    Returns
    -------
    int
        Chunks, counted once per micro-batch.
    """
    stages, virtual, later = layout.pipeline_parallel, layout.virtual_pipeline, layout.pipeline_parallel - stage - 1
    if stages == 1:
        return 1
    if layout.schedule == "gpipe":
        return stages if micro_batches is None else micro_batches
    if layout.schedule == "zero-bubble":
        return stages
    if layout.schedule == "dualpipe":
        return stages + 1
    if virtual == 1:
        return later + 1
    group = stages if micro_batches is None else group_size(stages, micro_batches)
    return 2 * later + (virtual - 1) * group + 1


def weight_copies(layout: Layout) -> int:
    """Copies of the weights in a pipeline: two under DualPipe, whose ranks hold a stage of each direction.

    DeepSeek-AI (2024), DeepSeek-V3 Technical Report, arXiv 2412.19437, table 2.
    """
    return 2 if layout.schedule == "dualpipe" and layout.pipeline_parallel > 1 else 1


def schedule_faults(layout: Layout, micro_batches: int | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the schedule of a layout.

    Parameters
    ----------
    layout : Layout
        The parallel layout.
    micro_batches : int, optional
        Micro-batches per replica and step, where they come out whole.

    Yields
    ------
    (str, str)
        The setting to change, and the message.
    """
    stages, name = layout.pipeline_parallel, layout.schedule
    if name == "1f1b" or stages == 1:
        return
    if layout.virtual_pipeline > 1:
        yield "virtual_pipeline", f"schedule {name} has one chunk per stage; set virtual_pipeline 1 or schedule 1f1b"
    if name != "dualpipe":
        return
    if stages % 2:
        message = f"dualpipe runs the pipeline in both directions and needs an even number of stages, not {stages}"
        yield "pipeline_parallel", f"{message}; use {stages - 1} or {stages + 1}"
    if micro_batches is not None and (micro_batches % 2 or micro_batches < 2 * stages):
        message = f"dualpipe needs an even number of micro-batches, at least 2 x {stages} stages = {2 * stages}"
        yield "schedule", f"{message}, but a step has {micro_batches}; use 1f1b, fewer replicas or a larger batch"
