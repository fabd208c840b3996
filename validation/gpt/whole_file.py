"""Files of measurements, whole at every moment."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_whole(path: Path, tree: Mapping[str, Any], *, allow_nan: bool = True) -> None:
    """Write a tree as JSON under another name, then give it its own.

    Parameters
    ----------
    path : Path
        Replaced at once.
    tree : mapping
        What it will hold.
    allow_nan : bool
        Whether not a number and infinity, which JSON lacks, are written all the same.

    Raises
    ------
    ValueError
        If they are not allowed and there is one; the file stays as it was.
    """
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(tree, indent=1, allow_nan=allow_nan) + "\n", encoding="utf-8")
    part.replace(path)
