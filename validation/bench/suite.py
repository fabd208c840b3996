"""All sections, one after the other, each with its share of the time."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from validation.bench import attention, checkpoint, collectives, gemm, memory, process_group
from validation.bench.case import Record
from validation.bench.crew import CrewError
from validation.bench.results import Results
from validation.bench.sampling import Sampling
from validation.bench.session import NotRunError, Session
from validation.bench.shape import Shape
from validation.bench.worker import Place


@dataclass(frozen=True, slots=True)
class Section:
    """A section: what measures it, and its share of the time beside those of the others.

    The shares follow the number of cases and what one of them takes on two cores.
    """

    run: Callable[[Session], list[Record]]
    share: float


SECTIONS: Mapping[str, Section] = {
    "gemm": Section(gemm.run, 5.0),
    "memory": Section(memory.run, 5.0),
    "attention": Section(attention.run, 1.0),
    "collectives": Section(collectives.run, 2.0),
    "checkpoint": Section(checkpoint.run, 2.0),
    "process_group": Section(process_group.run, 1.0),
}

QUICK = Sampling(sample_s=0.001, turn_s=0.01, least_rounds=2, most_rounds=2)
"""For a small run: two turns of every case, so that the order of the rounds is tried as well."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What to measure.

    Attributes
    ----------
    sections : tuple of str
        Names of :data:`SECTIONS`, in order.
    shapes : tuple of Shape
        Models whose sizes are measured.
    small : bool
        Whether to measure a few small sizes only.
    device_kind : {"cpu", "cuda"}
        What is measured.
    threads, world : int
        Threads of each process, and processes.
    budget_s : float
        Time for all sections [s].
    """

    sections: tuple[str, ...]
    shapes: tuple[Shape, ...]
    small: bool
    device_kind: str
    threads: int
    world: int
    budget_s: float


def run_sections(
    settings: Settings,
    results: Results,
    folder: Path,
    say: Callable[[str], object],
    known: Mapping[str, Section] = SECTIONS,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run the sections; one that fails is recorded and the others still run.

    Parameters
    ----------
    settings : Settings
        What to measure.
    results : Results
        Where the records go.
    folder : Path
        Where files may be written and removed again.
    say : callable
        Called with a line for each section.
    known : Mapping
        Sections by name.
    clock : callable
        The time now [s].

    Notes
    -----
    What is left of the budget is divided among the sections that are left, so that a short one leaves its time to the
    next. A turn that has begun is finished, so that a run takes somewhat longer than its budget.
    """
    end_s = clock() + settings.budget_s
    for index, name in enumerate(settings.sections):
        began_s = clock()
        if began_s >= end_s:
            results.set_state(name, "not run: time budget spent")
        else:
            shares = [known[other].share for other in settings.sections[index:]]
            deadline_s = began_s + (end_s - began_s) * shares[0] / sum(shares)
            _run_section(known[name], name, settings, results, folder, deadline_s, clock)
        say(f"{name}: {results.states[name]}")


def _run_section(
    section: Section,
    name: str,
    settings: Settings,
    results: Results,
    folder: Path,
    deadline_s: float,
    clock: Callable[[], float],
) -> None:
    from validation.gpt.environment import load_average  # with torch, which --help does without

    began_s = clock()
    results.set_state(name, "begun, not finished", before=load_average())
    try:
        with TemporaryDirectory(dir=folder, prefix=".bench-") as scratch:
            place = Place(0, settings.world, settings.device_kind, settings.threads, Path(scratch), port=0)
            keep = partial(results.set_records, name)
            sampling = QUICK if settings.small else Sampling()
            keep(section.run(Session(settings.shapes, settings.small, place, deadline_s, keep, sampling, clock)))
        state = f"done in {clock() - began_s:.1f} s"
    except NotRunError as reason:
        state = f"not run: {reason}"
    except CrewError as error:
        state = f"failed: {error}"
    except Exception as error:  # one section must not take the others with it
        state = f"failed: {type(error).__name__}: {error}"
    results.set_state(name, state, after=load_average())


def failed(states: Mapping[str, str]) -> Sequence[str]:
    """Names of the sections that failed."""
    return [name for name, state in states.items() if state.startswith("failed")]
