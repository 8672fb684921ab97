"""What a step trains: four sub-stages of each student, at the resolutions that the students of a stage share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from spacelang import ir
from spacelang.evolve.table.rules import channels_into
from spacelang.networks.architecture import LayerChoice, StageChoice
from spacelang.networks.sample import sample_stage
from spacelang.train.shared.seeds import numpy_generator


class SubStage(NamedTuple):
    """`channels_in`: those that the stage receives."""

    channels_in: int
    choice: StageChoice


def step_resolutions(space: ir.SearchSpace, count: int, steps: int, *words: int | str) -> list[tuple[int, ...]]:
    """For each step the resolutions of its sub-stages: the largest, the smallest, then `count` random ones.

    They depend on the stage and the step only, so that one pass of the teacher serves all students of a stage.
    """
    drawn = numpy_generator("resolutions", *words).choice(space.resolutions, (steps, count)).tolist()
    ends = max(space.resolutions), min(space.resolutions)
    return [(*ends, *each) for each in drawn]


def step_choices(
    space: ir.SearchSpace, stage: int, block: int, count: int, steps: int, *words: int | str
) -> list[tuple[SubStage, ...]]:
    """For each step the sub-stages of a student: the largest, the smallest, then `count` random ones.

    A random one has a width list of the stage and channels that may enter it, each as likely as any other.
    """
    largest, smallest = ends(space, stage, block)
    drawn = _random(space, stage, block, count * steps, numpy_generator("sub-stages", *words, stage, block))
    return [(largest, smallest, *drawn[at * count : (at + 1) * count]) for at in range(steps)]


def ends(space: ir.SearchSpace, stage: int, block: int) -> tuple[SubStage, SubStage]:
    """The largest and the smallest of a student, over all width lists of the stage."""
    channels = channels_into(space, stage)
    return (
        SubStage(max(channels), _extreme(space, space.stages[stage], block, max)),
        SubStage(min(channels), _extreme(space, space.stages[stage], block, min)),
    )


def _extreme(
    space: ir.SearchSpace, stage: ir.Stage, block: int, pick: Callable[[Sequence[ir.Number]], ir.Number]
) -> StageChoice:
    candidate = stage.candidate(block)
    names = space.blocks_by_name[candidate.block].numeric

    def layer(at: int) -> LayerChoice:
        width = int(pick([pick(each.at(at)) for each in stage.windows]))
        return LayerChoice(width, tuple(pick(candidate.numbers[name].at(at)) for name in names))

    return StageChoice(block, tuple(map(layer, range(int(pick(stage.depth))))))


def _random(space: ir.SearchSpace, stage: int, block: int, count: int, rng: np.random.Generator) -> list[SubStage]:
    of, channels = space.stages[stage], channels_into(space, stage)
    windows = rng.integers(len(of.windows), size=count)
    received = rng.choice(channels, count).tolist()
    candidate = of.candidate(block)
    parts = [
        iter(sample_stage(space, of, candidate, window, int(np.sum(windows == at)), rng))
        for at, window in enumerate(of.windows)
    ]
    return [SubStage(channels, next(parts[at])) for channels, at in zip(received, windows.tolist(), strict=True)]
