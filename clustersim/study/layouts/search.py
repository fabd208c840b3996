"""Exhaustive search by branch and bound: shapes, then settings, the most promising first."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from clustersim.scenario.schema.training import Layout
from clustersim.study.layouts.candidate import predicted
from clustersim.study.layouts.families import Rejections
from clustersim.study.layouts.floors import Floors
from clustersim.study.layouts.found import Counts, Found
from clustersim.study.layouts.legal import legal_layout
from clustersim.study.layouts.own import own_candidate
from clustersim.study.layouts.question import Question
from clustersim.study.layouts.ranking import Ranking
from clustersim.study.layouts.settling import Settling, Twig
from clustersim.study.layouts.space import RECOMPUTES, Pipe, Shape, Space, shapes

Progress = Callable[[int, int], None]
"""Told how many layouts are settled, of how many."""

_PROGRESS_EVERY = 64
_OPTIMIZER, _GRADIENTS = 1, 2


@dataclass(frozen=True, slots=True)
class _Branch:
    """All settings of a shape and a micro-batch; `layout` is the plainest of them."""

    shape: Shape
    layout: Layout
    pipes: tuple[Pipe, ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One layout; it fits into memory."""

    shape: Shape
    layout: Layout


def find_layouts(question: Question, top: int = 10, *, on_progress: Progress | None = None) -> Found:
    """Find the fastest layouts that fit strictly into device memory.

    Parameters
    ----------
    question : Question
        The job; :func:`clustersim.study.layouts.question.question_problems` finds nothing wrong with it.
    top : int
        How many shapes (TP, CP, PP, DP, EP) to rank, each with its fastest setting.
    on_progress : callable, optional
        Told now and then how many layouts are settled, of how many.

    Returns
    -------
    Found
        The same ranking as from a prediction of every layout that fits. An interrupt (``KeyboardInterrupt``) ends the
        search early and keeps what was found.

    Notes
    -----
    Best first: families are looked at in the order of a lower bound of their step time (:mod:`clustersim.step.bound`),
    so the first whose bound exceeds the last ranked time ends the search. Memory is asked of the thriftiest member of a
    family first. That rests on the order of things: memory falls with the ZeRO stage and with the layers recomputed;
    recomputing more never makes a step shorter, nor does ZeRO 2 where ZeRO 1 fits.
    """
    return _Search(question, top).run(on_progress)


class _Search:
    def __init__(self, question: Question, top: int) -> None:
        self.question = question
        self.space = Space(question)
        self.ranking = Ranking(top)
        self.rejections = Rejections(question)
        self.floors = Floors(question)
        self.settling = Settling(question, self.rejections, self._useful)
        self.considered = 0
        self.within_rules: Counter[int] = Counter()
        self.heap: list[tuple[float, int, _Branch | Twig | _Leaf]] = []
        self.pushed = 0

    def run(self, on_progress: Progress | None) -> Found:
        interrupted = False
        try:
            self._plant()
            self._grow(on_progress)
        except KeyboardInterrupt:
            interrupted = True
        found = tuple(sorted(self.ranking.predicted, key=lambda candidate: candidate.order))
        own, own_problems = own_candidate(self.question)
        fitting = {candidate.layout.pipeline_parallel for candidate in found}
        return Found(
            question=self.question,
            ranked=self.ranking.ranked(),
            predicted=found,
            own=own,
            own_problems=own_problems,
            counts=self._counts(),
            families=self.rejections.families(self.within_rules, fitting),
            limits=self.space.limits(),
            interrupted=interrupted,
        )

    def _counts(self) -> Counts:
        rule, memory, done = self.rejections.by_rule, self.rejections.by_memory, len(self.ranking.predicted)
        return Counts(self.considered, rule, memory, self.considered - rule - memory - done, done)

    def _plant(self) -> None:
        """Push every branch that divides the model and the batch."""
        for shape in shapes(self.question):
            pipes = self.space.pipes(shape.pipeline)
            settings = {pipe: self.space.settings(shape, pipe) for pipe in pipes}
            for micro_batch in self.space.micro_batches:
                self.considered += sum(settings.values())
                layout, problem = legal_layout(self.question, self.space.plainest(shape, micro_batch))
                if problem is not None:
                    self.rejections.add_rule(layout, problem, sum(settings.values()))
                    continue
                legal = tuple(pipe for pipe in pipes if self._runs(layout, pipe, settings[pipe]))
                self.within_rules[shape.pipeline] += sum(settings[pipe] for pipe in legal)
                floor_s = min(self.floors.step_s(layout, pipe) for pipe in legal)
                self._push(floor_s, _Branch(shape, layout, legal))

    def _runs(self, layout: Layout, pipe: Pipe, settings: int) -> bool:
        """Whether a pipeline can be run so; 1F1B always can."""
        if pipe.schedule == "1f1b":
            return True
        layout, problem = legal_layout(self.question, layout.model_copy(update={"schedule": pipe.schedule}))
        if problem is not None:
            self.rejections.add_rule(layout, problem, settings)
        return problem is None

    def _push(self, floor_s: float, node: _Branch | Twig | _Leaf) -> None:
        # The running number keeps the heap from comparing nodes.
        self.pushed += 1
        heapq.heappush(self.heap, (floor_s, self.pushed, node))

    def _grow(self, on_progress: Progress | None) -> None:
        looked_at = 0
        while self.heap:
            floor_s, _, node = heapq.heappop(self.heap)
            if floor_s > self.ranking.limit_s:
                return
            looked_at += 1
            if on_progress is not None and looked_at % _PROGRESS_EVERY == 0:
                on_progress(self.considered - self._counts().by_bound, self.considered)
            if self.ranking.cannot_improve(node.shape, floor_s):
                continue
            if isinstance(node, _Branch):
                self._split(node)
            elif isinstance(node, Twig):
                self._strip(node, floor_s)
            else:
                self.ranking.add(node.shape, predicted(self.question, node.layout))

    def _split(self, branch: _Branch) -> None:
        for pipe in branch.pipes:
            run = {"virtual_pipeline": pipe.chunks, "schedule": pipe.schedule}
            layout = branch.layout.model_copy(update=run)
            self._push_twig(Twig(branch.shape, layout, pipe, branch.shape.zero_stages))

    def _push_twig(self, twig: Twig) -> None:
        self._push(self.floors.step_s(twig.layout, twig.pipe), twig)

    def _strip(self, twig: Twig, floor_s: float) -> None:
        """Push the layouts of a twig that fit, each with a closer bound."""
        found = self.settling.fitting(twig)
        if twig.layout.recompute == "none":
            self._recompute(twig, {layout.zero_stage for layout in found})
        for layout in found:
            if self._sharded_for_nothing(twig, layout, found) or not self._useful(twig, layout):
                continue
            ordered = [layout.model_copy(update={"rank_order": order}) for order in twig.shape.orders]
            floors_s = self.floors.layouts_s(ordered, twig.pipe, self.ranking.beaten_s(twig.shape))
            for leaf, leaf_floor_s in zip(ordered, floors_s, strict=True):
                self._push(max(floor_s, leaf_floor_s), _Leaf(twig.shape, leaf))

    @staticmethod
    def _sharded_for_nothing(twig: Twig, layout: Layout, found: tuple[Layout, ...]) -> bool:
        """Whether ZeRO 2 stands beside ZeRO 1, which fits with the same recomputation and is no slower."""
        return (
            layout.zero_stage == _GRADIENTS
            and not twig.partly
            and any(other.zero_stage == _OPTIMIZER for other in found)
        )

    def _recompute(self, twig: Twig, fitting: set[int]) -> None:
        """Push the recomputation of some or all layers where none at all does not fit; elsewhere it only costs time."""
        stages = tuple(stage for stage in twig.stages if stage not in fitting)
        if not stages:
            return
        for recompute in RECOMPUTES[1:]:
            layout = twig.layout.model_copy(update={"recompute": recompute})
            self._push_twig(Twig(twig.shape, layout, twig.pipe, stages))
        if twig.pipe.depth > 1:
            layout = twig.layout.model_copy(update={"recompute": "full", "recompute_layers": 1})
            self._push_twig(Twig(twig.shape, layout, twig.pipe, stages, partly=True))

    def _useful(self, twig: Twig, layout: Layout) -> bool:
        """Whether a layout of a twig may still be ranked."""
        return not self.ranking.cannot_improve(twig.shape, self.floors.step_s(layout, twig.pipe))
