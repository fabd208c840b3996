"""The window of observation: from when to when every failure is in the log."""

from dataclasses import dataclass

from clustersim.calibration.failure_log.log import Log
from clustersim.calibration.failure_log.rows import raise_all
from clustersim.scenario.quantity import QuantityError


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when a log is complete.

    Attributes
    ----------
    begin_s, end_s : float
        Its ends, as the log counts [s].
    text : str
        The same in words.
    notes : tuple of str
        What an end that nobody gave does to the rates.
    """

    begin_s: float
    end_s: float
    text: str
    notes: tuple[str, ...]

    @property
    def length_s(self) -> float:
        """Its length [s]."""
        return self.end_s - self.begin_s

    def holds(self, t_s: float) -> bool:
        """Whether a moment lies in it, ends included."""
        return self.begin_s <= t_s <= self.end_s


def window_of(log: Log, begin: str | None, end: str | None) -> Window:
    """Window of a log.

    Parameters
    ----------
    log : Log
        The log.
    begin, end : str, optional
        Its ends as the log writes moments: dates, or durations since the start. Left out, they are the first and the
        last row, or the start itself where the log counts from it.

    Raises
    ------
    TableError
        If an end cannot be read, or the end is not after the beginning.
    """
    problems: list[str] = []
    ends = {}
    for option, written in (("--from", begin), ("--to", end)):
        try:
            ends[option] = None if written is None else log.moments.read_option(written)
        except QuantityError as error:
            problems.append(f"{option}: {error}")
    raise_all(problems)
    first_s = 0.0 if log.moments.unit else log.failures[0].t_s
    begin_s = first_s if ends["--from"] is None else ends["--from"]
    end_s = log.failures[-1].t_s if ends["--to"] is None else ends["--to"]
    text = f"{log.moments.text(begin_s)} to {log.moments.text(end_s)}"
    if end_s <= begin_s:
        raise_all([f"{log.path}: the window {text} has no length; give --from and --to"])
    guessed = [
        option for option, at_s in ends.items() if at_s is None and not (option == "--from" and log.moments.unit)
    ]
    return Window(begin_s, end_s, text, _notes(guessed, sum(begin_s <= one.t_s <= end_s for one in log.failures)))


def _notes(guessed: list[str], failures: int) -> tuple[str, ...]:
    if not guessed:
        return ()
    ends = {"--from": "begins at the first row", "--to": "ends at the last row"}
    said = " and ".join(ends[option] for option in guessed)
    high = len(guessed) / max(failures, 1)
    return (
        f"{' and '.join(guessed)} not given: the window {said}, and what was quiet before or after is lost;"
        f" rates come out about {high:.1%} too high",
    )
