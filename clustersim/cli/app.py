"""The ``clustersim`` command: the one place where commands are registered."""

from typing import Annotated

import typer

from clustersim.cli.calibrate import calibrate
from clustersim.cli.catalog import catalog
from clustersim.cli.check import check
from clustersim.cli.failures import failures
from clustersim.cli.layouts import layouts
from clustersim.cli.learn import learn
from clustersim.cli.run import run
from clustersim.cli.schema import schema
from clustersim.cli.step import step
from clustersim.cli.validate import validate

COMMANDS = (run, learn, step, layouts, failures, check, schema, catalog)
"""Functions that are commands, by their own names, in the order of ``--help``."""

GROUPS = (validate, calibrate)
"""Commands with commands of their own."""

HELP_NAMES = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="clustersim",
    help="Forecast a months-long training run on thousands of GPUs: time, money, failures, learning - and how sure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=HELP_NAMES,
)
for command in COMMANDS:
    app.command()(command)
for group in GROUPS:
    app.add_typer(group)


def _version(wanted: bool) -> None:
    if wanted:
        from clustersim._version import __version__

        typer.echo(f"clustersim {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the ``clustersim`` command."""
    app()
