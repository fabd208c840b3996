"""Runs the rings and holds their cases against the bands."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.calibration.rows import TableError
from clustersim.calibration.theory import GROUPS
from clustersim.study.executor import Executor
from clustersim.study.scoreboard.bands import RINGS, Band, Verdict, read_class_bands, read_scoreboard_bands
from clustersim.study.scoreboard.measurements import Measurement, compared, measurement_files
from clustersim.study.scoreboard.published import sources

BANDS = "scoreboard.csv"
CLASS_BANDS = "bands.csv"

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring with every case.

    Attributes
    ----------
    name : str
        One of :data:`~clustersim.study.scoreboard.bands.RINGS`.
    cases : tuple of Case
        In their order; nothing is left out.
    files : tuple of Path
        What was read.
    absent : tuple of Path
        What the ring knows and was not there.
    measurements : tuple of Measurement
        Files of the real ring, compared or not.
    """

    name: str
    cases: tuple[Case, ...]
    files: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """The scoreboard.

    Attributes
    ----------
    data : Path
        Folder of the tables.
    rings : tuple of Ring
        Those that were run.
    verdicts : tuple of Verdict
        Every band of these rings that cases stand behind.
    untested : tuple of Band
        Bands of a real ring without measurements.
    files : tuple of Path
        The tables of bands.
    """

    data: Path
    rings: tuple[Ring, ...]
    verdicts: tuple[Verdict, ...]
    untested: tuple[Band, ...]
    files: tuple[Path, ...]

    @property
    def exceeded(self) -> tuple[Verdict, ...]:
        """Bands that do not hold."""
        return tuple(verdict for verdict in self.verdicts if not verdict.holds)


def run_board(
    data: Path, executor: Executor, rings: Sequence[str] = RINGS, on_progress: OnProgress | None = None
) -> Board:
    """Run rings of the scoreboard.

    Parameters
    ----------
    data : Path
        The folder ``validation``: tables of bands, ``published`` and ``measurements``.
    executor : Executor
        Where replications of whole runs are simulated.
    rings : sequence of str
        Which, of :data:`~clustersim.study.scoreboard.bands.RINGS`.
    on_progress : callable, optional
        Called with the sets of cases done and their number.

    Raises
    ------
    TableError
        If a table cannot be read, or a band has no case behind it; with every such band.
    ScenarioError
        If a scenario of the published ring cannot be simulated.
    KeyboardInterrupt
        If it was interrupted: there is no half of a scoreboard.
    """
    bands, files = _bands(data)
    chosen = [name for name in RINGS if name in rings]
    counted = {"theory": len(GROUPS), "published": len(sources(data, executor)), "real": len(measurement_files(data))}
    tick = _ticker(sum(counted[name] for name in chosen), on_progress)
    run: dict[str, Callable[[], Ring]] = {
        "theory": lambda: _theory(tick),
        "published": lambda: _published(data, executor, tick),
        "real": lambda: _real(data, tick),
    }
    done = tuple(run[name]() for name in chosen)
    verdicts, untested = _judged(bands, done)
    return Board(data, done, verdicts, untested, files)


Tick = Callable[[], None]
"""Called when a set of cases is done."""


def _ticker(total: int, on_progress: OnProgress | None) -> Tick:
    done = count(1)

    def tick() -> None:
        if on_progress is not None:
            on_progress(next(done), total)

    return tick


def _theory(tick: Tick) -> Ring:
    cases: list[Case] = []
    for group in GROUPS.values():
        cases += group()
        tick()
    return Ring("theory", tuple(cases))


def _published(data: Path, executor: Executor, tick: Tick) -> Ring:
    cases: list[Case] = []
    every = sources(data, executor)
    for path, read in every.items():
        if path.is_file():
            cases += read()
        tick()
    there = tuple(path for path in every if path.is_file())
    return Ring("published", tuple(cases), there, tuple(path for path in every if path not in there))


def _real(data: Path, tick: Tick) -> Ring:
    found: list[Measurement] = []
    for path in measurement_files(data):
        found.append(compared(path))
        tick()
    cases = tuple(case for one in found for case in one.cases)
    return Ring("real", cases, tuple(one.path for one in found), (), tuple(found))


def _bands(data: Path) -> tuple[list[Band], tuple[Path, ...]]:
    files = tuple(path for path in (data / CLASS_BANDS, data / BANDS) if path.is_file())
    readers = {BANDS: read_scoreboard_bands, CLASS_BANDS: read_class_bands}
    return [band for path in files for band in readers[path.name](path)], files


def _judged(bands: Iterable[Band], rings: Sequence[Ring]) -> tuple[tuple[Verdict, ...], tuple[Band, ...]]:
    verdicts, untested, blind = [], [], []
    for ring in rings:
        for band in (band for band in bands if band.ring == ring.name):
            cases = band.of(ring.cases)
            found = band.kind.of(cases) if cases else math.nan
            if not math.isnan(found):
                verdicts.append(Verdict(band, found, len(cases)))
            elif ring.name == "real" and not ring.measurements:
                untested.append(band)
            else:
                blind.append(f"{band.place}: no case behind the band {band.case!r}, {band.statistic}{_absent(ring)}")
    if blind:
        raise TableError("\n".join(blind))
    return tuple(verdicts), tuple(untested)


def _absent(ring: Ring) -> str:
    names = ", ".join(str(path) for path in ring.absent)
    return f"; not there: {names}" if names else "; name a group that the scoreboard lists, or take the band out"
