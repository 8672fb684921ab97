"""Upper bounds on the scores of all spaces that begin alike.

The *rest* of a stage is the front of all sub-networks from it to the last stage, with any cell anywhere. The rest of
the next stage, merged with one cell, gives the best that a choice can lead to, and all prefixes share it. A prefix is a
*trunk*: for each target the points of its front that could still lead to a space worth having. So a child is bounded by
looking up the few points of its parent's trunk, and no front is merged for a child that is never opened.

Whatever can't lead to a score of at least `floor` is dropped: first the rows and whole cells for which that is certain
whatever the other stages choose, then the points of each trunk. The bounds hold for every `top`, since a mean is never
less than its smallest term.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from spacelang.evolve.quality.fronts import Edge, Front, falls, ragged
from spacelang.evolve.quality.landscape import LOSS_UNIT, Landscape
from spacelang.evolve.table.table import Cell, FloatArray, IntArray

MOST_SUMS = 1 << 16
"""How many sums of points are formed at once."""
MARGIN = 1e-9
"""Tolerance on a score: far more than its rounding error, far less than a difference that matters."""
ROUNDS = 4
"""How many times the field is narrowed; each round has fewer cells, so its bounds are tighter."""
WORTHWHILE = 1 / 3
"""A round that leaves more than this share of the cells is the last: another would cost more than it saves."""

Trunk = tuple[Front, ...]
"""For each measure a front, whose groups are targets times the landscape's groups."""


@dataclass(frozen=True, eq=False)
class Strip:
    """What one stage can add by one measure: the edges of its cells, one after the other.

    Attributes:
        owner: (points,) the index of each point's cell, ascending.
    """

    edge: Edge
    owner: IntArray

    def take(self, index: IntArray) -> Strip:
        return Strip(Edge(*(each[index] for each in self.edge)), self.owner[index])


@dataclass(frozen=True, eq=False)
class Field:
    """The cells that are still in question.

    Attributes:
        cells: those of each stage.
        strips: for each measure and stage.
    """

    cells: tuple[tuple[Cell, ...], ...]
    strips: tuple[tuple[Strip, ...], ...]


def whole_field(landscape: Landscape) -> Field:
    """All cells."""
    measures = range(len(landscape.measures))
    return Field(
        tuple(map(tuple, landscape.choices)),
        tuple(tuple(Strip(*landscape.edges(at, each)) for at in range(landscape.stages)) for each in measures),
    )


def narrowed(landscape: Landscape, floor: float, whole: Bounds) -> Bounds:
    """The bounds over the cells with which a score of `floor` is possible."""
    bounds = whole
    for _ in range(ROUNDS):
        field = bounds.worth_having(floor)
        left, before = (sum(map(len, each.cells)) for each in (field, bounds.field))
        bounds = Bounds(landscape, field, floor)
        if left > WORTHWHILE * before or not all(field.cells):
            break
    return bounds


class Bounds:
    """Bounds over the cells of a field.

    Attributes:
        floor: spaces that score below it may get any bound below it.
        root: the trunk of the empty prefix: stem and head.
        root_values: (targets,) bounds on Q of all spaces of the field.
    """

    def __init__(self, landscape: Landscape, field: Field, floor: float) -> None:
        self.landscape, self.field, self.floor = landscape, field, floor
        self.targets = np.arange(len(landscape.targets))
        self._rest = [self._rests(each) for each in range(len(landscape.measures))]
        self.root = tuple(map(self._root, range(len(landscape.measures))))
        self.root_values = self._root_values()
        self._ahead = lru_cache(maxsize=None)(self._ahead_of)

    def grow(self, trunk: Trunk, stage: int, cell: int, most: IntArray) -> Trunk:
        """The trunk with one more stage.

        Args:
            cell: its index among the stage's.
            most: (targets,) the loss above which a sub-network isn't worth having.
        """
        return tuple(
            self._grow(front, stage, _of_owner(self.field.strips[at][stage], cell), at, most)
            for at, front in enumerate(trunk)
        )

    def children(self, trunk: Trunk, stage: int) -> IntArray:
        """(cells, targets) the least loss of a sub-network that begins with the trunk and each cell of a stage."""
        land = self.landscape
        cells = np.arange(len(self.field.cells[stage]))
        least = np.zeros((len(cells), len(self.targets)), np.int64)
        for at, front in enumerate(trunk):
            measure = land.measures[at]
            lane, cost, loss = measure.scale.points(front)
            target, group = lane // land.groups, lane % land.groups
            slack = measure.budget[target] - cost
            found = loss + measure.scale.lookup(self._ahead(stage, at), cells[:, None] * land.groups + group, slack)
            least = np.maximum(least, _least_of_targets(found, target, len(self.targets), land.infinite))
        return least

    def dive(self, floor: float) -> tuple[Cell, ...] | None:
        """A good space: at each stage the cell whose bound is greatest; None if all of them are below the floor."""
        land = self.landscape
        most = cut(self.root_values, floor, land.infinite)
        trunk, cells = self.root, []
        for stage in range(land.stages):
            least = np.zeros((len(self.field.cells[stage]), len(self.targets)), np.int64)
            for at, front in enumerate(trunk):
                found, _ = self._through(front, stage, self.field.strips[at][stage], at, most)
                least = np.maximum(least, found)
            values = totals(values_of(np.where(least > most, land.infinite, least), land.infinite))
            best = int(values.argmax())
            if values[best] < floor:
                return None
            cells.append(self.field.cells[stage][best])
            trunk = self.grow(trunk, stage, best, most)
        return tuple(cells)

    def worth_having(self, floor: float) -> Field:
        """The field without the cells and points with which no space reaches the floor."""
        land = self.landscape
        most = cut(self.root_values, floor, land.infinite)
        useful: list[list[IntArray]] = [[] for _ in land.measures]
        least = [np.zeros((len(cells), len(self.targets)), np.int64) for cells in self.field.cells]
        for at, front in enumerate(self.root):
            for stage, strip in enumerate(self.field.strips[at]):
                found, useful_here = self._through(front, stage, strip, at, most)
                useful[at].append(useful_here)
                least[stage] = np.maximum(least[stage], found)
                front = self._grow(front, stage, _union(strip, land.groups), at, most)
        worth = [self._worth(each, most, floor) for each in least]
        strips = tuple(
            tuple(_kept(strip, each, worth[stage]) for stage, (strip, each) in enumerate(zip(*pair, strict=True)))
            for pair in zip(self.field.strips, useful, strict=True)
        )
        cells = tuple(
            tuple(each for each, kept in zip(part, keep, strict=True) if kept)
            for part, keep in zip(self.field.cells, worth, strict=True)
        )
        return Field(cells, strips)

    def _worth(self, least: IntArray, most: IntArray, floor: float) -> npt.NDArray[np.bool_]:
        """Whether each cell, with (cells, targets) the least loss of its sub-networks, may reach the floor."""
        values = np.minimum(values_of(least, self.landscape.infinite), self.root_values)
        return (least <= most).all(axis=1) & (totals(values) >= floor - MARGIN)

    def _through(self, front: Front, stage: int, strip: Strip, at: int, most: IntArray) -> tuple[IntArray, IntArray]:
        """(cells, targets) the least loss of a sub-network that uses each cell of a stage after any point of a trunk,
        infinite where none is worth having; and the points of the strip that a sub-network worth having may use."""
        land = self.landscape
        cells = len(self.field.cells[stage])
        least = np.full(cells * len(self.targets), land.infinite)
        useful = np.zeros(len(strip.owner), bool)
        for part in self._parts(front, strip):
            lane, _, _, point, found = self._worthy_sums(front, strip.edge, at, part, stage, most)
            np.minimum.at(least, strip.owner[point] * len(self.targets) + lane // land.groups, found)
            useful[point] = True
        return least.reshape(cells, len(self.targets)), np.flatnonzero(useful)

    def _grow(self, front: Front, stage: int, strip: Strip, at: int, most: IntArray) -> Front:
        measure = self.landscape.measures[at]
        kept: list[tuple[IntArray, ...]] = []
        for part in self._parts(front, strip):
            kept.append(self._worthy_sums(front, strip.edge, at, part, stage, most)[:3])
        lane, cost, loss = map(np.concatenate, zip(*kept, strict=True))
        return measure.scale.front(self._groups, lane, cost, loss)

    def _parts(self, front: Front, strip: Strip) -> list[IntArray]:
        """The points of a strip, in parts whose sums with a trunk are not too many."""
        sums = int(np.diff(front.starts)[self._lanes(strip.edge.enter)].sum())
        return np.array_split(np.arange(len(strip.owner)), 1 + sums // MOST_SUMS)

    def _sums(self, front: Front, edge: Edge, at: int, part: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Lane, cost and loss of all sums of a trunk's points and a part of an edge's; and the edge's point in each."""
        scale, targets = self.landscape.measures[at].scale, len(self.targets)
        join = self._lanes(edge.enter[part])
        start = front.starts[join] + 1
        count = front.starts[join + 1] - start
        where = ragged(start, count)
        point = np.repeat(np.tile(part, targets), count)
        cost = front.key[where] - front.group[where] * scale.span + edge.cost[point]
        lane = np.repeat(self._lanes(edge.leave[part]), count)
        return lane, cost, front.loss[where] + edge.loss[point], point

    def _worthy_sums(
        self, front: Front, edge: Edge, at: int, part: IntArray, stage: int, most: IntArray
    ) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
        """Those of `_sums` that a sub-network worth having may begin with, and the least loss of one that does."""
        land = self.landscape
        lane, cost, loss, point = self._sums(front, edge, at, part)
        spare = np.take(np.repeat(most, land.groups) - np.tile(self._cheapest(at, stage + 1), len(most)), lane)
        budget = np.take(np.repeat(land.measures[at].budget, land.groups), lane)
        near = np.flatnonzero((loss <= spare) & (cost <= budget))
        lane, cost, loss, point, budget = (each[near] for each in (lane, cost, loss, point, budget))
        found = loss + self._rest_at(at, stage + 1, lane % land.groups, budget - cost)
        kept = np.flatnonzero(found <= np.take(most, lane // land.groups))
        return lane[kept], cost[kept], loss[kept], point[kept], found[kept]

    def _cheapest(self, at: int, stage: int) -> IntArray:
        """(groups,) the least loss of the stages from one on, at any cost."""
        if stage == self.landscape.stages:
            return np.zeros(self.landscape.groups, np.int64)
        front = self._rest[at][stage]
        return front.loss[front.starts[1:] - 1]

    def _rest_at(self, at: int, stage: int, group: IntArray, slack: IntArray) -> IntArray:
        infinite = self.landscape.infinite
        if stage == self.landscape.stages:
            return np.where(slack >= 0, 0, infinite)
        return np.where(
            slack >= 0, self.landscape.measures[at].scale.lookup(self._rest[at][stage], group, slack), infinite
        )

    def _root(self, at: int) -> Front:
        group, cost = self.landscape.start(at)
        lanes = self._lanes(group)
        cost = np.tile(cost, len(self.targets))
        return self.landscape.measures[at].scale.front(self._groups, lanes, cost, np.zeros(len(lanes), np.int64))

    def _root_values(self) -> FloatArray:
        land = self.landscape
        least = np.zeros(len(self.targets), np.int64)
        for at, front in enumerate(self.root):
            lane, cost, loss = land.measures[at].scale.points(front)
            target = lane // land.groups
            found = np.full(len(self.targets), land.infinite)
            slack = land.measures[at].budget[target] - cost
            np.minimum.at(found, target, loss + self._rest_at(at, 0, lane % land.groups, slack))
            least = np.maximum(least, found)
        return values_of(least, land.infinite)

    def _rests(self, at: int) -> list[Front]:
        """For each stage: the front of all sub-networks from it to the last, by the group that they start from."""
        land, scale = self.landscape, self.landscape.measures[at].scale
        fronts: list[Front] = []
        for stage in reversed(range(land.stages)):
            edge = _union(self.field.strips[at][stage], land.groups).edge
            limit = land.left[at][stage]
            if fronts:
                fronts.append(scale.merge(fronts[-1], edge.leave, edge.enter, edge, limit))
            else:
                near = edge.cost <= limit[edge.enter]
                fronts.append(scale.front(land.groups, edge.enter[near], edge.cost[near], edge.loss[near]))
        return fronts[::-1]

    def _ahead_of(self, stage: int, at: int) -> Front:
        """For each cell of a stage and each group: the front of the cell and the rest after it."""
        land, scale = self.landscape, self.landscape.measures[at].scale
        strip, cells = self.field.strips[at][stage], len(self.field.cells[stage])
        give = strip.owner * land.groups + strip.edge.enter
        if stage + 1 == land.stages:
            return scale.front(cells * land.groups, give, strip.edge.cost, strip.edge.loss)
        rest, limit = self._rest[at][stage + 1], np.tile(land.left[at][stage], cells)
        sums = int(np.diff(rest.starts)[strip.edge.leave].sum())
        fronts = []
        for part in np.array_split(np.arange(len(give)), 1 + sums // MOST_SUMS):
            edge = Edge(*(each[part] for each in strip.edge))
            fronts.append(scale.merge(rest, edge.leave, give[part], edge, limit, cells * land.groups))
        if len(fronts) == 1:
            return fronts[0]
        group, cost, loss = (np.concatenate(each) for each in zip(*map(scale.points, fronts), strict=True))
        return scale.front(cells * land.groups, group, cost, loss)

    @property
    def _groups(self) -> int:
        return len(self.targets) * self.landscape.groups

    def _lanes(self, group: IntArray) -> IntArray:
        """The group of each target, one target after the other."""
        return (self.targets[:, None] * self.landscape.groups + group).ravel()


def _of_owner(strip: Strip, cell: int) -> Strip:
    first, end = np.searchsorted(strip.owner, (cell, cell + 1))
    return strip.take(np.arange(first, end))


def _union(strip: Strip, groups: int) -> Strip:
    """What any cell can add: the points that no other of the stage beats."""
    edge = strip.edge
    pair = edge.leave * groups + edge.enter
    order = np.lexsort((edge.loss, edge.cost, pair))
    return strip.take(order[falls(pair[order], edge.loss[order], groups**2)])


def _kept(strip: Strip, useful: IntArray, worth: npt.NDArray[np.bool_]) -> Strip:
    """The useful points of the cells worth having, which are renumbered without gaps."""
    kept = strip.take(useful[worth[strip.owner[useful]]])
    return Strip(kept.edge, (np.cumsum(worth) - 1)[kept.owner])


def _least_of_targets(found: IntArray, target: IntArray, targets: int, infinite: int) -> IntArray:
    """(cells, targets) the least of (cells, points), whose targets are ascending."""
    least = np.full((len(found), targets), infinite)
    present, starts = np.unique(target, return_index=True)
    if len(present):
        least[:, present] = np.minimum(np.minimum.reduceat(found, starts, axis=1), infinite)
    return least


def values_of(least: IntArray, infinite: int) -> FloatArray:
    """1 / loss for each loss; 0 where it is infinite. Rounded as `value_of` rounds."""
    return np.where(least < infinite, 1 / (np.maximum(least, 1) * LOSS_UNIT), 0.0)


def totals(values: FloatArray) -> FloatArray:
    """The sums of the last axis in its order, as `total` adds them up."""
    sums = np.zeros(values.shape[:-1])
    for at in range(values.shape[-1]):
        sums = sums + values[..., at]
    return sums


def cut(values: FloatArray, floor: float, infinite: int) -> IntArray:
    """(targets,) the losses, in units, above which a sub-network can't help any space reach `floor`.

    Args:
        values: (targets,) bounds on Q. Each target has to supply what the bounds of the others leave missing.
    """
    needed = values - (float(values.sum()) - floor) - MARGIN
    with np.errstate(divide="ignore"):
        losses = np.where(needed > 0, 1 / (np.maximum(needed, 0) * LOSS_UNIT), np.inf)
    return np.where(losses < infinite, np.ceil(np.minimum(losses, infinite)), infinite).astype(np.int64)
