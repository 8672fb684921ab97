"""Predicted latencies on a table of losses: what a search for a device needs.

A row gets what its stage's kernels take within a network; stem, head and border are the table's fixed latency.
"""

from __future__ import annotations

import numpy as np

from spacelang.evolve.table.table import IntArray, Table, require_table
from spacelang.language.shapes import sizes
from spacelang.latency.predict.columns import Floats
from spacelang.latency.predict.networks import Kernels, stage_layers, work_of
from spacelang.latency.predict.predictor import LatencyEstimator
from spacelang.latency.predict.whole import Whole
from spacelang.networks.architecture import StageChoice, choose, head_choices
from spacelang.networks.positions import entry_widths, integers
from spacelang.networks.walk import MapShape
from spacelang.report.diagnostics import Report


def attach(table: Table, estimator: LatencyEstimator, report: Report | None = None) -> Table:
    """The table, with the estimator's latencies in place of any that it had.

    The fixed latency of a resolution is that of the stem and head in their smallest setting, with the border.

    Args:
        report: gets a warning where kernels lie far from what was measured.

    Raises:
        SpacelangError: SP1603: if nothing was learned about a kind of kernel.
        ShapeError: as `layer_ops`.
    """
    table = require_table(table)
    space, rows = table.space, table.rows
    kernels = Kernels(space)
    strides = [stage.stride for stage in space.stem + space.stages]
    along = {resolution: sizes(resolution, strides) for resolution in space.resolutions}
    of_rows: list[list[int]] = []
    known = zip(*(each.tolist() for each in (rows.stage, rows.block, rows.channels_in, rows.resolution)), strict=True)
    for row, (at, block, channels, resolution) in enumerate(known):
        size = along[resolution][len(space.stem) + at]
        choice = StageChoice(block, rows.layers(row))
        of_rows.append(stage_layers(kernels, space.stages[at], choice, MapShape(channels, size))[0])
    of_ends = [_ends(kernels, resolution, along[resolution][-1]) for resolution in space.resolutions]
    work, whole = work_of(list(kernels.found), estimator, report), estimator.whole
    total_rows, total_ends = kernels.total(of_rows), kernels.total(of_ends)
    own, weights = whole.kernels_ms(work), total_rows(work.weights)
    weight_ms, kept = _fetching(whole, rows.stage, weights, total_ends(work.weights).max())
    rows_ms = total_rows(own) + weight_ms * weights
    values = np.array([space.channels * each**2 for each in space.resolutions], float)
    ends = total_ends(own) + whole.border_ms(values)
    fixed = np.maximum(ends + weight_ms * (total_ends(work.weights) - kept), ends / 2)
    return table.attach(estimator.label, rows_ms, dict(zip(space.resolutions, fixed.tolist(), strict=True)))


def _fetching(whole: Whole, stage: IntArray, weights: Floats, of_ends: float) -> tuple[float, float]:
    """The time to fetch a weight, and how many are kept: the same for all networks of a table, since rows are summed.

    It is exact if the smallest network has more weights than the cache keeps, or if the largest doesn't.
    """
    stages = [weights[stage == each] for each in np.unique(stage)]
    smallest, largest = (of_ends + sum(float(pick(each)) for each in stages) for pick in (np.min, np.max))
    return (0.0, 0.0) if largest <= whole.kept else (whole.weight_ms, min(whole.kept, smallest))


def _ends(kernels: Kernels, resolution: int, last_size: int) -> list[int]:
    """The layers of the stem and the head in their smallest setting."""
    space = kernels.space
    entry, made = MapShape(space.channels, resolution), []
    for stage in space.stem:
        choice = choose(space, stage, stage.candidates[0], stage.windows[0], min)
        part, entry = stage_layers(kernels, stage, choice, entry)
        made += part
    widths = tuple(min(integers(each.values)) for each in head_choices(space))
    made.append(kernels.head(widths, MapShape(min(entry_widths(space)[-1]), last_size)))
    return made
