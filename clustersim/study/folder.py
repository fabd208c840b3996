"""Output folders, all or nothing: nothing else is ever replaced, and nothing half-written is ever there."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def put_in_place(draft: Path, folder: Path) -> None:
    """Swap a draft in; what stood there is deleted only when the new one stands."""
    if not folder.exists():
        draft.rename(folder)
        return
    old = draft.with_name(f"{draft.name}-old")
    folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old)


def refuse_other_folder(folder: Path, is_earlier: Callable[[Path], bool], what: str) -> None:
    """Refuse a folder that holds something else than an earlier output of the same kind, or that cannot be made.

    Parameters
    ----------
    folder : Path
        Where the output is to go.
    is_earlier : callable
        Tells an earlier output from anything else.
    what : str
        The kind, in words.

    Raises
    ------
    OSError
        If the folder holds files that are no such output, is a file, or cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        message = "is a file; choose another folder"
        raise FileExistsError(message)
    if folder.exists() and any(folder.iterdir()) and not is_earlier(folder):
        message = f"holds files that are no earlier {what}; choose another folder"
        raise FileExistsError(message)
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        message = f"cannot be written: {above} does not allow it"
        raise PermissionError(message)
