"""What ``clustersim run`` shows of one replication: its event log and its trace."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clustersim.cli.files import checked_out, write_or_fail
from clustersim.cli.terminal import closable_output, fail, note

if TYPE_CHECKING:
    from clustersim.api import Forecast
    from clustersim.study.chosen import Choice

STANDARD_OUTPUT = Path("-")

_TRACES = (".json", ".json.gz")


@dataclass(frozen=True)
class OneRun:
    """What is wanted of one replication, and of which."""

    events: Path | None
    trace: Path | None
    choice: "Choice"

    @property
    def events_printed(self) -> bool:
        """Whether the event log goes to standard output, in place of the summary."""
        return self.events == STANDARD_OUTPUT


def wanted(
    events: Path | None,
    trace: Path | None,
    replication: str | None,
    *,
    replications: int,
    data: Sequence[Path],
    folder: Path,
) -> OneRun:
    """What is wanted, after it was seen that it can be had; anything else ends the command with exit code 2.

    Parameters
    ----------
    events, trace : Path or None
        Files to write.
    replication : str or None
        Which replication, as the user wrote it.
    replications : int
        How many the study has.
    data : sequence of Path
        Files that the command reads.
    folder : Path
        The output folder, which is replaced as a whole.
    """
    if replication is not None and events is None and trace is None:
        fail("--replication: chooses what --events and --trace show; add one of them")
    for option, path in (("--events", events), ("--trace", trace)):
        if path is None or (option == "--events" and path == STANDARD_OUTPUT):
            continue
        checked_out(path, data, option)
        if path.resolve().is_relative_to(folder.resolve()):
            fail(
                f"{option} {path}: lies in the output folder, which each run replaces as a whole; name a file elsewhere"
            )
    if trace is not None and not trace.name.lower().endswith(_TRACES):
        fail(f"--trace {trace}: its name must end in {' or '.join(_TRACES)}")
    if events is not None and trace is not None and events.resolve() == trace.resolve():
        fail(f"--trace {trace}: is the file of --events; name another")
    return OneRun(events, trace, _choice(replication or "median", replications))


def _choice(text: str, replications: int) -> "Choice":
    """A word or a number out of the study."""
    from clustersim.study.chosen import BY_WALL_TIME

    for word in BY_WALL_TIME:
        if text == word:
            return word
    if not text.isdecimal() or int(text) >= replications:
        fail(
            f"--replication {text}: must be {', '.join(BY_WALL_TIME)} or a number from 0 to {replications - 1} "
            f"(study.replications: {replications})"
        )
    return int(text)


def show(forecast: "Forecast", one_run: OneRun) -> None:
    """Write, or print, what is wanted of one replication."""
    from clustersim.api import event_log, write_trace

    if one_run.trace is not None:
        try:
            write_trace(forecast, one_run.trace, one_run.choice)
        except OSError as error:
            fail(f"--trace {one_run.trace}: {error.strerror or error}")
        note(f"Trace: {one_run.trace}. Open it at ui.perfetto.dev.")
    if one_run.events is None:
        return
    text = event_log(forecast, one_run.choice)
    if one_run.events_printed:
        _print(text)
    else:
        write_or_fail(one_run.events, text, "--events")
        note(f"Event log: {one_run.events}")


def _print(text: str) -> None:
    from clustersim.report.events import print_log

    with closable_output():
        print_log(text, sys.stdout)
