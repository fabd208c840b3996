"""Damages the newest checkpoint as a bad disk would: some bytes of its largest file are not those that were written."""

from pathlib import Path

from validation.gpt.manifest import listed

FLIPPED_BYTES = 64


def damage_newest(folder: Path) -> str:
    """Flip bytes in the middle of the largest file of the newest whole checkpoint.

    Parameters
    ----------
    folder : Path
        Holds the checkpoints.

    Returns
    -------
    str
        Name of the checkpoint; empty if there is none yet.
    """
    newest = next(iter(listed(folder)), None)
    if newest is None:
        return ""
    largest = max((path for path in newest.iterdir() if path.is_file()), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        file.seek(largest.stat().st_size // 2)
        found = file.read(FLIPPED_BYTES)
        file.seek(-len(found), 1)
        file.write(bytes(byte ^ 0xFF for byte in found))
    return newest.name
