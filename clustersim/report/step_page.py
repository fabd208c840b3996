"""The page of a step: one self-contained HTML file in the style of the report of a run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustersim._version import __version__

if TYPE_CHECKING:
    from clustersim.scenario.loaded import Loaded


def render_step(loaded: "Loaded", answer: Mapping[str, Any]) -> str:
    """The predicted step of the phases of a plan as one HTML page.

    Parameters
    ----------
    loaded : Loaded
        The scenario.
    answer : mapping
        ``clustersim.step/1`` of the phases to show, with their groups.

    Returns
    -------
    str
        The page; the same plan gives the same bytes.
    """
    from clustersim.hardware.topology.build import build_topology
    from clustersim.report.charts.topology import topology_figure
    from clustersim.report.page import page_environment
    from clustersim.report.sections.step_basis import step_basis
    from clustersim.report.sections.step_head import step_head
    from clustersim.report.sections.step_phase import step_phase

    scenario = loaded.scenario
    return page_environment().get_template("step_page.html").render(
        version=__version__,
        head=step_head(answer, scenario.description),
        phases=[
            step_phase(scenario, shown, number) | _loads(loaded, answer["phases"], number)
            for number, shown in enumerate(answer["phases"])
        ],
        fabric=topology_figure(build_topology(scenario.cluster)),
        basis=step_basis(loaded, answer),
    )  # fmt: skip


def _loads(loaded: "Loaded", phases: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """Loads of the links under the layout of a phase, or the earlier phase that shows the same."""
    from clustersim.report.sections.step_phase import load_figures

    training = loaded.scenario.training
    by_name = {phase.name: phase.layout or training.layout for phase in training.phases}
    layouts = [by_name[phase["name"]] for phase in phases]
    first = layouts.index(layouts[number])
    if first < number:
        return {"loads": [], "loads_with": phases[first]["name"], "loads_at": first}
    return {"loads": load_figures(loaded.scenario, layouts[number], number), "loads_with": "", "loads_at": first}


def write_step_page(loaded: "Loaded", answer: Mapping[str, Any], path: Path) -> None:
    """Write the page to a file.

    Parameters
    ----------
    loaded, answer
        See `render_step`.
    path : Path
        The file; its folder must exist. It is replaced in one step, so that nobody reads half a page.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    page = render_step(loaded, answer)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(page, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
