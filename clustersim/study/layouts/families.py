"""Why layouts were rejected: counts and the nearest miss by family, instead of thousands of lines."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from clustersim.scenario.schema.training import Layout
from clustersim.study.layouts.candidate import layout_words
from clustersim.study.layouts.question import Question
from clustersim.workload.layout import LayoutProblem

_GIB = 2.0**30


@dataclass(frozen=True, slots=True)
class Family:
    """Layouts that were rejected for one reason.

    Attributes
    ----------
    kind : {"memory", "batch", "model"}
        What they do not fit.
    name : str
        What they have in common, e.g. ``PP 1``.
    layouts : int
        How many were rejected.
    whole : bool
        Whether nothing of the family is possible.
    reason : str
        The number that breaks them.
    nearest : str
        The rejected layout that came nearest, in words; empty where none is nearer.
    least_bytes : float or None
        Memory that layout needs; only for memory.
    """

    kind: str
    name: str
    layouts: int
    whole: bool
    reason: str
    nearest: str = ""
    least_bytes: float | None = None


@dataclass(slots=True)
class _Miss:
    """Rejections for memory that share a number of stages."""

    layouts: int
    least_bytes: float
    nearest: Layout


@dataclass(slots=True)
class Rejections:
    """Collects rejected layouts while a search goes on."""

    question: Question
    _by_rule: dict[tuple[str, str, str], tuple[int, set[int | str]]] = field(default_factory=dict)
    _by_memory: dict[int, _Miss] = field(default_factory=dict)

    @property
    def by_rule(self) -> int:
        """Layouts that divide the model or the batch wrongly."""
        return sum(layouts for layouts, _ in self._by_rule.values())

    @property
    def by_memory(self) -> int:
        """Layouts that do not fit into device memory."""
        return sum(miss.layouts for miss in self._by_memory.values())

    def add_rule(self, layout: Layout, problem: LayoutProblem, layouts: int) -> None:
        """Count the layouts that share a problem with this one."""
        key, value = self._rule_of(layout, problem)
        counted, values = self._by_rule.get(key, (0, set()))
        self._by_rule[key] = counted + layouts, values | {value}

    def add_memory(self, layout: Layout, needed_bytes: float, layouts: int) -> None:
        """Count the layouts that need as much memory as this one or more."""
        miss = self._by_memory.setdefault(layout.pipeline_parallel, _Miss(0, needed_bytes, layout))
        miss.layouts += layouts
        if needed_bytes < miss.least_bytes:
            miss.least_bytes, miss.nearest = needed_bytes, layout

    def families(self, considered: dict[int, int], fitting: set[int]) -> tuple[Family, ...]:
        """Group what was collected.

        Parameters
        ----------
        considered : dict of int to int
            Layouts looked at, by pipeline stages, those that break a rule left out.
        fitting : set of int
            Pipeline stages of which some layout fits into memory.
        """
        return (*self._rule_families(), *self._memory_families(considered, fitting))

    def _rule_of(self, layout: Layout, problem: LayoutProblem) -> tuple[tuple[str, str, str], int | str]:
        """Kind, what the values are of, and reason; and the value of this layout."""
        batch, replicas = self.question.global_batch, layout.data_parallel
        if problem.field != "global_batch":
            size = getattr(layout, problem.field, 0)
            return ("model", _SHORT.get(problem.field, problem.field), problem.message), size
        if replicas > batch:
            return ("batch", "DP", f"global batch {batch:,} has fewer sequences than replicas"), replicas
        if batch % replicas:
            return ("batch", "DP", f"does not divide the global batch of {batch:,}"), replicas
        product = replicas * layout.micro_batch
        return ("batch", "DP x micro-batch", f"does not divide the global batch of {batch:,}"), product

    def _rule_families(self) -> Iterator[Family]:
        for (kind, what, reason), (layouts, values) in self._by_rule.items():
            yield Family(kind, f"{what} {listed(values)}", layouts, True, reason)

    def _memory_families(self, considered: dict[int, int], fitting: set[int]) -> Iterator[Family]:
        alone = sorted(stages for stages in self._by_memory if stages not in fitting)
        for stages in alone:
            miss = self._by_memory[stages]
            yield self._memory_family({stages}, miss, whole=miss.layouts == considered[stages])
        others = [self._by_memory[stages] for stages in self._by_memory if stages in fitting]
        if others:
            nearest = min(others, key=lambda miss: (miss.least_bytes, layout_words(miss.nearest)))
            joined = replace(nearest, layouts=sum(miss.layouts for miss in others))
            yield self._memory_family(fitting & self._by_memory.keys(), joined, whole=False)

    def _memory_family(self, stages: set[int], miss: _Miss, *, whole: bool) -> Family:
        needs, has = miss.least_bytes / _GIB, self.question.capacity_bytes / _GIB
        over = miss.least_bytes / self.question.capacity_bytes - 1.0
        reason = f"needs {needs:.1f} GiB per GPU or more, {_excess(over)} over the device's {has:.1f} GiB"
        return Family(
            "memory", f"PP {listed(stages)}", miss.layouts, whole, reason, layout_words(miss.nearest), miss.least_bytes
        )


_SHORT = {
    "tensor_parallel": "TP",
    "context_parallel": "CP",
    "pipeline_parallel": "PP",
    "virtual_pipeline": "VPP",
    "data_parallel": "DP",
    "expert_parallel": "EP",
}


def _excess(fraction: float) -> str:
    if fraction < 0.001:
        return "less than 0.1 %"
    return f"{100.0 * fraction:.1f} %"


MOST_LISTED = 3


def _numbers_first(value: int | str) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, value)


def listed(values: Collection[int | str]) -> str:
    """Write numbers: a few of them one by one, many by their ends; and the names of schedules."""
    ordered = [value if isinstance(value, str) else f"{value:,}" for value in sorted(values, key=_numbers_first)]
    if len(ordered) <= MOST_LISTED:
        return " / ".join(ordered)
    return f"{ordered[0]} to {ordered[-1]}"
