"""``clustersim validate``: predictions against what was published or measured."""

import typer

from clustersim.cli.validate_collectives import collectives
from clustersim.cli.validate_throughput import throughput

validate = typer.Typer(
    name="validate",
    help="Compare predictions with what was published or measured, and list every case.",
    no_args_is_help=True,
)
validate.command()(throughput)
validate.command()(collectives)
