"""Writes a calibration as a piece of a scenario: the hardware entry that others extend."""

from collections.abc import Iterable, Iterator, Mapping

from clustersim.calibration.measured.calibration import Calibration
from clustersim.calibration.measured.values import ACCELERATOR, DETECTION, RESTART, FittedValue, fitted_values
from clustersim.scenario.document import Path
from clustersim.scenario.leaves import value_text
from clustersim.scenario.schema.measured import Measured
from clustersim.scenario.units import format_quantity
from clustersim.scenario.yaml_text import yaml_lines

Values = Mapping[Path, FittedValue]


def entry_text(found: Calibration) -> str:
    """The entry as YAML.

    Parameters
    ----------
    found : Calibration
        What was fitted.

    Returns
    -------
    str
        What was measured and nothing else: ``cluster.node`` with its accelerator, ``cluster.fabric``, ``checkpoint``
        and ``recovery``. A scenario names it under ``extends``. Fitted values carry their 90 % interval as a comment.
    """
    values = {one.path: one for one in fitted_values(found)}
    lines = [
        f"# {found.cluster.node.catalogue_entry} as it was measured: {found.source}.",
        "# Written by clustersim calibrate. A scenario uses it with",
        "#   extends: [its base, this file]",
    ]
    if found.has_device or found.network is not None:
        lines.append("cluster:")
    if found.has_device:
        lines += _indented(_node(found, values), 2)
    if found.network is not None:
        lines += ["  fabric:", *_indented(_settings(values, ("cluster", "fabric")), 4)]
    if found.storage is not None:
        lines += ["checkpoint:", *_indented(_settings(values, ("checkpoint",)), 2)]
    if found.recovery is not None:
        lines += ["recovery:", *_indented(_recovery(values, found.recovery.gpus), 2)]
    return "\n".join(lines) + "\n"


def _node(found: Calibration, values: Values) -> Iterator[str]:
    node = found.cluster.node
    accelerator = node.accelerator
    yield "node:"
    yield f"  like: {node.catalogue_entry}"
    yield f"  gpus: {node.gpus}"
    yield "  accelerator:"
    yield f"    like: {accelerator.catalogue_entry}"
    yield f"    scale_up_bandwidth: {format_quantity(accelerator.scale_up_bandwidth, 'bandwidth')}"
    yield f"    scale_up_domain: {accelerator.scale_up_domain}"
    yield "    measured:"
    yield from _indented(_measured(accelerator.measured, values), 6)


def _measured(measured: Measured | None, values: Values) -> Iterator[str]:
    def describe(path: Path) -> tuple[str | None, str]:
        one = values.get((*ACCELERATOR, "measured", *path))
        return None, "" if one is None else _interval(one)

    lines = yaml_lines(measured, Measured, describe) if measured is not None else ()
    return (line for line in lines if not line.split("#")[0].rstrip().endswith(": null"))


def _recovery(values: Values, gpus: int) -> Iterator[str]:
    """Parts of a restart at the size that was measured; how they grow with it stays as it was."""
    yield "detection:"
    yield "  crash:"
    if (*DETECTION, "sigma") in values:
        yield "    kind: lognormal"
        yield from _indented(_settings(values, DETECTION), 4)
    else:
        yield f"    value: {_text(values[*DETECTION, 'median'])}"
    yield "restart:"
    for path, one in values.items():
        if path[: len(RESTART)] == RESTART and path[-1] == "median":
            yield f"  {path[-2]}:"
            yield f"    median: {_text(one)}"
            yield f"    at_gpus: {gpus}"
    yield f"  spread: {_text(values[*RESTART, 'spread'])}"


def _settings(values: Values, section: Path) -> Iterator[str]:
    for path, one in values.items():
        if path[:-1] == section:
            yield f"{path[-1]}: {_text(one)}"


def _text(one: FittedValue) -> str:
    interval = _interval(one)
    return value_text(one.value, one.annotation) + (f"  # {interval}" if interval else "")


def _interval(one: FittedValue) -> str:
    if one.low is None or one.high is None or one.value <= 0.0:
        return ""
    return f"90 %: x{one.low / one.value:.2g} to x{one.high / one.value:.2g}"


def _indented(lines: Iterable[str], width: int) -> Iterator[str]:
    return (" " * width + line for line in lines)
