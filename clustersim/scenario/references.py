"""Names in a scenario that must exist elsewhere in it, and names that must not be given twice."""

from collections.abc import Iterable, Iterator

from clustersim.scenario.document import Path
from clustersim.scenario.quantity import suggestion
from clustersim.scenario.schema.scenario import Scenario


def reference_problems(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """Find names that point nowhere or at two things; yields the path and what is wrong."""
    phases = [phase.name for phase in scenario.training.phases]
    windows = [window.name for window in scenario.windows]
    yield from _twice("phase", phases, ("training", "phases"))
    yield from _twice("window", windows, ("windows",))
    yield from _twice("model", [rival.title for rival in scenario.learning.against], ("learning", "against"))
    for index, claim in enumerate(scenario.claims):
        yield from _named("phase", claim.phase, phases, ("claims", index))
        yield from _named("window", claim.window, windows, ("claims", index))
        yield from _failing(claim.components, scenario, ("claims", index, "components"))


def _failing(components: Iterable[str], scenario: Scenario, path: Path) -> Iterator[tuple[Path, str]]:
    known = list(dict.fromkeys(category.component for category in scenario.failures.categories.values()))
    for index, name in enumerate(components):
        if name not in known:
            yield (*path, index), f"no failure category is of the component '{name}'; components: {', '.join(known)}"


def _twice(what: str, names: list[str], path: Path) -> Iterator[tuple[Path, str]]:
    for index, name in enumerate(names):
        first = names.index(name)
        if first < index:
            yield (*path, index, "name"), f"there is a {what} '{name}' already, at [{first}]: give each its own name"


def _named(what: str, name: str | None, known: Iterable[str], path: Path) -> Iterator[tuple[Path, str]]:
    names = list(dict.fromkeys(known))
    if name is not None and name not in names:
        near = suggestion(name, names)
        have = f"; {what}s: {', '.join(names)}" if names else f"; there are no {what}s"
        yield (*path, what), f"there is no {what} '{name}'{near or have}"
