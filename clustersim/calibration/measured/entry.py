"""Writes a calibration as a piece of a scenario: the hardware entry that others extend."""

from collections.abc import Iterable, Mapping

from clustersim.calibration.measured.calibration import Calibration
from clustersim.scenario.schema.measured import Measured
from clustersim.scenario.units import format_quantity
from clustersim.scenario.yaml_text import yaml_lines


def entry_text(found: Calibration) -> str:
    """The entry as YAML.

    Parameters
    ----------
    found : Calibration
        What was fitted.

    Returns
    -------
    str
        ``cluster.node`` with the measured accelerator; a scenario names it under ``extends``. Each fitted value carries
        its 90 % interval as a comment.
    """
    node = found.cluster.node
    accelerator = node.accelerator
    lines = [
        f"# {node.catalogue_entry} as it was measured: {found.source}.",
        "# Written by clustersim calibrate. A scenario uses it with",
        "#   extends: [its base, this file]",
        "cluster:",
        "  node:",
        f"    like: {node.catalogue_entry}",
        f"    gpus: {node.gpus}",
        "    accelerator:",
        f"      like: {accelerator.catalogue_entry}",
        f"      scale_up_bandwidth: {format_quantity(accelerator.scale_up_bandwidth, 'bandwidth')}",
        "      measured:",
        *(f"        {line}" for line in _measured_lines(accelerator.measured, found.intervals)),
    ]
    return "\n".join(lines) + "\n"


def _measured_lines(measured: Measured | None, intervals: Mapping[str, tuple[float, float]]) -> Iterable[str]:
    def describe(path: tuple[object, ...]) -> tuple[str | None, str]:
        ends = intervals.get(".".join(map(str, path)))
        return None, "" if ends is None else f"90 %: x{ends[0]:.2g} to x{ends[1]:.2g}"

    lines = yaml_lines(measured, Measured, describe) if measured is not None else ()
    return (line for line in lines if not line.split("#")[0].rstrip().endswith(": null"))
