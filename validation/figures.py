"""Draws the figures of the pages of ``validation`` into ``validation/figures``: ``python -m validation.figures``.

Each is an SVG that stands alone, with the data behind it as CSV. ``--check`` writes nothing and fails if a file is not
what would be drawn.
"""

import argparse
import sys
from collections.abc import Iterator

from validation.draw_calibration import calibration_sheet
from validation.draw_collectives import collectives_sheet
from validation.draw_errors import errors_sheet
from validation.draw_scaling import growing_sheet, strong_sheet, weak_sheet
from validation.predicted import HERE

FOLDER = HERE / "figures"
SHEETS = (weak_sheet, strong_sheet, growing_sheet, errors_sheet, collectives_sheet, calibration_sheet)


def drawings() -> Iterator[tuple[str, str]]:
    """Names and contents of all files."""
    for build in SHEETS:
        sheet = build()
        yield f"{sheet.name}.svg", sheet.svg()
        yield f"{sheet.name}.csv", sheet.csv()


def stale() -> list[str]:
    """Files that are missing or not what would be drawn."""
    return [
        name
        for name, content in drawings()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != content
    ]


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with ``--check`` say which are not up to date."""
    parser = argparse.ArgumentParser(prog="python -m validation.figures", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is not up to date")
    if parser.parse_args(arguments).check:
        old = stale()
        for name in old:
            sys.stderr.write(f"{FOLDER.name}/{name}: not up to date; run python -m validation.figures\n")
        return int(bool(old))
    FOLDER.mkdir(exist_ok=True)
    for name, content in drawings():
        (FOLDER / name).write_text(content, "utf-8")
        sys.stdout.write(f"{FOLDER.name}/{name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
