"""The page: one self-contained HTML file, readable without a network, a script or a server."""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup


def render(summary: Mapping[str, Any]) -> str:
    """The report of a summary as one HTML page.

    Parameters
    ----------
    summary : mapping
        ``clustersim.summary/1``, as ``clustersim run --json`` writes it. Claims, windows, bridge, learning, timeline
        and cumulative progress may be missing or empty.

    Returns
    -------
    str
        The page; the same summary gives the same bytes.
    """
    from clustersim.report.sections.basis import basis
    from clustersim.report.sections.bill import bill
    from clustersim.report.sections.bridge import bridge
    from clustersim.report.sections.checkpoints import checkpoints
    from clustersim.report.sections.claims import claims
    from clustersim.report.sections.failures import failures
    from clustersim.report.sections.head import head
    from clustersim.report.sections.learning import learning
    from clustersim.report.sections.step import step
    from clustersim.report.sections.time import time

    sections = (head, claims, time, failures, step, bridge, checkpoints, bill, learning, basis)
    template = page_environment().get_template("page.html")
    return template.render(**{section.__name__: section(summary) for section in sections}, summary=summary)


def write_report(summary: Mapping[str, Any], path: Path) -> None:
    """Write the page to a file.

    Parameters
    ----------
    summary : mapping
        See `render`.
    path : Path
        The file; its folder must exist. It is replaced in one step, so that nobody reads half a page.
    """
    page = render(summary)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(page, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@cache
def page_environment() -> "jinja2.Environment":
    """The templates of all pages."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("clustersim.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _breakable(text: str) -> "Markup":
    """A path or key that may be broken over lines after its separators, none of which occurs in an escaped letter."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"([._/:])", r"\1<wbr>", str(escape(text))))
