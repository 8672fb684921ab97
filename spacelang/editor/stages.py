"""The range of costs of a stage, over all its choices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import Pick, choose, count_stage
from spacelang.networks.cost import Cost, CostModel
from spacelang.networks.network import ShapeError
from spacelang.networks.positions import entry_widths
from spacelang.networks.walk import MapShape


def extremes(space: ir.SearchSpace, index: int) -> tuple[Cost, Cost] | None:
    """The costs of a stage at the smallest of every choice, and at the largest, over all blocks and windows.

    Args:
        index: the stage's index in `space.stem + space.stages`.
    """
    stages = space.stem + space.stages
    entry = entry_widths(space)[index]
    found = []
    for pick in (min, max):
        size = int(pick(space.resolutions))
        for before in stages[:index]:
            size = size_after(size, before.stride)
        costs = list(_costs(space, stages[index], int(pick(entry)), size, pick))
        if not costs:
            return None
        found.append(pick(costs, key=lambda each: each.macs))
    return found[0], found[1]


def _costs(space: ir.SearchSpace, stage: ir.Stage, channels: int, size: int, pick: Pick) -> Iterator[Cost]:
    model = CostModel(space)
    for candidate, window in product(stage.candidates, stage.windows):
        layers = choose(space, stage, candidate, window, pick).layers
        try:
            yield model.stage(stage, candidate, layers, MapShape(channels, size))
        except ShapeError:
            continue


def architectures(space: ir.SearchSpace, stage: ir.Stage) -> int:
    """How many stage architectures there are for all blocks and windows; one that two windows share counts twice."""
    return sum(count_stage(space, stage, *each) for each in product(stage.candidates, stage.windows))
