"""One phase of the page of a step: its facts, its breakdown, its pipeline, its groups and the load of its links."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.stacked import Bar, Segment, draw_stacked
from clustersim.report.numbers import BYTES, FRACTION, GIB, SECONDS, TFLOPS, TOKENS, TOKENS_PER_S, write, write_given
from clustersim.report.sections.step_pipeline import pipeline_figure
from clustersim.report.step_words import interval_text, memory_warning, time_text
from clustersim.report.words import STEP_PARTS, colour_of, in_order, label_of
from clustersim.step.step_timeline import phase_timeline

if TYPE_CHECKING:
    from clustersim.hardware.topology.loads import LinkLoads
    from clustersim.scenario.schema.scenario import Scenario
    from clustersim.scenario.schema.training import Layout

Shown = Mapping[str, Any]

_ALGORITHMS = {"nvls": "NVLS", "nvls_tree": "NVLS tree", "collnet": "CollNet", "pxn": "PXN", None: "point to point"}


def step_phase(scenario: "Scenario", shown: Shown, number: int) -> dict[str, Any]:
    """What the template of a phase needs.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    shown : mapping
        The phase in ``clustersim.step/1``, with its groups.
    number : int
        Which it is on the page.
    """
    phase = next(one for one in scenario.training.phases if one.name == shown["name"])
    measured = shown["basis"] == "measured"
    return {
        "name": shown["name"],
        "lead": phase_lead(shown),
        "warning": memory_warning(shown),
        "facts": _facts(shown),
        "breakdown": breakdown_figure(shown, number),
        "pipeline": pipeline_figure(
            f"pipeline-{number}", phase_timeline(scenario, phase), None if measured else float(shown["step_time_s"])
        ),
        "measured": measured,
        "groups": [row for group in shown["groups"] for row in _group_cells(group)],
    }


def phase_lead(shown: Shown) -> str:
    """The layout and the batch in a sentence."""
    schedule = f" under {shown['schedule']}" if shown["schedule"] else ""
    return (
        f"{shown['layout']} on {shown['gpus']:,} GPUs{schedule}; {shown['global_batch']:,} sequences of "
        f"{shown['sequence_length']:,} tokens a step, {shown['steps']:,} steps for {write(shown['tokens'], TOKENS)}."
    )


def _facts(shown: Shown) -> list[tuple[str, str, str]]:
    memory, capacity = float(shown["memory_total_bytes"]), float(shown["memory_capacity_bytes"])
    return [
        ("step time", time_text(shown), "measured" if shown["basis"] == "measured" else interval_text(shown)),
        ("throughput", write(shown["tokens_per_s"], TOKENS_PER_S), ""),
        (
            "model FLOP/s per GPU",
            write(shown["model_tflops_per_gpu"], TFLOPS),
            f"causal: {write(shown['causal_model_tflops_per_gpu'], TFLOPS)}",
        ),
        ("MFU", write(shown["mfu_fraction"], FRACTION), f"HFU {write(shown['hfu_fraction'], FRACTION)}"),
        ("memory of the fullest GPU", write(memory, GIB),
         f"{write(memory / capacity, FRACTION)} of {write_given(capacity, GIB)}"),
    ]  # fmt: skip


def breakdown_figure(shown: Shown, number: int) -> Figure:
    """Parts of a step, each from zero, on one scale."""
    parts, total_s = shown["breakdown_s"], float(shown["step_time_s"])
    keys = [key for key in in_order(STEP_PARTS, list(parts)) if parts[key] > 0.0]
    texts = [f"{write(parts[key], SECONDS)} ({write(parts[key] / total_s, FRACTION)})" for key in keys]
    labels = [label_of(STEP_PARTS, key) for key in keys]
    bars = tuple(
        Bar(label, words, (Segment(parts[key], colour_of(STEP_PARTS, key), f"{label}: {words}"),))
        for key, label, words in zip(keys, labels, texts, strict=True)
    )
    rows = tuple(
        (label, f"{parts[key]:.4f}", write(parts[key] / total_s, FRACTION))
        for key, label in zip(keys, labels, strict=True)
    )
    return figure(
        f"parts-{number}",
        "Where the step goes, on its busiest pipeline rank",
        "; ".join(f"{label} {words}" for label, words in zip(labels, texts, strict=True)) + ".",
        lambda width: draw_stacked(width, bars, " s"),
        Table(("part", "time [s]", "share"), (*rows, ("step", f"{total_s:.4f}", "100 %"))),
    )


def _group_cells(group: Shown) -> list[dict[str, str]]:
    """A row of the table for each collective of a group; what concerns all of them stands in the first."""
    exposed, total = group["exposed_s"], float(group["total_s"])
    share = float(group["bandwidth_share"])
    left = "" if share >= 1.0 else f"{write(share, FRACTION)} of its bandwidth left"
    first = {
        "name": group["name"],
        "ranks": f"{group['ranks']:,} ranks, {_groups(group['groups'])}",
        "tier": group["tier"],
        "left": left,
        "total": write(total, SECONDS),
        "exposed": "with DP" if exposed is None else write(exposed, SECONDS),
        "share": "" if group["exposed_fraction"] is None else _hidden(group["exposed_fraction"]),
    }
    empty = dict.fromkeys(first, "")
    found = [(empty if index else first) | _collective_cells(one) for index, one in enumerate(group["collectives"])]
    return found or [first | dict.fromkeys(("collective", "algorithm", "size", "time", "calls"), "–")]


def _groups(count: int) -> str:
    return "1 group" if count == 1 else f"{count:,} groups"


def _hidden(share: float) -> str:
    return "nothing hidden" if share > 0.999 else f"{write(share, FRACTION)} of it"


def _collective_cells(one: Shown) -> dict[str, str]:
    algorithm = _ALGORITHMS.get(one["algorithm"], str(one["algorithm"]).replace("_", " "))
    calls = f"{one['calls']:,.0f}"
    return {
        "collective": str(one["collective"]).replace("_", "-"),
        "algorithm": f"{algorithm}, {one['protocol']}" if one["protocol"] else algorithm,
        "size": write(one["size_bytes"], BYTES),
        "time": write_short(one["time_s"]),
        "calls": calls,
    }


def write_short(seconds: float) -> str:
    """A time that may be microseconds."""
    return f"{seconds * 1e6:.3g} µs" if seconds < 1e-3 else write(seconds, SECONDS)


def load_figures(scenario: "Scenario", layout: "Layout", number: int) -> list[Figure]:
    """Loads of the links for every dimension of a layout whose traffic leaves its scale-up domain."""
    from clustersim.hardware.topology.groups import DIMENSIONS
    from clustersim.hardware.topology.loads import link_loads
    from clustersim.report.charts.topology_loads import link_load_figure

    loads = [link_loads(scenario.cluster, layout, dimension) for dimension in DIMENSIONS]
    return [numbered(link_load_figure(one), number) for one in loads if leaves_domain(one)]


def leaves_domain(loads: "LinkLoads") -> bool:
    """Whether anything crosses a link other than those of the scale-up domains."""
    busy = (loads.demand_bytes_s.sum(axis=1) > 0.0).nonzero()[0]
    return any(loads.topology.tiers[int(link)] != "scale_up" for link in busy)


def numbered(shown: Figure, number: int) -> Figure:
    """The same figure under a name of its own, for pages that show its kind more than once."""
    name = f"{shown.name}-{number}"
    pictures = Markup(shown.pictures.replace(f"{shown.name}-", f"{name}-"))
    return Figure(name, shown.title, shown.description, pictures, shown.table, shown.legend)
