"""Uniform samples of a space's models, drawn in arrays.

Each stage is uniform over its stage architectures: a depth is drawn in proportion to how many architectures have it,
then the width and numbers of each layer. In a hyperspace each stage first draws a block and a width list.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spacelang import ir
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice, architecture_of, head_choices
from spacelang.report.diagnostics import refuse

T = TypeVar("T")
MOST_SAMPLES = 10_000_000
"""More don't fit into memory."""


class _StageTable(NamedTuple):
    """A stage with one candidate and one window, its layer choices enumerated.

    Attributes:
        layers: `layers[s][f]` for a draw s of the choices that all layers share and a draw f of the others.
        depth_odds: for each depth, its share of the stage's architectures.
    """

    candidate: int
    depths: tuple[int, ...]
    depth_odds: NDArray[np.float64]
    layers: list[list[LayerChoice]]


def sample(space: ir.SearchSpace, count: int, seed: int) -> list[Architecture]:
    """`count` architectures, drawn independently; the same for the same seed everywhere.

    Raises:
        SpacelangError: SP1010: if `count` or `seed` is negative, or there are more than memory has room for.
    """
    if not 0 <= count <= MOST_SAMPLES:
        refuse("SP1010", f"`count` is {count}", f"0 to {MOST_SAMPLES} architectures are drawn at once")
    if seed < 0:
        refuse("SP1010", f"`seed` is {seed}", "a seed is at least 0")
    if space.kind == "model":
        return [architecture_of(space)] * count
    with collector_paused():
        return _sample(space, count, seed)


def sample_stage(
    space: ir.SearchSpace, stage: ir.Stage, candidate: ir.Candidate, window: ir.Choices, count: int, rng: Generator
) -> list[StageChoice]:
    """`count` architectures of a stage with one block and one width list, drawn independently.

    Every depth is as likely as any other, so that shallow stages, of which there are few, are included. (The paper,
    C.3, lets depths differ and doesn't say how they are drawn.)
    """
    table = _tabulate(space, stage, candidate, window)
    even = np.full(len(table.depths), 1 / len(table.depths))
    return _sample_table(table._replace(depth_odds=even), count, rng)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Millions of tuples are made and none is garbage; the collector would take 3/4 of the time scanning them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _sample(space: ir.SearchSpace, count: int, seed: int) -> list[Architecture]:
    rng = np.random.default_rng(seed)
    resolutions = _draw(rng, space.resolutions, count)
    stem = [_sample_stage(space, stage, count, rng) for stage in space.stem]
    stages = [_sample_stage(space, stage, count, rng) for stage in space.stages]
    head = [_draw(rng, [int(each) for each in choices.values], count) for choices in head_choices(space)]
    return list(map(Architecture, resolutions, _rows(stem, count), _rows(stages, count), _rows(head, count)))


def _draw(rng: np.random.Generator, values: Sequence[T], count: int) -> list[T]:
    return [values[index] for index in rng.integers(len(values), size=count).tolist()]


def _rows(columns: list[list[T]], count: int) -> Iterator[tuple[T, ...]]:
    return zip(*columns, strict=True) if columns else itertools.repeat((), count)


def _sample_stage(space: ir.SearchSpace, stage: ir.Stage, count: int, rng: np.random.Generator) -> list[StageChoice]:
    tables = [
        _tabulate(space, stage, candidate, window)
        for candidate, window in itertools.product(stage.candidates, stage.windows)
    ]
    if len(tables) == 1:
        return _sample_table(tables[0], count, rng)
    picks = rng.integers(len(tables), size=count)
    parts = [iter(_sample_table(table, int(np.sum(picks == index)), rng)) for index, table in enumerate(tables)]
    return [next(parts[pick]) for pick in picks.tolist()]


def _sample_table(table: _StageTable, count: int, rng: np.random.Generator) -> list[StageChoice]:
    depths = np.asarray(table.depths)[rng.choice(len(table.depths), size=count, p=table.depth_odds)]
    shared = rng.integers(len(table.layers), size=count)
    free = rng.integers(len(table.layers[0]), size=(count, max(table.depths)))
    drawn = shared[:, None] * len(table.layers[0]) + free
    # Layer by layer over all samples of one depth: a Python loop over layers would take ten times as long.
    flat = np.empty(len(table.layers) * len(table.layers[0]), dtype=object)
    flat[:] = list(itertools.chain.from_iterable(table.layers))
    made: list[StageChoice] = [StageChoice(table.candidate, ())] * count
    for depth in table.depths:
        rows = np.flatnonzero(depths == depth)
        columns = [flat[drawn[rows, layer]].tolist() for layer in range(depth)]
        layers = zip(*columns, strict=True) if columns else itertools.repeat((), len(rows))
        for row, chosen in zip(rows.tolist(), layers, strict=True):
            made[row] = StageChoice(table.candidate, chosen)
    return made


def _tabulate(space: ir.SearchSpace, stage: ir.Stage, candidate: ir.Candidate, window: ir.Choices) -> _StageTable:
    names = ("width", *space.blocks_by_name[candidate.block].numeric)
    choices = (window, *(candidate.numbers[name] for name in names[1:]))
    shared_fields = [at for at, name in enumerate(names) if name in stage.uniform]
    free_fields = [at for at, name in enumerate(names) if name not in stage.uniform]

    def layer(shared: tuple[ir.Number, ...], free: tuple[ir.Number, ...]) -> LayerChoice:
        values = dict(zip(shared_fields + free_fields, shared + free, strict=True))
        return LayerChoice(int(values[0]), tuple(values[at] for at in range(1, len(names))))

    shared = list(itertools.product(*(choices[at].values for at in shared_fields)))
    free = list(itertools.product(*(choices[at].values for at in free_fields)))
    odds = np.power(float(len(free)), np.asarray(stage.depth) - max(stage.depth))
    return _StageTable(
        candidate.id, stage.depth, odds / odds.sum(), [[layer(each, other) for other in free] for each in shared]
    )
