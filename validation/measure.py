"""``python -m validation.measure --out FOLDER --name NAME``: every measurement of ``real.md``, one after the other.

Half a day on two cores; the machine must do nothing else. What is there already is gone on with or kept, so the same
command continues after an interruption. ``--small`` makes tiny ones of all of them in minutes: it shows that they run.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Run = Callable[[Sequence[str]], int]
"""Runs a command and gives its exit code."""

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Part:
    """A measurement: its name, the module and its arguments, what it makes, and whether it goes on by itself."""

    name: str
    arguments: tuple[str, ...]
    made: Path
    resumes: bool = False


def parts(folder: Path, name: str, *, small: bool) -> Iterator[Part]:
    """Commands in their order: what calibrates first, what needs no quiet machine last.

    Parameters
    ----------
    folder : Path
        Where the files go.
    name : str
        Of the hardware; the files begin with it.
    small : bool
        Minutes instead of hours.
    """
    tiny = ("--small",) if small else ()
    corpus = folder / ".corpus"

    def file(kind: str) -> Path:
        return folder / f"{name}-{kind}.json"

    yield Part("bench", ("bench", "--out", str(file("bench")), *tiny), file("bench"))
    yield Part(
        "campaign",
        ("campaign", "--out", str(file("campaign")), "--rounds", "1" if small else "3", *tiny),
        file("campaign"),
        resumes=True,
    )
    brief = ("--topologies", "two-hosts", "--sections", "streams", "--repeats", "1")
    full = ("--repeats", "2", "--quiet-wait", "60")
    testbed = ("testbed", "measure", "--out", str(file("testbed")), *(brief if small else full))
    yield Part("testbed", testbed, file("testbed"))
    often = ("--rounds", "1", *tiny) if small else ("--rounds", "2", "--patience", "5")
    yield Part("faults", ("faults", "--out", str(file("faults")), *often), file("faults"), resumes=True)
    yield Part("corpus", ("corpus", "--out", str(corpus)), corpus / "index.json")
    miniature = ("miniature", "--corpus", str(corpus), "--out", str(file("miniature")), *tiny)
    yield Part("miniature", miniature, file("miniature"))


def measure(chosen: Sequence[Part], run: Run) -> list[str]:
    """Run the parts in turn; one that fails does not keep the others from theirs.

    Returns
    -------
    list of str
        Names of those that failed.
    """
    failed = []
    for part in chosen:
        if part.made.exists() and not part.resumes:
            sys.stderr.write(f"{part.name}: {part.made} is there; remove it to measure again\n")
            continue
        sys.stderr.write(f"{part.name} ...\n")
        if run([sys.executable, "-m", f"validation.{part.arguments[0]}", *part.arguments[1:]]):
            failed.append(part.name)
    return failed


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code: 1 if a part failed."""
    parser = argparse.ArgumentParser(prog="python -m validation.measure", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the files go")
    parser.add_argument("--name", required=True, help="of the hardware, e.g. cpu-epyc-2; the files begin with it")
    parser.add_argument("--small", action="store_true", help="minutes instead of hours; shows that it runs")
    parser.add_argument("--only", nargs="*", default=[], metavar="PART", help="bench, campaign, testbed, ...")
    given = parser.parse_args(arguments)
    every = list(parts(given.out, given.name, small=given.small))
    unknown = sorted(set(given.only) - {part.name for part in every})
    if unknown or not given.out.is_dir():
        known = ", ".join(part.name for part in every)
        what = (
            f"--only {' '.join(unknown)}: no such part; known: {known}" if unknown else f"--out {given.out}: no folder"
        )
        sys.stderr.write(f"{what}\n")
        return 2
    try:
        failed = measure([part for part in every if not given.only or part.name in given.only], subprocess.call)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; the same command goes on.\n")
        return INTERRUPTED
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
