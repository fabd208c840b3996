"""Settles which layouts of a family fit into memory."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from clustersim.scenario.schema.training import Layout
from clustersim.study.layouts.families import Rejections
from clustersim.study.layouts.memory import Memories
from clustersim.study.layouts.question import Question
from clustersim.study.layouts.space import Pipe, Shape


@dataclass(frozen=True, slots=True)
class Twig:
    """Settings of a shape that share a bound: ZeRO stage (of `stages`, ascending) and rank order are still open.

    ``partly`` stands for the recomputation of the first layers of each stage, however many.
    """

    shape: Shape
    layout: Layout
    pipe: Pipe
    stages: tuple[int, ...]
    partly: bool = False

    @property
    def depths(self) -> int:
        """Choices of the number of layers to recompute."""
        return self.pipe.depth - 1 if self.partly else 1

    @property
    def weight(self) -> int:
        """Layouts of one ZeRO stage."""
        return self.depths * len(self.shape.orders)

    def variant(self, zero_stage: int, layers: int | None = None) -> Layout:
        """One layout of the twig."""
        return self.layout.model_copy(update={"zero_stage": zero_stage, "recompute_layers": layers})


Useful = Callable[[Twig, Layout], bool]
"""Whether a layout of a twig may still be ranked, by the bound of its step time."""


@dataclass(slots=True)
class Settling:
    """Finds the layouts of twigs that fit into memory; counts those that do not."""

    question: Question
    rejections: Rejections
    useful: Useful
    memories: Memories = field(init=False)

    def __post_init__(self) -> None:
        self.memories = Memories(self.question)

    def fitting(self, twig: Twig) -> tuple[Layout, ...]:
        """Find what fits of a twig, and count what does not.

        Returns
        -------
        tuple of Layout
            One for each ZeRO stage that fits and is of use, the last stage first; of partial recomputation the least
            that fits, since more is never faster.
        """
        corner_bytes, corner = self.memories.thriftiest(twig.layout, twig.stages[-1])
        if corner_bytes > self.question.capacity_bytes:
            self.rejections.add_memory(corner, corner_bytes, len(twig.stages) * twig.weight)
            return ()
        return tuple(self._fitting_partly(twig) if twig.partly else self._fitting_whole(twig))

    def _fitting_whole(self, twig: Twig) -> Iterator[Layout]:
        for below, zero_stage in reversed(tuple(enumerate(twig.stages))):
            layout = twig.variant(zero_stage)
            if not self._fits(layout):
                # Where a ZeRO stage does not fit, none below does.
                self._reject(layout, (below + 1) * twig.weight)
                return
            yield layout

    def _fitting_partly(self, twig: Twig) -> Iterator[Layout]:
        for below, zero_stage in reversed(tuple(enumerate(twig.stages))):
            most = twig.variant(zero_stage, twig.depths)
            if not self._fits(most):
                self._reject(most, (below + 1) * twig.weight)
                return
            fewest = self._fewest_layers(twig, zero_stage)
            if fewest is not None:
                yield fewest

    def _fewest_layers(self, twig: Twig, zero_stage: int) -> Layout | None:
        """Recompute as few layers as fit; None where that takes so many that it is of no use."""
        sizes = range(1, twig.depths + 1)
        useful = bisect_left(sizes, True, key=lambda layers: not self.useful(twig, twig.variant(zero_stage, layers)))
        tried = sizes[:useful]
        fewest = 1 + bisect_left(tried, True, key=lambda layers: self._fits(twig.variant(zero_stage, layers)))
        if fewest > 1:
            self._reject(twig.variant(zero_stage, fewest - 1), (fewest - 1) * len(twig.shape.orders))
        return twig.variant(zero_stage, fewest) if fewest <= useful else None

    def _fits(self, layout: Layout) -> bool:
        return self.memories.needed_bytes(layout) <= self.question.capacity_bytes

    def _reject(self, layout: Layout, layouts: int) -> None:
        self.rejections.add_memory(layout, self.memories.needed_bytes(layout), layouts)
