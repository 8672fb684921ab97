"""The best spaces of a hyperspace, proved: best-first branch and bound over the stages (its bounds: `bounds`).

A search first aims high: it looks only at cells with which a score near that of a good space is possible. Where there
are too few such spaces, it aims lower, so that nothing is assumed that a proof doesn't hold for.
"""

from __future__ import annotations

import heapq
import time
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn

from spacelang import ir
from spacelang.evolve.bounds import Bounds, Trunk, cut, narrowed, totals, values_of, whole_field
from spacelang.evolve.quality.landscape import UNREACHABLE, milliseconds
from spacelang.evolve.quality.quality import Estimator, Score, estimator_for, total
from spacelang.evolve.settings import natural, require_functions, seconds_of, share_of
from spacelang.evolve.table.table import Cell, FloatArray, Table, genome_of_cells
from spacelang.networks.genome import Genome
from spacelang.report.diagnostics import refuse
from spacelang.report.html import table as html_table

PROGRESS_SECONDS = 0.1
"""The least time between two calls that report progress."""
SHARPNESS = 1e-3
"""Spaces that score less than the best by more than this share are not bounded any closer."""
DIVES = (0.98, 0.9, 0.0)
AIMS = (0.98, 0.95, 0.9, 0.0)
"""Shares of the first bound that a search aims at, one after the other."""
AIM_OF_MANY = 0.99
"""Share of a good space's score that the search for several spaces aims at first."""
MOST_OPEN = 500_000
"""Prefixes that wait to be opened: half a gigabyte."""
MOST_SPACES = 10_000
"""Nobody reads more spaces than this."""

Reason = Literal["seconds", "nodes", "gap", "memory", "interrupted"]
"""What ended a search before its proof."""
SolveProgress = Callable[[int, float, float], None]
"""Called with the nodes so far, the best score so far, and the bound that no space exceeds."""
Improved = Callable[[Genome, float, float], None]
"""Called with each space that is better than all before, its score, and the bound."""


@dataclass(frozen=True)
class Stop:
    """When to stop without a proof; the best space so far is the result.

    Attributes:
        seconds: wall-clock time, checked between nodes.
        nodes: prefixes expanded and spaces scored.
        gap: the share by which the best space may be below the best there is.
        asked: says whether the user wants the search to stop.
    """

    seconds: float | None = None
    nodes: int | None = None
    gap: float = 0.0
    asked: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Solution:
    """What `solve` found.

    Attributes:
        scores: the best spaces', the best first; of equal ones, the first in the order of stages, blocks, windows.
        nodes: prefixes expanded and spaces scored.
        certain: how many of the first are proved to be the best there are, in this order.
        bound: no space scores higher.
        runner_up_bound: no space that isn't among `scores` scores higher.
        stopped: what ended the search; None if all of `scores` are proved.
    """

    scores: tuple[Score, ...]
    nodes: int
    certain: int
    bound: float
    runner_up_bound: float
    stopped: Reason | None = None

    def __repr__(self) -> str:
        return f"<solution {self.score.encoding}: {self.score.total:.6f}, {'proved' if self.proved else 'not proved'}>"

    def _repr_html_(self) -> str:
        rows = (
            (rank, each.encoding, f"{each.total:.6f}", "yes" if rank <= self.certain else "no")
            for rank, each in enumerate(self.scores, 1)
        )
        return html_table(f"the best spaces, after {self.nodes} nodes", ("rank", "encoding", "score", "proved"), rows)

    @property
    def score(self) -> Score:
        """The score of the best space."""
        return self.scores[0]

    @property
    def proved(self) -> bool:
        """Whether it is proved that no space is better than those found."""
        return self.stopped is None

    @property
    def gap(self) -> float:
        """By what share the best space found is below the best there is, at most."""
        return max(0.0, 1 - self.score.total / self.bound)


def solve(
    space: ir.SearchSpace,
    table: Table,
    targets_ms: Sequence[float] | None = None,
    quality: ir.Quality | None = None,
    progress: SolveProgress | None = None,
    *,
    limits: ir.Limits | None = None,
    count: int = 1,
    seconds: float | None = None,
    nodes: int | None = None,
    gap: float = 0.0,
    stop: Callable[[], bool] = lambda: False,
    improved: Improved | None = None,
) -> Solution:
    """The spaces with the best exact scores.

    Args:
        space: the table's hyperspace, or one within it (`table_for`).
        targets_ms, quality, limits: default to those that it writes.
        count: how many spaces to find; a hyperspace may hold fewer.
        seconds, nodes, gap, stop: end the search without a proof (see `Stop`).
        improved: called with each better space, to keep it whatever happens.

    Raises:
        SpacelangError: SP0704-SP0706, SP0720-SP0725: if the table doesn't fit or is not complete, if the estimator
            isn't exact, if a setting isn't legal, if no sub-network is within any target.
    """
    rule = Stop(seconds_of(seconds), None if nodes is None else natural(nodes, "nodes"), share_of(gap, "gap"), stop)
    natural(count, "count", MOST_SPACES)
    require_functions(stop, progress=progress, improved=improved)
    estimator = estimator_for(space, table, targets_ms, quality, limits)
    if estimator.quality.estimator != "exact":
        refuse(
            "SP0721",
            "only exact scores have a provable optimum, and this search is to use `estimator sampled`",
            "write `estimator exact`, or use `spacelang evolve`",
        )
    return Solver(estimator).run(count, rule, progress, improved)


class Solver:
    """Branch and bound over the spaces of an estimator's table, which must be complete."""

    def __init__(self, estimator: Estimator) -> None:
        self.begun = time.monotonic()
        self.estimator, self.landscape = estimator, estimator.landscape
        self._whole = Bounds(self.landscape, whole_field(self.landscape), 0.0)
        self._bound = float(totals(self._whole.root_values))

    def run(
        self,
        count: int = 1,
        stop: Stop | None = None,
        progress: SolveProgress | None = None,
        improved: Improved | None = None,
        known: tuple[Cell, ...] | None = None,
    ) -> Solution:
        """Search for `count` spaces, beginning with one that is `known` to be good.

        Raises: SpacelangError: SP0722: if no sub-network is within any target.
        """
        self.require_any()
        record = _Record(self.estimator, count, stop or Stop(), self.begun, progress, improved, self._bound)
        for cells in (known, known or self._dive()):
            if cells:
                record.score(cells)
        found: list[tuple[Cell, ...]] = []
        for aim in self._aims(record.best[0].total, count):
            if record.reason(self._bound):
                break
            bounds = narrowed(self.landscape, aim, self._whole)
            if not all(bounds.field.cells):
                continue
            search = _Search(bounds, record)
            found = search.run()
            if record.stopped or len(found) == count:
                break
        if not found and not record.stopped:
            self._refuse()
        return record.solution(found)

    def require_any(self) -> None:
        """Raises: SpacelangError: SP0722: if no sub-network is within any target, as far as bounds can tell."""
        if self._bound <= 0:
            self._refuse()

    def _refuse(self) -> NoReturn:
        land = self.landscape
        fastest = int((land.measures[0].fixed + land.fastest[0].sum(axis=0)).min())
        if fastest >= UNREACHABLE:
            help = "there is no resolution at which every stage has rows"
        elif land.limited > 1 or not land.unlimited:
            help = f"the limits leave none; stem, head and the fastest rows together take {milliseconds(fastest):g} ms"
        else:
            help = f"stem, head and the fastest rows together take {milliseconds(fastest):g} ms"
        refuse("SP0722", f"no sub-network is within {max(self.estimator.targets_ms):g} ms, the largest target", help)

    def _dive(self) -> tuple[Cell, ...] | None:
        dives = (self._whole.dive(self._bound * share) for share in DIVES)
        return next((each for each in dives if each), None)

    def _aims(self, value: float, count: int) -> Iterator[float]:
        """Scores to aim at, in turn; the last is one that enough spaces are sure to reach, or 0."""
        own = value * (1 - SHARPNESS) if count == 1 else 0.0
        aims = [self._bound * each for each in AIMS] + ([value * AIM_OF_MANY] if count > 1 else [])
        yield from sorted({max(own, each) for each in aims}, reverse=True)


class _Ranked(NamedTuple):
    """Ordered by falling score, then by cells."""

    negative: float
    cells: tuple[Cell, ...]

    @property
    def total(self) -> float:
        return -self.negative


class _Record:
    """What is known while a search goes on: the scores, the bound, and whether it is time to stop.

    Attributes:
        best: the best spaces so far, `count` at most.
        bound: no space scores higher.
        left: no space but the best ones scores higher.
    """

    def __init__(
        self,
        estimator: Estimator,
        count: int,
        stop: Stop,
        begun: float,
        progress: SolveProgress | None,
        improved: Improved | None,
        bound: float,
    ) -> None:
        self.estimator, self.count, self.stop, self.begun = estimator, count, stop, begun
        self.progress, self.improved = progress, improved
        self.bound = self.left = bound
        self.nodes = 0
        self.best: list[_Ranked] = []
        self.stopped: Reason | None = None
        self._scored: dict[tuple[Cell, ...], float] = {}
        self._shown = begun

    @property
    def needed(self) -> float:
        """What a space must score to be among the best."""
        return self.best[self.count - 1].total if len(self.best) >= self.count else 0.0

    def score(self, cells: tuple[Cell, ...]) -> float:
        """The score of a space, computed once."""
        if cells not in self._scored:
            value = self._scored[cells] = total(self.estimator.values(genome_of_cells(cells)))
            better = not self.best or value > self.best[0].total
            insort(self.best, _Ranked(-value, cells))
            del self.best[self.count :]
            if better and self.improved:
                self.improved(genome_of_cells(cells), value, self.bound)
        return self._scored[cells]

    def reason(self, bound: float) -> Reason | None:
        """Whether to stop now that no space scores above a bound, and why."""
        self.bound = max(min(self.bound, bound), self.best[0].total if self.best else 0.0)
        stop, now = self.stop, time.monotonic()
        if self.progress and self.best and now - self._shown >= PROGRESS_SECONDS:
            self._shown = now
            self.progress(self.nodes, self.best[0].total, self.bound)
        if stop.asked():
            self.stopped = "interrupted"
        elif stop.seconds is not None and now - self.begun >= stop.seconds:
            self.stopped = "seconds"
        elif stop.nodes is not None and self.nodes >= stop.nodes:
            self.stopped = "nodes"
        elif stop.gap and self.best and self.best[0].total >= (1 - stop.gap) * self.bound:
            self.stopped = "gap"
        return self.stopped

    def solution(self, found: list[tuple[Cell, ...]]) -> Solution:
        """The spaces that are proved, then the best of the others where a search was stopped."""
        cells = [*found, *(each.cells for each in self.best if each.cells not in found)] if self.stopped else found
        scores = tuple(self.estimator.score(genome_of_cells(each)) for each in cells[: self.count])
        bound = max(self.bound, scores[0].total) if self.stopped and not found else scores[0].total
        return Solution(scores, self.nodes, len(found), bound, self.left, self.stopped)


class _Node(NamedTuple):
    """A prefix that waits to be opened.

    Attributes:
        path: the index of each of its cells in the field.
        trunk: that of all its stages but the last.
        values: (targets,) bounds on Q.
    """

    path: tuple[int, ...]
    trunk: Trunk
    values: FloatArray


class _Search:
    """One branch and bound, for spaces that score at least `bounds.floor`."""

    def __init__(self, bounds: Bounds, record: _Record) -> None:
        self.bounds, self.record, self.landscape = bounds, record, bounds.landscape
        self.dropped = bounds.floor
        root = _Node((), bounds.root, bounds.root_values)
        # Ties are popped in the order of the cells, a prefix before what it begins, so the first space popped is the
        # first of all best ones. A scored space has None in place of a node.
        self.heap: list[tuple[float, tuple[Cell, ...], _Node | None]] = [(-float(totals(root.values)), (), root)]

    @property
    def needed(self) -> float:
        return max(self.record.needed, self.bounds.floor)

    def run(self) -> list[tuple[Cell, ...]]:
        """The best spaces above the floor in order, `count` at most; fewer if the search was stopped."""
        found: list[tuple[Cell, ...]] = []
        while self.heap and len(found) < self.record.count:
            if not found and self.record.reason(max(self.dropped, -self.heap[0][0])):
                break
            if found and self.record.reason(self.record.bound) not in (None, "gap"):
                break
            if len(self.heap) > MOST_OPEN:
                self.record.stopped = "memory"
                break
            negative, cells, node = heapq.heappop(self.heap)
            if node is None:
                found.append(cells)
            elif -negative < self.needed:
                self.dropped = max(self.dropped, -negative)
            else:
                self.record.nodes += 1
                self._open(cells, node)
        self.record.left = max(self.dropped, -self.heap[0][0] if self.heap else 0.0)
        return found

    def _open(self, cells: tuple[Cell, ...], node: _Node) -> None:
        """Replace a prefix by its children, or a space by itself with its score."""
        stage = len(cells)
        if stage == self.landscape.stages:
            value = self.record.score(cells)
            if value > 0 and value >= self.needed:
                heapq.heappush(self.heap, (-value, cells, None))
            else:
                self.dropped = max(self.dropped, value)
            return
        floor = max(self.record.needed * (1 - SHARPNESS), self.bounds.floor)
        most = cut(node.values, floor, self.landscape.infinite)
        trunk = self.bounds.grow(node.trunk, stage - 1, node.path[-1], most) if cells else node.trunk
        least = self.bounds.children(trunk, stage)
        # What was cut off has a greater loss than `most`, so a child without it is below the floor.
        values = values_of(least, self.landscape.infinite).clip(values_of(most, self.landscape.infinite), node.values)
        sums = totals(values)
        below = (least > most).any(axis=1)
        sums[below] = sums[below].clip(max=floor)
        for at, cell in enumerate(self.bounds.field.cells[stage]):
            value = float(sums[at])
            if value < self.needed or value <= 0:
                self.dropped = max(self.dropped, value)
            else:
                heapq.heappush(self.heap, (-value, (*cells, cell), _Node((*node.path, at), trunk, values[at])))
