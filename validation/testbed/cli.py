"""The command line: ``up``, ``down``, ``list``, ``run``, ``measure`` and ``show``."""

import argparse
import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from validation.testbed import registry
from validation.testbed.launch import Stopped, run_everywhere, stoppable, to_terminal
from validation.testbed.measure import SECTIONS, Plan, measure
from validation.testbed.quantities import format_rate
from validation.testbed.requirements import UnavailableError, require
from validation.testbed.show import tables
from validation.testbed.steps import shipped_jobs
from validation.testbed.testbed import Testbed, brought_up, leave_up, remove
from validation.testbed.topology import Topology, TopologyError
from validation.testbed.topology_file import SHIPPED, read_topologies

USER_ERROR = 2
INTERRUPTED = 130


class UsageError(ValueError):
    """What was asked for makes no sense. Its text says what would."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0, the exit code of the job that was run, 2 for an error of the user's or a machine that cannot carry a testbed,
        130 after Ctrl-C, 128 + n after signal n.
    """
    options = _parser().parse_args(arguments)
    try:
        with stoppable():
            return int(options.command(options))
    except (UnavailableError, TopologyError, UsageError) as error:
        sys.stderr.write(f"{error}\n")
        return USER_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the testbed is gone\n")
        return INTERRUPTED
    except Stopped as stopped:
        sys.stderr.write(f"stopped by {stopped}; the testbed is gone\n")
        return 128 + stopped.number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation.testbed",
        description="Hosts made of network namespaces with rate-limited links, for a real distributed job. Needs root.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="bring a topology up and leave it so")
    _add_name(up)
    up.set_defaults(command=_up)
    down = commands.add_parser("down", help="take down what `up` or a crash left")
    down.add_argument("identifiers", nargs="*", metavar="ID", help="testbeds as `list` names them; none: all abandoned")
    down.set_defaults(command=_down)
    listing = commands.add_parser("list", help="topologies, and the testbeds of this machine")
    _add_file(listing)
    listing.set_defaults(command=_list)
    run = commands.add_parser("run", help="run a command in every host of a fresh testbed: run NAME -- COMMAND...")
    _add_name(run)
    run.add_argument("job", nargs="+", metavar="COMMAND", help="program and arguments, behind --")
    run.set_defaults(command=_run)
    _add_measure(commands)
    show = commands.add_parser("show", help="print a measurement as tables")
    show.add_argument("measurement", type=Path, metavar="FILE.json")
    show.add_argument("--every-size", action="store_true", help="every collective at every size")
    show.set_defaults(command=_show)
    return parser


def _add_measure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    measure = commands.add_parser("measure", help="measure links, collectives and training steps of topologies")
    measure.add_argument(
        "--out", type=Path, required=True, metavar="FILE.json", help="the measurement; replaced as it grows"
    )
    measure.add_argument("--topologies", nargs="+", metavar="NAME", help="as `list` names them; default: all")
    measure.add_argument("--sections", nargs="+", choices=SECTIONS, default=SECTIONS, help="default: all")
    measure.add_argument(
        "--jobs", nargs="+", metavar="JOB", help=f"of {', '.join(shipped_jobs())}, or files of your own"
    )
    measure.add_argument("--repeats", type=int, default=3, metavar="N", help="of everything; default 3")
    wait = "wait so long before each part for others to leave the machine idle; default 0"
    measure.add_argument("--quiet-wait", type=float, default=0.0, metavar="SECONDS", help=wait)
    _add_file(measure)
    measure.set_defaults(command=_measure)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a topology, see `list`")
    _add_file(parser)


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, default=SHIPPED, metavar="TOML", help="topologies of your own")


def _up(options: argparse.Namespace) -> int:
    bed = leave_up(_topology(options))
    sys.stdout.write(f"{bed.names.identifier} is up\n{_hosts(bed)}")
    sys.stdout.write(f"take it down: python -m validation.testbed down {bed.names.identifier}\n")
    return 0


def _down(options: argparse.Namespace) -> int:
    require()
    known = {entry.identifier: entry for entry in registry.entries()}
    unknown = [identifier for identifier in options.identifiers if identifier not in known]
    if unknown:
        message = f"no testbed is called {', '.join(unknown)}; there are: {', '.join(known) or 'none'}"
        raise UsageError(message)
    held = False
    for identifier in options.identifiers or known:
        if remove(identifier):
            sys.stdout.write(f"{identifier} is gone\n")
        else:
            held = True
            sys.stderr.write(f"{identifier} belongs to a command that still runs; stop that, and it will be gone\n")
    return USER_ERROR if held and options.identifiers else 0


def _list(options: argparse.Namespace) -> int:
    for topology in read_topologies(options.file).values():
        sys.stdout.write(f"{topology.name}: {topology.description}\n")
        for link in topology.links:
            delay = f", {link.delay_s * 1e3:g} ms" if link.delay_s else ""
            sys.stdout.write(f"  {link.a} - {link.b}: {format_rate(link.rate_bytes_s)}{delay}\n")
    for entry in registry.entries():
        state = "in use" if entry.owned else "abandoned or left up"
        sys.stdout.write(f"up: {entry.identifier} ({entry.topology or 'unknown'}), {state}\n")
    return 0


def _run(options: argparse.Namespace) -> int:
    topology = _topology(options)
    if shutil.which(options.job[0]) is None:
        message = f"{options.job[0]!r} is not a program that can be run; name one behind --"
        raise UsageError(message)
    with brought_up(topology) as bed:
        failure = run_everywhere(bed, options.job, to_terminal)
    if failure is None:
        return 0
    sys.stderr.write(f"{failure.host} failed first, with exit code {failure.code}\n")
    return failure.code


def _measure(options: argparse.Namespace) -> int:
    if options.repeats < 1:
        message = f"--repeats: {options.repeats}; write 1 or more"
        raise UsageError(message)
    if not 0.0 <= options.quiet_wait < math.inf:
        message = f"--quiet-wait: {options.quiet_wait}; write a number of seconds, 0 or more"
        raise UsageError(message)
    if not options.out.resolve().parent.is_dir() or options.out.is_dir():
        message = f"--out {options.out}: is a folder, or its folder does not exist; name a file in a folder that does"
        raise UsageError(message)
    known = read_topologies(options.file)
    plan = Plan(
        topologies=tuple(_known(known, name, options.file) for name in options.topologies or known),
        sections=tuple(options.sections),
        jobs=_jobs(options.jobs),
        repeats=options.repeats,
        quiet_wait_s=options.quiet_wait,
    )
    require()
    problems = measure(plan, options.out)
    sys.stderr.write(f"{options.out} is written\n")
    sys.stderr.write("".join(f"not measured: {problem.splitlines()[0]}\n" for problem in problems))
    return 1 if problems else 0


def _show(options: argparse.Namespace) -> int:
    try:
        sys.stdout.write(tables(json.loads(options.measurement.read_text(encoding="utf-8")), options.every_size))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"{options.measurement}: is not a measurement of this command: {reason}"
        raise UsageError(message) from None
    return 0


def _jobs(names: Sequence[str] | None) -> dict[str, Path]:
    shipped = shipped_jobs()
    if names is None:
        return shipped
    found = {Path(name).stem: shipped.get(name, Path(name)) for name in names}
    missing = [str(path) for path in found.values() if not path.is_file()]
    if missing:
        message = f"--jobs: {', '.join(missing)}: no such file; there are the jobs {', '.join(shipped)}"
        raise UsageError(message)
    return found


def _topology(options: argparse.Namespace) -> Topology:
    return _known(read_topologies(options.file), options.name, options.file)


def _known(topologies: Mapping[str, Topology], name: str, file: Path) -> Topology:
    if name not in topologies:
        message = f"{file}: no topology is called {name!r}; there are: {', '.join(topologies)}"
        raise UsageError(message)
    return topologies[name]


def _hosts(bed: Testbed) -> str:
    lines = []
    for host in bed.topology.hosts:
        variables = " ".join(f"{name}={value}" for name, value in bed.environment(host).items())
        lines.append(f"{host} ({bed.topology.address(host)}): {' '.join(bed.inside(host, ('env', variables)))} ...\n")
    return "".join(lines)
