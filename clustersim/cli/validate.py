"""``clustersim validate``: predictions against what was published or measured."""

import typer

from clustersim.cli.validate_all import scoreboard
from clustersim.cli.validate_capability import capability
from clustersim.cli.validate_collectives import collectives
from clustersim.cli.validate_loss import loss
from clustersim.cli.validate_real import real
from clustersim.cli.validate_schedules import schedules
from clustersim.cli.validate_throughput import throughput

validate = typer.Typer(
    name="validate",
    help="Run the scoreboard: theory, published runs, measurements; or compare one table of your own.",
    invoke_without_command=True,
)
validate.callback()(scoreboard)
validate.command()(throughput)
validate.command()(collectives)
validate.command()(capability)
validate.command()(loss)
validate.command()(real)
validate.command()(schedules)
