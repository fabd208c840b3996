"""How commands speak: standard output that may be a pipe, notes and errors beside it, progress on a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

BAD_INPUT = 2
INTERRUPTED = 130

_PIPE_COLUMNS = 160

OnProgress = Callable[[int, int], None]
"""Told how many are done, of how many."""


def fail(message: str) -> NoReturn:
    """Say on standard error what is wrong with the input, and exit with 2."""
    typer.echo(message, err=True)
    raise typer.Exit(BAD_INPUT)


def note(message: str) -> None:
    """Say something beside the output; nothing when nobody reads it any more."""
    with suppress(BrokenPipeError):
        typer.echo(message, err=True)


@contextmanager
def closable_output() -> Iterator[None]:
    """Let the reader of a pipe leave early (``| head``): that is no error, and nothing is said of it, even at exit."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def console() -> "Console":
    """Build the console of standard output."""
    from rich.console import Console

    class PatientConsole(Console):
        """A console that leaves a closed pipe to :func:`closable_output` instead of exiting with 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    # A pipe has no width of its own; a table that is cut to 80 columns there helps nobody.
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_COLUMNS
    return PatientConsole(highlight=False, width=width)


@contextmanager
def progress_bar(doing: str, unit: str) -> Iterator[OnProgress | None]:
    """A bar with the time left on a terminal; nothing when standard error goes elsewhere.

    Parameters
    ----------
    doing, unit : str
        What goes on (``"Simulating"``), and what is counted (``"runs"``).
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(unit, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
