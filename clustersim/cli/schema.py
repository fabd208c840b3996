"""``clustersim schema``: the JSON Schema of scenario files."""

import json

import typer

from clustersim.cli.terminal import closable_output


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from clustersim.scenario import json_schema

    with closable_output():
        typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
