"""``python -m validation.faults --out FILE``: break a real job in every planned way and measure what is left."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from validation.faults.account import NothingUndisturbed
from validation.faults.plan import FULL, SMALL
from validation.faults.run import JobFailed
from validation.faults.session import run_session


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = _parsed(arguments)
    protocol = SMALL if given.small else FULL
    names = protocol.only(tuple(given.only))
    problem = _problem(given, names)
    if problem:
        sys.stderr.write(problem + "\n")
        return 2
    if given.list:
        sys.stdout.writelines(f"{name}\n" for name in names)
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        patience_s = 60.0 * given.patience
        run_session(protocol, names, given.out, given.rounds, seed=given.seed, say=_say, patience_s=patience_s)
    except (JobFailed, NothingUndisturbed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        held = f"; {given.out} holds what was measured, and the same command goes on from there"
        sys.stderr.write(f"Interrupted{held if given.out.exists() else ''}.\n")
        return 130
    return 0


def _problem(given: argparse.Namespace, names: tuple[str, ...]) -> str:
    """What is wrong with the arguments; empty if nothing is."""
    if not names:
        return f"--only {' '.join(given.only)}: no such run; python -m validation.faults --list"
    if given.list:
        return ""
    if given.out is None:
        return "--out FILE: missing; where the measurements go"
    if given.rounds < 1:
        return f"--rounds {given.rounds}: nothing to run; use 1 or more"
    if not given.out.parent.is_dir():
        return f"--out {given.out}: no such folder; make it first"
    if sys.platform != "linux":
        return f"this system is {sys.platform}: the processes of a job are found and slowed as Linux shows them"
    return ""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m validation.faults", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FILE", help="file of measurements; one that is there goes on")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="runs whose names start so")
    parser.add_argument("--small", action="store_true", help="runs of a quarter of a minute each instead")
    parser.add_argument("--rounds", type=int, default=2, help="undisturbed repeats of every run (2)")
    parser.add_argument(
        "--patience",
        type=float,
        default=0.0,
        metavar="MINUTES",
        help="longest wait for a quiet machine (0)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order and of the random kills (0)")
    parser.add_argument("--list", action="store_true", help="list the runs and stop")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
