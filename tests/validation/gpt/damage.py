"""Damage a checkpoint as disks and crashes do."""

from pathlib import Path

from validation.gpt.manifest import listed


def damage_newest(folder: Path, how: str = "flip") -> str:
    """Damage one data file of the newest checkpoint, at its middle; return the name of the checkpoint."""
    newest = listed(folder)[0]
    file = max(newest.glob("*.distcp"), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    if how == "flip":
        content[middle] ^= 1
    elif how == "truncate":
        del content[middle:]
    file.write_bytes(content)
    return newest.name
