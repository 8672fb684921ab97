"""A table as a search sees it: whole numbers, groups and stages in place of rows, channels and milliseconds.

What adds up along a network and must stay within a budget is a *measure*: the latency, whose budgets are the targets,
and, where they are limited, MFLOPs and parameters. Peak memory is a maximum, so rows above its limit are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from spacelang.evolve.quality.costs import Ceiling, RowCosts, row_costs
from spacelang.evolve.quality.fronts import CHUNK, Edge, Scale, falls, skyband
from spacelang.evolve.table.table import Cell, IntArray, Table, all_cells

LATENCY_UNIT = 1e-6
"""Milliseconds: latencies are summed in whole nanoseconds."""
LOSS_UNIT = 1e-9
"""Sums in whole units are exact, so every order of summing gives the same scores, ties included."""
UNREACHABLE = 1 << 50
"""Above any cost."""
BLEND_UNITS = 1 << 40
"""The budget of a blend of measures."""
ROUNDING = 128
"""More than rounding can add to the sum of a blend over all stages."""
ANY = -1
"""In place of a cell's block and window: all cells of the stage."""


class Points(NamedTuple):
    """Rows of one stage, ordered by `leave`, then by their first cost.

    Attributes:
        enter, leave: the group that a row needs before it, and the one that it hands on.
        costs: (measures, rows) in units.
        loss: in units.
        row: index into the table.
    """

    enter: IntArray
    leave: IntArray
    costs: IntArray
    loss: IntArray
    row: IntArray

    def take(self, index: IntArray) -> Points:
        return Points(self.enter[index], self.leave[index], self.costs[:, index], self.loss[index], self.row[index])


@dataclass(frozen=True, eq=False)
class Measure:
    """What adds up along a network.

    Attributes:
        rows: (rows,) what each row of the table adds.
        fixed: (resolutions,) what stem and head add.
        budget: (targets,) what a network may have in all.
        scale: of fronts of this cost.
    """

    rows: IntArray
    fixed: IntArray
    budget: IntArray
    scale: Scale


class Landscape:
    """The rows of a table that can matter under the largest target, by cell.

    Attributes:
        resolutions: those of the hyperspace; their index is a group's, or with strict chains a part of it.
        targets: (targets,) the latencies to aim at, in units.
        measures: the latency, then each limited cost, then blends of them.
        limited: how many of the measures are real. A blend adds measures up, each as a share of its budget: what is
            within all budgets is within a blend's, so it bounds what single measures leave open.
        choices: for each stage, its cells in order.
        loss: (rows,) of the table's rows, in units.
        groups: resolutions, times channel counts for strict chains.
        strict: whether rows must fit each other.
    """

    def __init__(self, table: Table, targets_ms: tuple[float, ...], chain: str, ceiling: Ceiling | None = None) -> None:
        latencies = table.require_latencies()
        self.table = table
        self.resolutions = table.space.resolutions
        self.strict = chain == "strict"
        self.targets = _units(targets_ms, LATENCY_UNIT)
        self.stages = len(table.space.stages)
        self.choices = [[each for each in all_cells(table.space) if each.stage == at] for at in range(self.stages)]
        rows = table.rows
        self.loss = _units(rows.loss, LOSS_UNIT)
        self.infinite = sum(int(self._of_stage(self.loss, at).max(initial=0)) for at in range(self.stages)) + 1
        fixed = np.array([_fixed_units(latencies.fixed_ms.get(each)) for each in self.resolutions])
        self._allowed = np.ones(len(rows), bool)
        self.unlimited = ceiling is None
        real = [self._measure(_units(latencies.rows_ms, LATENCY_UNIT), fixed, self.targets)]
        if ceiling is not None:
            real += self._limited(ceiling, row_costs(table))
        self.limited = len(real)
        self.measures = (*real, *self._blends(real))
        ports = np.unique(np.concatenate((rows.channels_in, rows.last_width))) if self.strict else np.zeros(1, np.int64)
        self.ports = len(ports)
        self.groups = len(self.resolutions) * self.ports
        self._resolution = np.searchsorted(np.array(self.resolutions), rows.resolution)
        self._enter = self._group(ports, rows.channels_in)
        self._leave = self._group(ports, rows.last_width)
        self.points = lru_cache(maxsize=None)(self._points)
        self._index = {cell: at for cells in self.choices for at, cell in enumerate(cells)}
        self._owner = np.zeros(len(rows), np.int64)
        for cell, part in table.cells.items():
            self._owner[part] = self._index[cell]
        self.edges = lru_cache(maxsize=None)(self._edges)

    @cached_property
    def limits(self) -> list[list[IntArray]]:
        """For each measure and stage, and one after the last: (groups,) the greatest cost before it that can be
        completed within the largest budget."""
        return [
            list(np.repeat(each.scale.span - 1 - _from_here(fastest), self.ports, axis=1))
            for each, fastest in zip(self.measures, self.fastest, strict=True)
        ]

    @cached_property
    def left(self) -> list[list[IntArray]]:
        """For each measure and stage: (groups,) the most that the stages from it on may cost, given the least
        that comes before."""
        before = [
            np.vstack((each.fixed, each.fixed + np.cumsum(np.minimum(fastest, UNREACHABLE), axis=0)))
            for each, fastest in zip(self.measures, self.fastest, strict=True)
        ]
        return [
            list(np.repeat(each.scale.span - 1 - np.minimum(taken, UNREACHABLE), self.ports, axis=1))
            for each, taken in zip(self.measures, before, strict=True)
        ]

    @cached_property
    def fastest(self) -> list[IntArray]:
        """For each measure: (stages, resolutions) the least cost of a row; `UNREACHABLE` where there is none."""
        return [self._least(each.rows) for each in self.measures]

    def start(self, measure: int) -> tuple[IntArray, IntArray]:
        """Group and cost of the points that every chain starts from: stem and head alone."""
        cost = np.repeat(self.measures[measure].fixed, self.ports)
        near = cost < self.measures[measure].scale.span
        return np.arange(self.groups)[near], cost[near]

    def resolution_of(self, group: int) -> int:
        return self.resolutions[group // self.ports]

    def all_points(self, cell: Cell) -> Points:
        """Every row of a cell that no limit forbids, ordered by the group that it leaves to."""
        part = self.table.cells.get(cell, slice(0, 0))
        rows = part.start + np.flatnonzero(self._allowed[part])
        rows = rows[np.argsort(self._leave[rows], kind="stable")]
        return self._at(rows)

    def edge(self, cell: Cell, measure: int) -> Edge:
        """What a cell can add, by one measure."""
        edge, owner = self.edges(cell.stage, measure)
        at = self._index[cell]
        first, end = np.searchsorted(owner, (at, at + 1))
        return Edge(*(each[first:end] for each in edge))

    def _points(self, cell: Cell, depth: int) -> Points:
        """The rows that the best `depth` sub-networks can be made of: of a cell, or with `ANY` of a whole stage."""
        if cell.block == ANY:
            parts = [self.points(each, depth) for each in self.choices[cell.stage]]
            points = self._at(np.concatenate([each.row for each in parts]))
        else:
            points = self.all_points(cell)
        near = np.ones(len(points.row), bool)
        for cost, measure in zip(points.costs, self.measures, strict=True):
            near &= cost < measure.scale.span
        points = points.take(np.flatnonzero(near))
        pair = points.leave * self.groups + points.enter
        if self.limited == 1:
            kept = skyband(pair, points.costs[0], points.loss, depth)
        else:
            kept = _skyband_of_many(pair, np.vstack((points.costs[: self.limited], points.loss)), depth)
        points = points.take(kept)
        return points.take(np.lexsort((points.costs[0], points.leave)))

    def _edges(self, stage: int, measure: int) -> tuple[Edge, IntArray]:
        """What the cells of a stage can add by one measure, one cell after the other, and the cell of each point."""
        first, end = np.searchsorted(self.table.rows.stage, (stage, stage + 1))
        rows = np.arange(first, end)
        rows = rows[(self.measures[measure].rows[rows] < self.measures[measure].scale.span) & self._allowed[rows]]
        return self._undominated(rows, self._owner[rows], len(self.choices[stage]), measure)

    def _undominated(self, rows: IntArray, owner: IntArray, owners: int, measure: int) -> tuple[Edge, IntArray]:
        enter, leave, loss = self._enter[rows], self._leave[rows], self.loss[rows]
        cost = self.measures[measure].rows[rows]
        segment = (owner * self.groups + leave) * self.groups + enter
        order = np.lexsort((loss, cost, segment))
        kept = order[falls(segment[order], loss[order], owners * self.groups**2)]
        return Edge(enter[kept], leave[kept], cost[kept], loss[kept]), owner[kept]

    def _at(self, rows: IntArray) -> Points:
        costs = np.stack([each.rows[rows] for each in self.measures])
        return Points(self._enter[rows], self._leave[rows], costs, self.loss[rows], rows)

    def _measure(self, rows: IntArray, fixed: IntArray, budget: IntArray) -> Measure:
        return Measure(rows, fixed, budget, Scale(int(budget.max()) + 1, self.infinite))

    def _limited(self, ceiling: Ceiling, costs: RowCosts) -> list[Measure]:
        """A measure for each limited sum; rows and resolutions above the limit of the peak are forbidden."""
        measures = []
        for limit, each in ((ceiling.macs, costs.macs), (ceiling.parameters, costs.parameters)):
            if limit is not None:
                budget = np.full(len(self.targets), limit)
                measures.append(self._measure(each.rows, each.fixed, budget))
        if ceiling.peak is not None:
            small = costs.peak.fixed <= ceiling.peak
            at = np.searchsorted(np.array(self.resolutions), self.table.rows.resolution)
            self._allowed = (costs.peak.rows <= ceiling.peak) & small[at]
        return measures

    def _blends(self, real: list[Measure]) -> list[Measure]:
        """For each target, the mean of all real measures as shares of their budgets there."""
        if len(real) == 1:
            return []
        return [self._blend(real, [int(each.budget[at]) for each in real]) for at in range(len(self.targets))]

    def _blend(self, real: list[Measure], budgets: list[int]) -> Measure:
        shares = [BLEND_UNITS / len(real) / each for each in budgets]
        rows, fixed, budget = (
            _weighted([getattr(each, name) for each in real], shares) for name in ("rows", "fixed", "budget")
        )
        # Rows are rounded down, so that what is within all budgets is within this one, floating point or not.
        return self._measure(rows, fixed, budget + ROUNDING)

    def _least(self, values: IntArray) -> IntArray:
        least = np.full((self.stages, len(self.resolutions)), UNREACHABLE)
        rows = np.flatnonzero(self._allowed)
        np.minimum.at(least, (self.table.rows.stage[rows], self._resolution[rows]), values[rows])
        return least

    def _of_stage(self, values: IntArray, stage: int) -> IntArray:
        bounds = np.searchsorted(self.table.rows.stage, (stage, stage + 1))
        return values[bounds[0] : bounds[1]]

    def _group(self, ports: IntArray, channels: IntArray) -> IntArray:
        return self._resolution * self.ports + (np.searchsorted(ports, channels) if self.strict else 0)


def _weighted(columns: list[IntArray], shares: list[float]) -> IntArray:
    """The sum of the columns, each times its share, rounded down."""
    total = np.zeros(len(columns[0]))
    for column, share in zip(columns, shares, strict=True):
        total += np.minimum(column, UNREACHABLE) * share
    return np.floor(total).astype(np.int64)


def _from_here(fastest: IntArray) -> IntArray:
    """For each stage, and one after the last: the least cost of all stages from it on."""
    least = np.vstack((np.minimum(fastest, UNREACHABLE), np.zeros_like(fastest[:1])))
    left: IntArray = np.minimum(np.cumsum(least[::-1], axis=0)[::-1], UNREACHABLE)
    return left


def _skyband_of_many(group: IntArray, values: IntArray, depth: int) -> IntArray:
    """As `skyband`, for points with any number of values: those that fewer than `depth` others of their group match or
    beat in every value."""
    order = np.lexsort((*values[::-1], group))
    edges = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
    kept = [np.zeros(0, np.int64)]
    for start, end in pairwise(edges):
        part = order[start:end]
        for begin in range(0, len(part), CHUNK):
            chunk = part[begin : begin + CHUNK]
            # A point that matches or beats another comes before it in this order.
            before = part[: begin + len(chunk)]
            within = np.arange(len(before)) < (begin + np.arange(len(chunk)))[:, None]
            for value in values:
                within &= value[before] <= value[chunk][:, None]
            kept.append(chunk[within.sum(axis=1) < depth])
    return np.concatenate(kept)


def _units(values: object, unit: float) -> IntArray:
    """At least 1: nothing is free, and a sum of 0 would divide by it."""
    return np.maximum(np.rint(np.asarray(values, np.float64) / unit).astype(np.int64), 1)


def _fixed_units(latency_ms: float | None) -> int:
    """`UNREACHABLE` at a resolution that doesn't have rows, because nobody measured it."""
    return UNREACHABLE if latency_ms is None else max(round(latency_ms / LATENCY_UNIT), 1)


def milliseconds(latency: int) -> float:
    return round(latency * LATENCY_UNIT, 6)


def loss_of(units: int) -> float:
    return round(units * LOSS_UNIT, 9)
