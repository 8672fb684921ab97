"""The exact estimator: the best sub-networks of a space within each target, without sampling.

The fronts of the stages 1..j, merged, tell the least loss that those stages can add within any latency. So a
sub-network is built from the last stage to the first, and each partial one has an exact bound: its own loss plus the
best that the front of the remaining stages allows. Different partial sub-networks end in different sub-networks, hence
the k with the least bounds always contain the ends of the best k: keeping k of them at every stage is not a heuristic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from spacelang.evolve.quality.fronts import Front, least, ragged
from spacelang.evolve.quality.landscape import Landscape
from spacelang.evolve.table.table import Cell, IntArray

KEPT_FRONTS = 4096
"""Merged fronts of the first stages are kept, since the spaces of a search share them; about 20 kB each."""


@dataclass(frozen=True, eq=False)
class Best:
    """The best sub-networks of one space, ordered by target, then loss, then latency.

    Attributes:
        target: (n,) index of the target.
        group: (n,) tells the resolution.
        latency, loss: (n,) in units, the fixed latency included.
        rows: (n, stages) indices into the table.
    """

    target: IntArray
    group: IntArray
    latency: IntArray
    loss: IntArray
    rows: IntArray


class ExactSearch:
    """Finds the best `top` sub-networks of spaces of one landscape."""

    def __init__(self, landscape: Landscape, top: int) -> None:
        self.landscape, self.top = landscape, top
        self.front = lru_cache(maxsize=KEPT_FRONTS)(self._front)

    def best(self, cells: tuple[Cell, ...]) -> Best:
        """The best sub-networks of the space that these cells, one a stage, make up."""
        land, scale = self.landscape, self.landscape.scale
        targets = np.arange(len(land.targets))
        best = Best(targets, targets * 0, targets * 0, targets * 0, np.zeros((len(targets), 0), np.int64))
        for stage in reversed(range(land.stages)):
            points = land.skyband(cells[stage], self.top)
            if stage == land.stages - 1:
                start, count = np.zeros(len(targets), np.int64), np.full(len(targets), len(points.row))
            else:
                groups = np.arange(scale.groups)
                starts = np.searchsorted(points.leave, groups)
                counts = np.searchsorted(points.leave, groups, "right") - starts
                start, count = starts[best.group], counts[best.group]
            point, state = ragged(start, count), np.repeat(np.arange(len(start)), count)
            target, group = best.target[state], points.enter[point]
            latency = best.latency[state] + points.latency[point]
            loss = best.loss[state] + points.loss[point]
            bound = loss + scale.lookup(self.front(cells[:stage]), group, land.targets[target] - latency)
            kept = self._least_per_target(target, bound)
            rows = np.column_stack((points.row[point[kept]], best.rows[state[kept]]))
            best = Best(target[kept], group[kept], latency[kept], loss[kept], rows)
        return self._finish(best)

    def _least_per_target(self, target: IntArray, bound: IntArray) -> IntArray:
        """`target` is ascending."""
        edges = np.searchsorted(target, np.arange(len(self.landscape.targets) + 1))
        infinite = self.landscape.scale.infinite
        parts = [start + least(bound[start:end], self.top, infinite) for start, end in pairwise(edges)]
        return np.concatenate(parts)

    def _finish(self, best: Best) -> Best:
        latency = best.latency + self.landscape.fixed[best.group // self.landscape.ports]
        order = np.lexsort((*best.rows.T[::-1], latency, best.loss, best.target))
        return Best(best.target[order], best.group[order], latency[order], best.loss[order], best.rows[order])

    def _front(self, cells: tuple[Cell, ...]) -> Front:
        """The merged front of the first stages, stem and head included, by the group behind them."""
        land = self.landscape
        if not cells:
            group, latency = land.start
            return land.scale.front(group, latency, np.zeros(len(group), np.int64))
        points = land.skyband(cells[-1], 1)
        before: Front = self.front(cells[:-1])
        return land.scale.merge(before, points.enter, points.leave, points, land.limits[len(cells)])
