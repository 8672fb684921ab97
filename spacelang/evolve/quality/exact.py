"""The exact estimator: the best sub-networks of a space within each target, without sampling.

The fronts of the stages 1..j, merged, give the least loss that those stages can add within any latency. So a
sub-network is built from the last stage to the first, and each partial one has an exact bound: its own loss plus the
best that the front of the remaining stages allows. Different partial sub-networks end in different sub-networks, hence
the k with the least bounds always contain the ends of the best k: keeping k of them at every stage is not a heuristic.

Where more than the latency is limited, a partial sub-network has a bound by each measure and by their blends, which
are only bounds. Then more are kept than are wanted, until none that was left out could be better than those found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spacelang.evolve.quality.fronts import Front, ragged
from spacelang.evolve.quality.landscape import Landscape, Points
from spacelang.evolve.table.table import Cell, IntArray

KEPT_FRONTS = 4096
"""Merged fronts of the first stages are kept, since the spaces of a search share them; about 20 kB each."""
WIDER = 8
"""How many times as many the second pass keeps as the first, where several costs are limited."""


@dataclass(frozen=True, eq=False)
class Best:
    """The best sub-networks of one space, ordered by target, then loss, then latency.

    Attributes:
        target: (n,) index of the target.
        group: (n,) says which resolution.
        latency, loss: (n,) in units, stem and head included.
        rows: (n, stages) indices into the table.
    """

    target: IntArray
    group: IntArray
    latency: IntArray
    loss: IntArray
    rows: IntArray


@dataclass(frozen=True, eq=False)
class _Partial:
    """Sub-networks of the last stages.

    Attributes:
        target, group, loss: (n,). group: the one that they need before them.
        costs: (measures, n).
        bound: (n,) no completion within the target has less loss.
        rows: (n, stages so far).
    """

    target: IntArray
    group: IntArray
    costs: IntArray
    loss: IntArray
    bound: IntArray
    rows: IntArray

    def __len__(self) -> int:
        return len(self.target)


class ExactSearch:
    """Finds the best `top` sub-networks of spaces of one landscape."""

    def __init__(self, landscape: Landscape, top: int) -> None:
        self.landscape, self.top = landscape, top
        self.front = lru_cache(maxsize=KEPT_FRONTS)(self._front)

    def best(self, cells: tuple[Cell, ...]) -> Best:
        """The best sub-networks of the space that these cells, one a stage, make up."""
        land = self.landscape
        exact, width = len(land.measures) == 1, self.top
        while True:
            partial, least_dropped = self._build(cells, width, exact)
            rank = _ranks(partial.target, partial.bound)
            partial = _take(partial, np.flatnonzero(rank < self.top))
            if exact or (least_dropped >= self._worst(partial)).all():
                return self._finish(partial)
            width *= WIDER

    def _build(self, cells: tuple[Cell, ...], width: int, exact: bool) -> tuple[_Partial, IntArray]:
        """`width` sub-networks a target, and for each target the least bound of those that were left out."""
        land = self.landscape
        targets = np.arange(len(land.targets))
        nothing = np.zeros(len(targets), np.int64)
        costs = np.zeros((len(land.measures), len(targets)), np.int64)
        unknown = np.full(len(targets), land.infinite - 1)
        partial = _Partial(targets, nothing, costs, nothing, unknown, np.zeros((len(targets), 0), np.int64))
        least_dropped = np.full(len(targets), land.infinite)
        for stage in reversed(range(land.stages)):
            points = land.points(cells[stage], self.top)
            fronts = [self.front(cells[:stage], each) for each in range(len(land.measures))]
            needed = self._needed(partial) if exact else np.full(len(targets), land.infinite)
            partial = self._extend(partial, points, fronts, needed, stage)
            rank = _ranks(partial.target, partial.bound)
            if not exact:
                left = rank >= width
                np.minimum.at(least_dropped, partial.target[left], partial.bound[left])
            partial = _take(partial, np.flatnonzero(rank < width))
        return partial, least_dropped

    def _needed(self, partial: _Partial) -> IntArray:
        """For each target, a loss that the best `top` don't exceed: each bound here is reached."""
        count = np.bincount(partial.target, minlength=len(self.landscape.targets))
        worst = np.full(len(count), -1)
        np.maximum.at(worst, partial.target, partial.bound)
        return np.where(count < self.top, self.landscape.infinite - 1, worst)

    def _extend(self, partial: _Partial, points: Points, fronts: list[Front], needed: IntArray, stage: int) -> _Partial:
        """All sums of a partial sub-network and a row before it whose bound is at most what is `needed`."""
        land = self.landscape
        start, count = self._range(partial, points, fronts[0], needed, stage)
        point, state = ragged(start, count), np.repeat(np.arange(len(start)), count)
        target, group = partial.target[state], points.enter[point]
        loss = partial.loss[state] + points.loss[point]
        costs = partial.costs[:, state] + points.costs[:, point]
        bound = np.zeros(len(point), np.int64)
        for measure, front, cost in zip(land.measures, fronts, costs, strict=True):
            slack = measure.budget[target] - cost
            least = np.where(slack < 0, land.infinite, measure.scale.lookup(front, group, slack))
            bound = np.maximum(bound, least)
        bound += loss
        kept = np.flatnonzero(bound <= np.minimum(needed, land.infinite - 1)[target])
        rows = np.column_stack((points.row[point[kept]], partial.rows[state[kept]]))
        return _Partial(target[kept], group[kept], costs[:, kept], loss[kept], bound[kept], rows)

    def _range(
        self, partial: _Partial, points: Points, front: Front, needed: IntArray, stage: int
    ) -> tuple[IntArray, IntArray]:
        """For each partial sub-network the first of the points that may precede it, and how many there are."""
        land = self.landscape
        if stage == land.stages - 1:
            return np.zeros(len(partial), np.int64), np.full(len(partial), len(points.row))
        first = np.searchsorted(points.leave, np.arange(land.groups + 1))
        start, end = first[partial.group], first[partial.group + 1]
        if land.strict:
            return start, end - start
        # Of the points, in the order of their costs, the first lose too much and the last leave too little latency.
        scale, group = land.measures[0].scale, partial.group
        slack = land.measures[0].budget[partial.target] - partial.costs[0]
        spare = needed[partial.target] - partial.loss
        filled = np.flatnonzero(first[1:] > first[:-1])
        cheapest, least = np.zeros(land.groups, np.int64), np.zeros(land.groups, np.int64)
        cheapest[filled] = points.costs[0][first[filled]]
        least[filled] = np.minimum.reduceat(points.loss, first[filled])
        poorest = spare - scale.lookup(front, group, slack - cheapest[group])
        record = _record(points, first, land.infinite)
        start = np.searchsorted(record, group * (2 * land.infinite) - np.maximum(poorest, 0))
        most = slack - scale.cost(front, group, spare - least[group])
        key = points.leave * scale.span + points.costs[0]
        end = np.minimum(end, np.searchsorted(key, group * scale.span + most, "right"))
        return start, np.maximum(end - start, 0)

    def _worst(self, partial: _Partial) -> IntArray:
        """For each target, the greatest loss of the best `top`; infinite where there are fewer."""
        count = np.bincount(partial.target, minlength=len(self.landscape.targets))
        worst = np.full(len(count), -1)
        np.maximum.at(worst, partial.target, partial.loss)
        return np.where(count < self.top, self.landscape.infinite, worst)

    def _finish(self, best: _Partial) -> Best:
        land = self.landscape
        latency = best.costs[0] + land.measures[0].fixed[best.group // land.ports]
        order = np.lexsort((*best.rows.T[::-1], latency, best.loss, best.target))
        return Best(best.target[order], best.group[order], latency[order], best.loss[order], best.rows[order])

    def _front(self, cells: tuple[Cell, ...], measure: int) -> Front:
        """The merged front of the first stages, stem and head included, by the group after them."""
        land = self.landscape
        scale = land.measures[measure].scale
        if not cells:
            group, cost = land.start(measure)
            return scale.front(land.groups, group, cost, np.zeros(len(group), np.int64))
        edge = land.edge(cells[-1], measure)
        before: Front = self.front(cells[:-1], measure)
        return scale.merge(before, edge.enter, edge.leave, edge, land.limits[measure][len(cells)])


def _ranks(target: IntArray, bound: IntArray) -> IntArray:
    """The place of each among those of its target, the least bound first; ties in their order."""
    order = np.lexsort((bound, target))
    ordered = target[order]
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return rank


def _take(partial: _Partial, index: IntArray) -> _Partial:
    return _Partial(
        partial.target[index],
        partial.group[index],
        partial.costs[:, index],
        partial.loss[index],
        partial.bound[index],
        partial.rows[index],
    )


def _record(points: Points, first: IntArray, infinite: int) -> IntArray:
    """For each point the negative of the least loss up to it within its group, with groups kept apart: ascending."""
    shifted = points.loss - points.leave * (2 * infinite)
    return -np.minimum.accumulate(shifted)
