"""``python -m validation.miniature --corpus FOLDER --out FILE``: what a large run learns, in miniature."""

import argparse
import json
import sys
from pathlib import Path

from validation.gpt.whole_file import write_whole
from validation.miniature.plan import FULL, SMALL
from validation.miniature.run import RunFailed, copying_again, run_miniature


def main() -> int:
    """Run the command; returns its exit code."""
    given = _arguments()
    if not (given.corpus / "index.json").is_file():
        sys.stderr.write(
            f"--corpus {given.corpus}: no index.json there; python -m validation.corpus --out FOLDER builds one\n"
        )
        return 2
    if given.copying_again and not given.out.is_file():
        sys.stderr.write(f"--out {given.out}: no such file; --copying-again takes one that is there\n")
        return 2
    if not given.out.resolve().parent.is_dir():
        sys.stderr.write(f"--out {given.out}: no such folder\n")
        return 2
    try:
        form = SMALL if given.small else FULL
        if given.copying_again:
            tree = copying_again(json.loads(given.out.read_text("utf-8")), form)
        else:
            tree = run_miniature(given.corpus, form, _say)
    except RunFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; nothing was written.\n")
        return 130
    write_whole(given.out, tree)
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m validation.miniature", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, metavar="FOLDER", help="packed shards")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the measurement goes")
    parser.add_argument("--copying-again", action="store_true", help="measure the copying in an existing --out anew")
    parser.add_argument("--small", action="store_true", help="seconds instead of an hour; shows that it runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
