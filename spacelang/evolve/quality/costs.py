"""What the rows of a table cost: multiply-accumulates, parameters, peak activation memory, from their architectures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spacelang import ir
from spacelang.evolve.table.table import Cell, IntArray, Table, all_cells
from spacelang.language.shapes import size_after, sizes
from spacelang.networks.architecture import smallest
from spacelang.networks.cost import op_cost, total
from spacelang.networks.genome import Genome, narrow
from spacelang.networks.memory import peak_activations
from spacelang.networks.network import Layer, layer_ops, layers
from spacelang.networks.walk import LayerShape

MIB = 1 << 20
BYTES = {"int8": 1, "fp32": 4}
"""The size of one weight or activation."""


@dataclass(frozen=True, eq=False)
class Column:
    """One kind of cost.

    Attributes:
        rows: (rows,) the cost of each row's stage.
        fixed: (resolutions,) the cost of stem and head in their smallest setting, as for latencies.
    """

    rows: IntArray
    fixed: IntArray


class RowCosts(NamedTuple):
    """`macs` and `parameters` add up along a network; `peak`, the most activations kept at once, is a maximum."""

    macs: Column
    parameters: Column
    peak: Column


def row_costs(table: Table) -> RowCosts:
    """The costs of every row, each distinct layer computed once."""
    layers_of = _Layers(table)
    chosen, index = np.unique(layers_of.codes, return_index=True)
    values = np.array([layers_of.cost(int(each)) for each in index], np.int64).reshape(-1, 3)
    each_layer = values[np.searchsorted(chosen, layers_of.codes)]
    starts = table.rows.starts[:-1]
    fixed = np.array([_fixed(table.space, each) for each in table.space.resolutions], np.int64)
    sums = np.add.reduceat(each_layer[:, :2], starts, axis=0) if len(starts) else np.zeros((0, 2), np.int64)
    peaks = np.maximum.reduceat(each_layer[:, 2], starts) if len(starts) else np.zeros(0, np.int64)
    return RowCosts(Column(sums[:, 0], fixed[:, 0]), Column(sums[:, 1], fixed[:, 1]), Column(peaks, fixed[:, 2]))


class _Layers:
    """The layers of all rows, and a number for each; equal layers have the same number."""

    def __init__(self, table: Table) -> None:
        self.table, rows = table, table.rows
        self.row = np.repeat(np.arange(len(rows)), rows.depth)
        self.at = np.arange(len(rows.width)) - rows.starts[self.row]
        self.entering = np.concatenate(([0], rows.width[:-1])) if len(rows.width) else rows.width
        self.entering[rows.starts[:-1]] = rows.channels_in
        space = table.space
        strides = [stage.stride for stage in space.stem + space.stages]
        self.sizes = {each: sizes(each, strides)[len(space.stem) :] for each in space.resolutions}
        first = self.at == 0
        columns = [rows.stage[self.row], rows.block[self.row], rows.resolution[self.row], first, self.entering]
        columns += [rows.width, *rows.numbers.T]
        self.codes = np.zeros(len(rows.width), np.int64)
        for column in columns:
            values, which = np.unique(column, return_inverse=True)
            self.codes = self.codes * len(values) + which

    def cost(self, layer: int) -> tuple[int, int, int]:
        """Multiply-accumulates, parameters and peak activations of one layer."""
        rows, row = self.table.rows, int(self.row[layer])
        stage = self.table.space.stages[rows.stage[row]]
        candidate = stage.candidate(int(rows.block[row]))
        size = self.sizes[int(rows.resolution[row])][rows.stage[row]]
        stride = stage.stride
        if self.at[layer]:
            size, stride = size_after(size, stride), 1
        numbers = rows.layers(row)[self.at[layer]].numbers
        channels = int(self.entering[layer])
        block = self.table.space.blocks_by_name[candidate.block]
        ops = layer_ops(block, numbers, candidate.acts, LayerShape(channels, int(rows.width[layer]), stride, size))
        cost = total(map(op_cost, ops))
        return cost.macs, cost.params, peak_activations(ops, channels, size)


def _fixed(hyperspace: ir.SearchSpace, resolution: int) -> tuple[int, int, int]:
    """The costs of stem and head in their smallest setting, at one resolution."""
    first = [next(each for each in all_cells(hyperspace) if each.stage == at) for at in range(len(hyperspace.stages))]
    space = narrow(hyperspace, _genome(first), hyperspace.name)
    made = layers(space, smallest(space)._replace(resolution=resolution))
    stem = sum(stage.depth[0] for stage in space.stem)
    parts = [*made[:stem], made[-1]]
    cost = total(op_cost(op) for each in parts for op in each.ops)
    return cost.macs, cost.params, max(map(_peak, parts), default=0)


def _peak(layer: Layer) -> int:
    if not layer.ops:
        return 0
    first = layer.ops[0]
    return peak_activations(layer.ops, first.channels_in, first.size_in)


def _genome(cells: list[Cell]) -> Genome:
    return Genome(tuple(each.block for each in cells), tuple(each.window for each in cells))


class Ceiling(NamedTuple):
    """The most that a network may have, in whole numbers; None where nothing is limited."""

    macs: int | None
    parameters: int | None
    peak: int | None


def ceiling_of(limits: ir.Limits | None, device: ir.Device) -> Ceiling | None:
    """Limits in the numbers that a network is counted in: one or four bytes each, by the device's precision."""
    if limits is None:
        return None
    numbers = MIB // BYTES[device.precision]
    sums = ((limits.mflops, 1_000_000), (limits.parameters_mib, numbers), (limits.memory_mib, numbers))
    return Ceiling(*(None if limit is None else math.floor(limit * unit) for limit, unit in sums))
