"""Every predicted layout as a table in a file."""

import csv
import os
import tempfile
from pathlib import Path

from clustersim.study.layouts.found import Found
from clustersim.study.layouts.summary import row


def write_csv(found: Found, path: Path) -> None:
    """Write every layout that fits and was predicted, fastest first; the file appears whole or not at all.

    Parameters
    ----------
    found : Found
        The search.
    path : Path
        The file; replaced if it exists.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    rows = [row(candidate, found, rank) for rank, candidate in enumerate(found.predicted, 1)]
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, rows[0] if rows else ["layout"])
            writer.writeheader()
            writer.writerows(rows)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def check_csv(path: Path) -> None:
    """Find out whether the file can be written before the search starts.

    Raises
    ------
    OSError
        If it is a folder, or its folder is missing or closed.
    """
    if path.is_dir():
        message = "is a folder; name a file"
        raise IsADirectoryError(message)
    folder = path.absolute().parent
    if not folder.is_dir():
        message = f"there is no folder {folder}"
        raise FileNotFoundError(message)
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"cannot be written: {folder} does not allow it"
        raise PermissionError(message)
