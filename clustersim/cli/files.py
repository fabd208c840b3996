"""Writes a command's output file, all or nothing, after it was seen that it can be."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from clustersim.cli.terminal import fail


def checked_out(out: Path | None, data: Sequence[Path] = (), option: str = "--out") -> None:
    """End the command with exit code 2, before it works for nothing, when its output file cannot be written.

    Parameters
    ----------
    out : Path or None
        The file; None asks for none.
    data : sequence of Path
        Files that the command reads; the output may be none of them.
    option : str
        What names the file on the command line.
    """
    import tempfile

    if out is None:
        return
    try:
        if out.is_dir():
            fail(f"{option} {out}: is a folder; name a file in it")
        for file in data:
            if out.exists() and file.exists() and out.samefile(file):
                fail(f"{option} {out}: is what the command reads; name another file")
        if out.exists() and not out.is_file():
            return
        # A name too long shows when it is looked up, a folder that is missing or read-only when a file is made in it.
        with suppress(FileNotFoundError):
            out.lstat()
        with tempfile.TemporaryFile(dir=out.resolve().parent):
            pass
    except (OSError, ValueError) as error:
        fail(f"{option} {out}: {getattr(error, 'strerror', None) or error}")


def write_or_fail(out: Path | None, text: str, option: str = "--out") -> None:
    """Write a file if one is asked for; one that cannot be written ends the command with exit code 2."""
    from clustersim.calibration.predictions_csv import write_whole

    if out is None:
        return
    try:
        write_whole(out, text)
    except (OSError, ValueError) as error:
        fail(f"{option} {out}: {getattr(error, 'strerror', None) or error}")
