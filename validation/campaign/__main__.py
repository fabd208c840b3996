"""``python -m validation.campaign --out FILE``: measure the step times of all jobs of the campaign."""

import argparse
import sys
from pathlib import Path

from validation.campaign.plan import by_name, jobs, small
from validation.campaign.run import JobFailed, run_campaign


def main() -> int:
    """Run the command; returns its exit code."""
    given = _arguments()
    chosen = tuple(by_name(small() if given.small else jobs(), tuple(given.only)))
    if not chosen:
        sys.stderr.write(f"--only {' '.join(given.only)}: no such job; python -m validation.campaign --list\n")
        return 2
    if given.list:
        sys.stdout.writelines(f"{job.split}  {job.name}\n" for job in chosen)
        return 0
    if given.out is None:
        sys.stderr.write("--out FILE: missing; where the campaign goes\n")
        return 2
    try:
        run_campaign(chosen, given.out, given.rounds, seed=given.seed, say=_say)
    except JobFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(
            f"Interrupted; {given.out} holds what was measured, and the same command goes on from there.\n"
        )
        return 130
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m validation.campaign", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FILE", help="campaign file; one that is there goes on")
    parser.add_argument("--rounds", type=int, default=3, help="undisturbed repeats of every job (3)")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="jobs whose names start so")
    parser.add_argument("--small", action="store_true", help="a handful of tiny jobs instead")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the jobs (0)")
    parser.add_argument("--list", action="store_true", help="list the jobs and stop")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
