"""A table seen by a search: whole numbers, groups and stages in place of rows, channels and milliseconds."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np

from spacelang.evolve.quality.fronts import Points, Scale, skyband
from spacelang.evolve.table.table import Cell, IntArray, Table, all_cells

LATENCY_UNIT = 1e-6
"""Milliseconds: latencies are summed in whole nanoseconds."""
LOSS_UNIT = 1e-9
"""Sums in whole units are exact, so every order of summing gives the same scores, ties included."""
UNREACHABLE = 1 << 50
"""Above any latency."""


class Landscape:
    """The rows of a table that can matter under the largest target, by cell.

    Attributes:
        resolutions: those of the hyperspace; their index is a group's, or with strict chains a part of it.
        fixed: (resolutions,) latency of stem and head.
        targets: (targets,) in units.
        choices: for each stage, its cells in order.
        latency, loss: (rows,) of the table's rows, in units.
        strict: whether rows must fit each other.
    """

    def __init__(self, table: Table, targets_ms: tuple[float, ...], chain: str) -> None:
        latencies = table.require_latencies()
        self.table = table
        self.resolutions = table.space.resolutions
        self.strict = chain == "strict"
        self.fixed = _units([latencies.fixed_ms[each] for each in self.resolutions], LATENCY_UNIT)
        self.targets = _units(targets_ms, LATENCY_UNIT)
        self.stages = len(table.space.stages)
        self.choices = [[each for each in all_cells(table.space) if each.stage == at] for at in range(self.stages)]
        rows = table.rows
        self.latency = _units(latencies.rows_ms, LATENCY_UNIT)
        self.loss = _units(rows.loss, LOSS_UNIT)
        ports = np.unique(np.concatenate((rows.channels_in, rows.last_width))) if self.strict else np.zeros(1, np.int64)
        self.ports = len(ports)
        self._resolution = np.searchsorted(np.array(self.resolutions), rows.resolution)
        self._enter = self._group(ports, rows.channels_in)
        self._leave = self._group(ports, rows.last_width)
        self.skyband = lru_cache(maxsize=None)(self._skyband)

    @cached_property
    def scale(self) -> Scale:
        """Of all fronts over this table."""
        worst = [int(self.loss[self.table.rows.stage == at].max(initial=0)) for at in range(self.stages)]
        return Scale(len(self.resolutions) * self.ports, int(self.targets.max()) + 1, sum(worst) + 1)

    @cached_property
    def limits(self) -> list[IntArray]:
        """For each stage, and one behind the last: (groups,) the greatest latency before it that can be completed."""
        fastest = np.vstack((np.minimum(self.fastest, self.scale.span), np.zeros_like(self.fixed)))
        left = np.cumsum(fastest[::-1], axis=0)[::-1]
        return list(np.repeat(self.scale.span - 1 - left, self.ports, axis=1))

    @cached_property
    def fastest(self) -> IntArray:
        """(stages, resolutions) the least latency of a row; `UNREACHABLE` where there is none."""
        least = np.full((self.stages, len(self.resolutions)), UNREACHABLE)
        np.minimum.at(least, (self.table.rows.stage, self._resolution), self.latency)
        return least

    @cached_property
    def start(self) -> tuple[IntArray, IntArray]:
        """Group and latency of the points that every chain starts from: stem and head alone."""
        group = np.arange(self.scale.groups)
        latency = np.repeat(self.fixed, self.ports)
        near = latency < self.scale.span
        return group[near], latency[near]

    def resolution_of(self, group: int) -> int:
        return self.resolutions[group // self.ports]

    def all_points(self, cell: Cell) -> Points:
        """Every row of a cell, ordered by the group that it leaves to."""
        rows = np.arange(len(self.table.rows))[self.table.cells[cell]]
        rows = rows[np.argsort(self._leave[rows], kind="stable")]
        return Points(self._enter[rows], self._leave[rows], self.latency[rows], self.loss[rows], rows)

    def _skyband(self, cell: Cell, depth: int) -> Points:
        """The rows of a cell that the best `depth` sub-networks can be made of."""
        points = self.all_points(cell)
        return skyband(points.take(np.flatnonzero(points.latency < self.scale.span)), depth)

    def _group(self, ports: IntArray, channels: IntArray) -> IntArray:
        return self._resolution * self.ports + (np.searchsorted(ports, channels) if self.strict else 0)


def _units(values: object, unit: float) -> IntArray:
    """At least 1: nothing is free, and a sum of 0 would divide by it."""
    return np.maximum(np.rint(np.asarray(values, np.float64) / unit).astype(np.int64), 1)


def milliseconds(latency: int) -> float:
    return round(latency * LATENCY_UNIT, 6)


def loss_of(units: int) -> float:
    return round(units * LOSS_UNIT, 9)
