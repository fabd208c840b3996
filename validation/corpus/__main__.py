"""Makes a corpus of packed token shards from raw text found on this machine, and measures every stage."""

import argparse
import json
import signal
import sys
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from validation.corpus.errors import CorpusError
from validation.corpus.options import Options

PROGRAM = "python -m validation.corpus"

LIBRARIES = ("numpy", "tokenizers", "datasketch")

_WRONG, _INTERRUPTED = 2, 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0; 2 if the request cannot be met; 130 if it was interrupted.
    """
    found = _parser().parse_args(arguments)
    options = Options(
        out=found.out,
        folders=tuple(found.folders),
        vocab=found.vocab,
        seed=found.seed,
        limit_bytes=found.limit_bytes,
        validation_fraction=found.validation_fraction,
        shard_tokens=found.shard_tokens,
    )
    before = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        return _run(options, as_json=found.json)
    except CorpusError as problem:
        sys.stderr.write("".join(f"{PROGRAM}: {line}\n" for line in str(problem).splitlines()))
        return _WRONG
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{PROGRAM}: interrupted; nothing was written\n")
        return _INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(options: Options, *, as_json: bool) -> int:
    missing = [library for library in LIBRARIES if find_spec(library) is None]
    if missing:
        problem = f"needs {', '.join(missing)}: pip install {' '.join(missing)}"
        raise CorpusError(problem)
    # Heavy: the libraries behind it are not needed to say what a flag means.
    from validation.corpus.pipeline import build
    from validation.corpus.progress import Progress
    from validation.corpus.summary import table

    progress = Progress(sys.stderr)
    try:
        summary = build(options, progress)
    finally:
        progress.show("")
    sys.stdout.write(
        json.dumps(summary, indent=1) + "\n" if as_json else table(summary) + f"written to {options.out}\n"
    )
    return 0


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    """A polite kill cleans up as Ctrl-C does."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    default = {field.name: field.default for field in fields(Options)}
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="FOLDER", help="folder to write; new or empty")
    add(
        "--from",
        dest="folders",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="where to look for text, can be repeated (default: Python's standard library, and the documentation of "
        "installed packages)",
    )
    add("--vocab", type=int, default=default["vocab"], metavar="N", help="entries of the tokenizer (%(default)s)")
    add("--seed", type=int, default=default["seed"], metavar="N", help="of sample, order and split (%(default)s)")
    add("--limit-bytes", type=int, metavar="BYTES", help="read a sample of the files, at most so much (default: all)")
    add(
        "--validation-fraction",
        type=float,
        default=default["validation_fraction"],
        metavar="SHARE",
        help="expected share of documents held out (%(default)s)",
    )
    add(
        "--shard-tokens",
        type=int,
        default=default["shard_tokens"],
        metavar="N",
        help="most tokens of a shard (%(default)s)",
    )
    add("--json", action="store_true", help="print funnel.json instead of a table")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
