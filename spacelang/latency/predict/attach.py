"""Predicted latencies on a table of losses: what a search for a device needs.

A row gets what its stage's kernels take, with the factor; stem, head and border are the table's fixed latency.
"""

from __future__ import annotations

import numpy as np

from spacelang import ir
from spacelang.architecture import LayerChoice, StageChoice, head_choices
from spacelang.diagnostics import Report
from spacelang.evolve.table import Table
from spacelang.latency.predict.networks import Kernels, kernel_ms, stage_layers
from spacelang.latency.predict.predictor import Estimator
from spacelang.positions import entry_widths, integers
from spacelang.shapes import sizes


def attach(table: Table, estimator: Estimator, report: Report | None = None) -> Table:
    """The table with the estimator's latencies in place of any that it had.

    The fixed latency of a resolution is that of the stem and head in their smallest setting, with the border.

    Args:
        report: gets a warning where kernels lie far from what was measured.

    Raises:
        SpacelangError: SP1603: if nothing was learned of a kind of kernel.
        ShapeError: as `layer_ops`.
    """
    space, rows = table.space, table.rows
    kernels = Kernels(space)
    strides = [stage.stride for stage in space.stem + space.stages]
    along = {resolution: sizes(resolution, strides) for resolution in space.resolutions}
    of_rows: list[list[int]] = []
    known = zip(*(each.tolist() for each in (rows.stage, rows.block, rows.channels_in, rows.resolution)), strict=True)
    for row, (at, block, channels, resolution) in enumerate(known):
        size = along[resolution][len(space.stem) + at]
        of_rows.append(stage_layers(kernels, space.stages[at], StageChoice(block, rows.layers(row)), channels, size)[0])
    of_ends = [_ends(kernels, resolution, along[resolution][-1]) for resolution in space.resolutions]
    ms = kernel_ms(list(kernels.found), estimator, report)
    values = np.array([space.channels * each**2 for each in space.resolutions], float)
    fixed = estimator.whole_ms(kernels.total(of_ends)(ms), values)
    # Of a part of a network the image is no part, nor what every network takes.
    nothing = np.zeros(len(rows))
    rows_ms = estimator.whole_ms(kernels.total(of_rows)(ms), nothing) - estimator.whole_ms(nothing, nothing)
    return table.attach(estimator.label, rows_ms, dict(zip(space.resolutions, fixed.tolist(), strict=True)))


def _ends(kernels: Kernels, resolution: int, last_size: int) -> list[int]:
    """The layers of the stem and the head in their smallest setting."""
    space = kernels.space
    channels, size, made = space.channels, resolution, []
    for stage in space.stem:
        part, channels, size = stage_layers(kernels, stage, _smallest(space, stage), channels, size)
        made += part
    widths = tuple(min(integers(each.values)) for each in head_choices(space))
    made.append(kernels.head(widths, min(entry_widths(space)[-1]), last_size))
    return made


def _smallest(space: ir.SearchSpace, stage: ir.Stage) -> StageChoice:
    """The least of every choice of a stage of the stem, which has one block."""
    (candidate,) = stage.candidates
    names = space.blocks_by_name[candidate.block].numeric
    layers = (
        LayerChoice(
            min(int(width) for window in stage.windows for width in window.at(layer)),
            tuple(min(candidate.numbers[name].at(layer)) for name in names),
        )
        for layer in range(min(stage.depth))
    )
    return StageChoice(candidate.id, tuple(layers))
