"""``python -m validation.bench``: microbenchmarks of this machine, written to a file."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from validation.bench.host import cuda_devices, environment
from validation.bench.results import Results
from validation.bench.shape import DEFAULT, SMALL, Shape
from validation.bench.suite import SECTIONS, Settings, failed, run_sections
from validation.gpt.config_file import read_config
from validation.gpt.problems import ConfigurationError

USERS_MISTAKE = 2
INTERRUPTED = 130
"""What a shell reports for a program ended by Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure this machine.

    Parameters
    ----------
    arguments : Sequence of str, optional
        The command line; that of the process by default.

    Returns
    -------
    int
        Exit code: 0, 1 when a section failed, 2 for a mistake of the user, 130 when interrupted.
    """
    options = _parser().parse_args(arguments)
    settings, problems = _settings(options)
    if problems:
        sys.stderr.write("".join(f"bench: {problem}\n" for problem in problems))
        return USERS_MISTAKE
    facts = environment(settings.device_kind) | {"threads": settings.threads, "world": settings.world}
    results = Results(options.out, facts | {"small": settings.small})
    try:
        run_sections(settings, results, options.out.parent, _say)
    except KeyboardInterrupt:
        _say(f"interrupted; {results.count} records are in {options.out}")
        return INTERRUPTED
    _say(f"{results.count} records in {options.out}")
    return 1 if failed(results.states) else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    about = "Measure this machine: products, memory, attention, collectives, checkpoints, start-up of process groups."
    parser = argparse.ArgumentParser(prog="python -m validation.bench", description=about)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="file of results")
    parser.add_argument("--sections", default=",".join(SECTIONS), help="names with commas between (default: all)")
    parser.add_argument("--shapes", type=Path, nargs="+", default=[], metavar="CONFIG.toml", help="settings of the job")
    parser.add_argument("--small", action="store_true", help="a few small sizes, for trying the benchmark itself")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: CUDA devices where there are any")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process (default: 1)")
    parser.add_argument("--world", type=int, help="processes (default: 2, or one for each CUDA device)")
    parser.add_argument("--budget", type=float, default=600.0, metavar="SECONDS", help="time in all (default: 600)")
    return parser


def _settings(options: argparse.Namespace) -> tuple[Settings, list[str]]:
    """The settings of a command line, and every problem with it."""
    sections = tuple(name for name in options.sections.split(",") if name)
    shapes, problems = _shapes(options.shapes)
    devices = 0 if options.device == "cpu" else cuda_devices()
    device_kind = options.device or ("cuda" if devices else "cpu")
    problems += [
        f"--sections: unknown section {name!r}; known: {', '.join(SECTIONS)}"
        for name in sections
        if name not in SECTIONS
    ]
    world = options.world if options.world is not None else max(1, devices) if device_kind == "cuda" else 2
    problems += [problem for problem, is_wrong in _checks(options, world, device_kind, devices) if is_wrong]
    return (
        Settings(
            sections=sections,
            shapes=shapes or (SMALL if options.small else DEFAULT[device_kind]),
            small=options.small,
            device_kind=device_kind,
            threads=options.threads,
            world=world,
            budget_s=options.budget,
        ),
        problems,
    )


def _checks(options: argparse.Namespace, world: int, device_kind: str, devices: int) -> list[tuple[str, bool]]:
    cpus = os.cpu_count() or 1
    folder: Path = options.out.parent
    return [
        (f"--out: no folder {folder} to write in; make it first", not folder.is_dir()),
        (f"--out: {options.out} is a folder; give the name of a file", options.out.is_dir()),
        ("--sections: none given", not options.sections.strip(",")),
        (f"--threads: {options.threads}; give 1 to {cpus}, the processors here", not 1 <= options.threads <= cpus),
        (f"--world: {world}; give 1 or more", world < 1),
        (f"--budget: {options.budget:g}; give 0 or more seconds", not options.budget >= 0.0),
        (
            f"--world: torch finds {devices} CUDA devices for {world} processes; lower it, or give --device cpu",
            device_kind == "cuda" and world > devices,
        ),
    ]


def _shapes(paths: Sequence[Path]) -> tuple[tuple[Shape, ...], list[str]]:
    shapes: list[Shape] = []
    problems: list[str] = []
    for path in paths:
        try:
            shapes.append(Shape.of_job(read_config(path)))
        except ConfigurationError as error:
            problems += error.problems
    return tuple(dict.fromkeys(shapes)), problems


if __name__ == "__main__":
    sys.exit(main())
