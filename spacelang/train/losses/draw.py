"""Which stage architectures are measured: drawn for each cell, from what may really occur in a network."""

from __future__ import annotations

from typing import NamedTuple

from spacelang import ir
from spacelang.evolve.table.rules import channels_into
from spacelang.evolve.table.table import Cell
from spacelang.networks.architecture import StageChoice, count_stage
from spacelang.networks.sample import sample_stage
from spacelang.train.shared.seeds import numpy_generator

CHUNK = 64
"""Drawn at once."""


class Drawn(NamedTuple):
    """A row of a table before it is measured. `channels_in`: those that the stage receives."""

    resolution: int
    channels_in: int
    choice: StageChoice


def draw(space: ir.SearchSpace, cell: Cell, count: int, seed: int) -> tuple[Drawn, ...]:
    """`count` different stage architectures of a cell, or all of them if there are fewer.

    Resolution, input channels and depth are drawn uniformly, then the choices of every layer. The paper doesn't say
    how it draws; even depths are ours, so that shallow stages, of which there are few, are among them. A greater count
    adds to the same architectures.
    """
    stage = space.stages[cell.stage]
    candidate, window = stage.candidate(cell.block), stage.windows[cell.window]
    channels = channels_into(space, cell.stage)
    there_are = count_stage(space, stage, candidate, window) * len(space.resolutions) * len(channels)
    wanted = min(count, there_are)
    rng = numpy_generator("architectures", seed, *cell)
    found: dict[Drawn, None] = {}
    while len(found) < wanted:
        choices = sample_stage(space, stage, candidate, window, CHUNK, rng)
        resolutions = rng.choice(space.resolutions, CHUNK).tolist()
        found |= dict.fromkeys(map(Drawn, resolutions, rng.choice(channels, CHUNK).tolist(), choices))
    return tuple(found)[:wanted]
