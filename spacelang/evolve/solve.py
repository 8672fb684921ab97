"""The best space of a hyperspace, proved: best-first branch and bound over the stages.

A prefix of chosen stages, merged with the union front of all choices of the rest, bounds every space that begins so:
the best sub-network that any of them could have. It is a bound for every `top`, since a mean is never below its least.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spacelang import ir
from spacelang.evolve.quality.fronts import Front, Points, skyband
from spacelang.evolve.quality.landscape import UNREACHABLE, milliseconds
from spacelang.evolve.quality.quality import Estimator, Score, total, value_of
from spacelang.evolve.settings import quality_of, targets_of
from spacelang.evolve.table.part import table_for
from spacelang.evolve.table.table import Cell, Table, all_cells, genome_of_cells
from spacelang.report.diagnostics import Report, refuse

NODE_LIMIT = 20_000
"""Nodes after which the search stops without a proof. Published tables need dozens."""
PROGRESS_STEP = 50
"""Nodes between two calls."""

SolveProgress = Callable[[int, float, float], None]
"""Called with the nodes so far, the best score so far, and the bound that no space exceeds."""


@dataclass(frozen=True)
class Solution:
    """What `solve` found.

    Attributes:
        score: of the best space; of several with equal scores, the first in the order of stages, blocks and windows.
        nodes: prefixes expanded and spaces scored.
        proved: that no space has a greater score; False if the search stopped at its limit.
        runner_up_bound: no other space's score is above it; without a proof, none that was not scored.
    """

    score: Score
    nodes: int
    proved: bool
    runner_up_bound: float


def solve(
    space: ir.SearchSpace,
    table: Table,
    targets_ms: Sequence[float] | None = None,
    quality: ir.Quality | None = None,
    progress: SolveProgress | None = None,
) -> Solution:
    """The space with the best exact score.

    Args:
        space: the table's hyperspace, or one within it (`table_for`).
        targets_ms, quality: default to those that it writes.

    Raises:
        SpacelangError: SP0704-SP0706, SP0720-SP0722, SP0724: if the table doesn't fit or is not complete, if the
            estimator isn't exact, if no sub-network is within any target.
    """
    table = table_for(space, table)
    quality = quality_of(space, quality)
    report = Report()
    if quality.estimator != "exact":
        report.error(
            "SP0721",
            "only exact scores have a provable optimum, and this space asks for `estimator sampled`",
            help="write `estimator exact`, or use `spacelang evolve`",
        )
        report.raise_if_failed()
    table.require_cells(tuple(all_cells(space)))
    return Solver(Estimator(table, targets_of(space, targets_ms), quality)).run(NODE_LIMIT, progress)


class Solver:
    """Branch and bound over the spaces of an estimator's table, which must be complete."""

    def __init__(self, estimator: Estimator) -> None:
        self.estimator, self.landscape = estimator, estimator.landscape
        self._rest = self._union_fronts()

    def run(self, limit: int, progress: SolveProgress | None = None, known: tuple[Cell, ...] | None = None) -> Solution:
        """Search for `limit` nodes at most, beginning with a space that is `known` to be good.

        Raises: SpacelangError: SP0722: if no sub-network is within any target.
        """
        self.require_any()
        best, incumbent = max((self._scored(each) for each in (self._dive(), known) if each), key=lambda each: each[1])
        nodes, dropped = 0, 0.0
        # Ties are popped in the order of the cells, a prefix before what it begins, so the first space popped is the
        # first of all best ones.
        heap: list[tuple[float, tuple[Cell, ...], bool]] = [(-self.bound(()), (), False)]
        while heap and nodes < limit:
            bound, cells, scored = heapq.heappop(heap)
            if scored:
                left = max(dropped, -heap[0][0] if heap else 0.0)
                return Solution(self.estimator.score(genome_of_cells(cells)), nodes, True, left)
            nodes += 1
            if progress and nodes % PROGRESS_STEP == 0:
                progress(nodes, incumbent, -bound)
            for child, value in self._expand(cells):
                if value < incumbent:
                    dropped = max(dropped, value)
                else:
                    complete = child == cells
                    if complete:
                        best, incumbent = child, value
                    heapq.heappush(heap, (-value, child, complete))
        bound = max(dropped, -heap[0][0] if heap else 0.0)
        return Solution(self.estimator.score(genome_of_cells(best)), nodes, False, bound)

    def bound(self, cells: tuple[Cell, ...]) -> float:
        """No space that begins with these cells has a greater score, whatever `top` is."""
        land = self.landscape
        group, latency, loss = land.scale.points(self.estimator.exact.front(cells))
        slack = land.targets[:, None] - latency
        if len(cells) == land.stages:
            rest = np.where(slack >= 0, 0, land.scale.infinite)
        else:
            rest = land.scale.lookup(self._rest[len(cells)], np.broadcast_to(group, slack.shape), slack)
        least = (loss + rest).min(axis=1, initial=land.scale.infinite)
        return total([value_of(int(each), int(each < land.scale.infinite)) for each in least])

    def _expand(self, cells: tuple[Cell, ...]) -> list[tuple[tuple[Cell, ...], float]]:
        """The children and their bounds; of a complete prefix itself and its score."""
        if len(cells) == self.landscape.stages:
            return [self._scored(cells)]
        return [(child, self.bound(child)) for child in ((*cells, each) for each in self.landscape.choices[len(cells)])]

    def _scored(self, cells: tuple[Cell, ...]) -> tuple[tuple[Cell, ...], float]:
        return cells, total(self.estimator.values(genome_of_cells(cells)))

    def _dive(self) -> tuple[Cell, ...]:
        """A good space to begin with, so that most children need not be kept."""
        cells: tuple[Cell, ...] = ()
        while len(cells) < self.landscape.stages:
            cells = max(self._expand(cells), key=lambda child: child[1])[0]
        return cells

    def _union_fronts(self) -> list[Front]:
        """For each stage: the front of all sub-networks from it to the last, with any cell at every stage."""
        land, scale = self.landscape, self.landscape.scale
        limit = np.full(scale.groups, scale.span - 1)
        fronts: list[Front] = []
        for cells in reversed(land.choices):
            points = self._union(cells)
            if fronts:
                fronts.append(scale.merge(fronts[-1], points.leave, points.enter, points, limit))
            else:
                fronts.append(scale.front(points.enter, points.latency, points.loss))
        return fronts[::-1]

    def _union(self, cells: list[Cell]) -> Points:
        parts = [self.landscape.skyband(cell, 1) for cell in cells]
        joined = Points(*(np.concatenate([getattr(each, name) for each in parts]) for name in Points._fields))
        return skyband(joined, 1)

    def require_any(self) -> None:
        """Raises: SpacelangError: SP0722: if no sub-network is within any target."""
        if self.bound(()) > 0:
            return
        land = self.landscape
        fastest = int((land.fixed + land.fastest.sum(axis=0)).min())
        if fastest < UNREACHABLE:
            help = f"stem, head and the fastest rows together take {milliseconds(fastest):g} ms"
        else:
            help = "at no resolution does every stage have rows"
        refuse(
            "SP0722",
            f"no sub-network is within {max(self.estimator.targets_ms):g} ms, the largest target",
            help=help,
        )
