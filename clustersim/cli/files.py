"""Writes a command's output file, all or nothing."""

from pathlib import Path

from clustersim.cli.terminal import fail


def write_or_fail(out: Path | None, text: str) -> None:
    """Write a file if one is asked for; one that cannot be written ends the command with exit code 2."""
    from clustersim.calibration.predictions_csv import write_whole

    if out is None:
        return
    try:
        write_whole(out, text)
    except OSError as error:
        fail(f"--out {out}: {error.strerror or error}")
