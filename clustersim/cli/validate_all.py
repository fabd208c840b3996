"""``clustersim validate`` without a further word: the scoreboard of all rings."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clustersim.cli.options import AsJson
from clustersim.cli.terminal import BAD_INPUT, INTERRUPTED, closable_output, console, fail, note, progress_bar

if TYPE_CHECKING:
    from clustersim.study.scoreboard import Board

BAND_EXCEEDED = 1

RINGS = ("theory", "published", "real")

BANDS = "scoreboard.csv"

OUT = Path("validation-scoreboard")


def scoreboard(
    context: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            help="Folder with the tables.",
            show_default="validation here, or in the checkout of the package",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the page and the JSON.")] = OUT,
    rings: Annotated[
        str, typer.Option("--rings", metavar="NAMES", help="Rings to run, separated by commas.")
    ] = ",".join(RINGS),
    as_json: AsJson = False,
) -> None:
    """Run every ring of validation, list every case, and fail with 1 when a band is exceeded."""
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    from clustersim.study.scoreboard.output import check_board_folder

    chosen, data = _rings(rings), _data(data_dir)
    try:
        check_board_folder(out)
    except OSError as error:
        fail(f"--out {out}: {error.strerror or error}")
    try:
        board = _run(data, chosen)
        tree = _write(board, out)
    except KeyboardInterrupt:
        note("Interrupted; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    _print(tree, as_json)
    note(f"Page with every case, and JSON: {out / 'scoreboard.html'}")
    if board.exceeded:
        raise typer.Exit(BAND_EXCEEDED)


def _refuse_options(context: typer.Context) -> None:
    """Options of the scoreboard before another command would do nothing."""
    sources = {option.opts[0]: context.get_parameter_source(option.name or "") for option in context.command.params}
    given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if given:
        fail(f"{', '.join(given)} before {context.invoked_subcommand}: put the options of a command behind its name")


def _rings(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in RINGS]
    if unknown:
        fail(f"--rings {text}: {unknown[0]!r} is not one of {', '.join(RINGS)}")
    return names


def _data(given: Path | None) -> Path:
    """Folder of the tables: the one given, else ``validation`` here or in the checkout of the package."""
    here, checkout = Path("validation"), Path(__file__).parents[2] / "validation"
    tried = [given] if given is not None else [here, checkout]
    found = next((folder for folder in tried if (folder / BANDS).is_file()), None)
    if found is None:
        places = " and ".join(str(folder / BANDS) for folder in tried)
        typer.echo(
            f"The tables of the scoreboard are not there: looked for {places}.\n"
            "Run the command in a checkout of clustersim, or name its folder: --data-dir CHECKOUT/validation.",
            err=True,
        )
        raise typer.Exit(BAD_INPUT)
    # The scenarios stand beside the folder, so it needs a name and a place.
    return found if found.name not in ("", "..") else found.resolve()


def _run(data: Path, rings: tuple[str, ...]) -> "Board":
    from clustersim.calibration.rows import TableError
    from clustersim.scenario import ScenarioError
    from clustersim.study.executor import Serial, default_executor
    from clustersim.study.scoreboard import run_board

    executor = default_executor() if "published" in rings else Serial()
    try:
        with progress_bar("Validating", "sets of cases") as on_progress:
            return run_board(data, executor, rings, on_progress)
    except (TableError, ScenarioError) as error:
        fail(str(error))
    finally:
        executor.close()


def _write(board: "Board", out: Path) -> dict[str, object]:
    from clustersim.report.scoreboard_page import render_board
    from clustersim.study.scoreboard import board_tree
    from clustersim.study.scoreboard.output import write_board

    tree = board_tree(board)
    try:
        write_board(tree, out, render_board)
    except OSError as error:
        fail(f"--out {out}: {error.strerror or error}")
    return tree


def _print(tree: dict[str, object], as_json: bool) -> None:
    with closable_output():
        if as_json:
            from clustersim.study.scoreboard.output import board_text

            sys.stdout.write(board_text(tree))
            return
        from clustersim.report.scoreboard_text import print_board

        print_board(tree, console())
