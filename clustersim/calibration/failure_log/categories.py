"""The rows of each category together: what they say of it, and when its units failed."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clustersim.calibration.failure_log.census import Key
from clustersim.calibration.failure_log.kinds import USUAL
from clustersim.calibration.failure_log.log import Log, LoggedFailure, category_name
from clustersim.calibration.failure_log.operation import Operation
from clustersim.calibration.failure_log.rows import raise_all
from clustersim.calibration.failure_log.window import Window
from clustersim.scenario.rates import RateUnit
from clustersim.scenario.schema.failure_category import Component, Effect


@dataclass(frozen=True, slots=True)
class Category:
    """One category of a log.

    Attributes
    ----------
    name : str
        As a scenario writes it.
    kind : str
        Kind of the units it strikes.
    component, effect : str
        What the log says, else what is usual.
    hang_fraction : float
        Share of its crashes that the log calls hangs.
    failed_s : dict of int to list of float
        Moments of the failures of each unit that had any within the window, since its start [s], in order.
    """

    name: str
    kind: RateUnit
    component: Component
    effect: Effect
    hang_fraction: float
    failed_s: dict[int, list[float]]

    @property
    def failures(self) -> int:
        """Failures within the window."""
        return sum(map(len, self.failed_s.values()))


def categories(
    log: Log,
    failures: Sequence[tuple[Key, LoggedFailure]],
    operation: Mapping[RateUnit, Operation],
    window: Window,
) -> list[Category]:
    """Categories of a log by name.

    Raises
    ------
    TableError
        If the rows of a category contradict each other, or a unit fails twice without operating in between.
    """
    rows: dict[str, list[tuple[Key, LoggedFailure]]] = defaultdict(list)
    for key, failure in failures:
        rows[category_name(failure.category)].append((key, failure))
    problems: list[str] = []
    found = [_category(log, name, rows[name], operation, window, problems) for name in sorted(rows)]
    raise_all(problems)
    return found


def _category(
    log: Log,
    name: str,
    rows: Sequence[tuple[Key, LoggedFailure]],
    operation: Mapping[RateUnit, Operation],
    window: Window,
    problems: list[str],
) -> Category:
    kind = rows[0][0][0]
    said = [failure for _, failure in rows]
    for what, values in (
        ("unit_kind", [key[0] for key, _ in rows]),
        ("component", [failure.component for failure in said]),
        ("effect", ["crash" if failure.effect in ("hang", None) else failure.effect for failure in said]),
    ):
        problems += _contradictions(log, name, what, said, values)
    effects = Counter(failure.effect or "crash" for failure in said)
    hangs = effects["hang"] / (effects["hang"] + effects["crash"]) if effects["hang"] else 0.0
    effect = "hang" if hangs == 1.0 else said[0].effect or "crash"
    return Category(
        name=name,
        kind=kind,
        component=next((failure.component for failure in said if failure.component), USUAL[kind].component),
        effect="crash" if 0.0 < hangs < 1.0 else effect,
        hang_fraction=hangs if hangs < 1.0 else 0.0,
        failed_s=_failed_s(log, rows, operation[kind], window, problems),
    )


def _contradictions(
    log: Log, name: str, column: str, failures: Sequence[LoggedFailure], values: Sequence[str | None]
) -> list[str]:
    """Rows that say something else than the first that says anything."""
    first, line = next(((value, f.line) for value, f in zip(values, failures, strict=True) if value), ("", 0))
    return [
        f"{log.path}:{failure.line}: column {column}: category '{name}' is {value} here and {first} on line {line};"
        " give one of them a name of its own"
        for value, failure in zip(values, failures, strict=True)
        if value and value != first
    ]


def _failed_s(
    log: Log,
    rows: Sequence[tuple[Key, LoggedFailure]],
    operation: Operation,
    window: Window,
    problems: list[str],
) -> dict[int, list[float]]:
    numbers = {unit.name: number for number, unit in enumerate(operation.units)}
    found: dict[int, list[float]] = defaultdict(list)
    last: dict[int, tuple[float, int]] = {}
    for (kind, name), failure in rows:
        if kind != rows[0][0][0] or name not in numbers or not window.holds(failure.t_s):
            continue
        number, t_s = numbers[name], failure.t_s - window.begin_s
        unit = operation.units[number]
        operated_s = unit.operated_s(t_s)
        before_s, line = last.get(number, (0.0 if unit.age_s == 0.0 else -1.0, 0))
        if operated_s <= before_s:
            problems.append(f"{log.path}:{failure.line}: '{failure.unit}' fails {_no_time(line)}")
        last[number] = (operated_s, failure.line)
        found[number].append(t_s)
    return dict(found)


def _no_time(line: int) -> str:
    if line:
        return f"again without having run since line {line}: leave out the row that is no failure of its own"
    return "at the moment it is new: give a moment before as --from, or the unit's in_service"
