"""Reads step times of real jobs: one measured job, or a campaign of many."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from clustersim.calibration.measured.observations import Observations, TimedStep
from clustersim.calibration.measured.suite import device_of
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, SoftwareOption

_PARTS = ("data_s", "forward_s", "backward_s", "forward_backward_s", "clip_s", "optimizer_s")
_NO_PARTS: Mapping[str, Any] = {}


def read_job(tree: Mapping[str, Any]) -> Observations:
    """One measured job: its median step; marked ``fit``, since nobody held it out."""
    summary = tree["summary"]
    step = step_of("job", "fit", tree["config"], _nodes(tree), summary["step_time_s"], parts=summary)
    return Observations(devices=(device_of(tree.get("environment", {})),), steps=(step,))


def read_campaign(tree: Mapping[str, Any]) -> Observations:
    """All jobs of a campaign: the time that its protocol gives each, and the range of its repeats.

    Raises
    ------
    ValueError
        If a run lacks a field, or its model or layout is impossible.
    """
    return Observations(devices=(device_of(tree.get("environment", {})),), steps=tuple(_runs(tree)))


def _runs(tree: Mapping[str, Any]) -> Iterator[TimedStep]:
    for place, run in enumerate(tree["runs"]):
        try:
            yield step_of(
                str(run["name"]),
                str(run["split"]),
                run["config"],
                int(run.get("nodes", 1)),
                float(run["step_time_s"]),
                spread=float(run.get("spread", 0.0)),
                parts=_parts(run),
            )
        except KeyError as missing:
            problem = f"runs[{place}]: no field {missing}"
            raise ValueError(problem) from None


def _parts(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parts of the step in the repeat that took nearest to the time of the run."""
    repeats = [repeat for repeat in run.get("repeats", ()) if repeat.get("parts")]
    nearest = min(repeats, key=lambda repeat: abs(repeat["step_time_s"] - run["step_time_s"]), default=None)
    return _NO_PARTS if nearest is None else nearest["parts"]


def _nodes(tree: Mapping[str, Any]) -> int:
    return int(tree.get("environment", {}).get("nodes", 1))


def step_of(
    name: str,
    split: str,
    config: Mapping[str, Any],
    nodes: int,
    time_s: float,
    *,
    spread: float = 0.0,
    parts: Mapping[str, Any] = _NO_PARTS,
) -> TimedStep:
    """A step of the job with a configuration.

    Raises
    ------
    KeyError, ValueError
        If the configuration lacks a field, or its model or layout is impossible.
    """
    try:
        model, layout = model_of(config["model"]), layout_of(config)
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ValueError(problem) from None
    train = config["train"]
    return TimedStep(
        name=name,
        split=split,
        model=model,
        layout=layout,
        sequence_length=int(train["sequence_length"]),
        global_batch=int(train["global_batch"]),
        precision=train["precision"],
        gpus_per_node=-(-layout.gpus // nodes),
        nodes=nodes,
        time_s=time_s,
        spread=spread,
        parts_s={part: float(parts[part]) for part in _PARTS if part in parts},
        options=options_of_job(config["parallel"]),
    )


def model_of(table: Mapping[str, Any]) -> Model:
    """The transformer that the job's ``[model]`` table describes: RMSNorm, rotary positions, SwiGLU, no biases."""
    return Model(
        layers=table["layers"],
        hidden=table["hidden"],
        heads=table["heads"],
        kv_heads=table.get("kv_heads") or table["heads"],
        ffn_hidden=table["ffn_hidden"],
        gated=True,
        vocabulary=table["vocab"],
        tied_embeddings=table.get("tied", False),
    )


def options_of_job(parallel: Mapping[str, Any]) -> tuple[SoftwareOption, ...]:
    """What the job turns on: gradients in the last micro-batch alone, and gathered weights kept or not."""
    if parallel["data_kind"] != "fsdp":
        return ("reduce_once",)
    return ("reduce_once",) if parallel["reshard_after_forward"] else ("reduce_once", "keep_gathered")


def layout_of(config: Mapping[str, Any]) -> Layout:
    """The layout of the job's ``[parallel]`` table: DDP, FSDP2 (ZeRO 3), tensor parallelism, pipeline."""
    parallel, train = config["parallel"], config["train"]
    sharded = parallel["data_kind"] == "fsdp"
    return Layout(
        tensor_parallel=parallel["tensor"],
        pipeline_parallel=parallel["pipeline"],
        data_parallel=parallel["data"],
        schedule=parallel["pipeline_schedule"],
        zero_stage=3 if sharded else 0,
        micro_batch=train["micro_batch"],
        sequence_parallel=False,
        gradient_precision="fp32",
        loss="unfused",
    )
