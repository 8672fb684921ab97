"""A space as a PyGlove search space, and its examples as architectures.

PyGlove nests choices, so the layers of a stage are inside the choice of its depth: every point is a different network,
and the size of the space is the number of its models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from spacelang import ir
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice, head_choices

try:
    import pyglove as pg
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "spacelang.interop.pyglove needs pyglove: pip install '.[pyglove]', in its checkout", name=error.name
    ) from None


def search_space(space: ir.SearchSpace) -> Any:
    """A `pg.Dict` with `resolution`, `stem`, `stages` and `head`, for `pg.sample`, `pg.iter` and `pg.random_sample`."""
    return pg.Dict(
        resolution=_one_of(space.resolutions),
        stem=[_stage(space, each) for each in space.stem],
        stages=[_stage(space, each) for each in space.stages],
        head=[_one_of(each.values) for each in head_choices(space)],
    )


def architecture(space: ir.SearchSpace, example: Any) -> Architecture:
    """The architecture of an example that PyGlove drew from `search_space`."""
    return Architecture(
        int(example.resolution),
        tuple(_chosen(space, *each) for each in zip(space.stem, example.stem, strict=True)),
        tuple(_chosen(space, *each) for each in zip(space.stages, example.stages, strict=True)),
        tuple(int(each) for each in example.head),
    )


def _one_of(options: Sequence[Any]) -> Any:
    return options[0] if len(options) == 1 else pg.oneof(list(options))


def _stage(space: ir.SearchSpace, stage: ir.Stage) -> Any:
    return _one_of(list(_variants(space, stage)))


def _variants(space: ir.SearchSpace, stage: ir.Stage) -> Iterator[Any]:
    """A stage for each block, window and depth."""
    for candidate, window, depth in product(stage.candidates, stage.windows, stage.depth):
        names = space.blocks_by_name[candidate.block].numeric
        options = {"width": window, **{name: candidate.numbers[name] for name in names}}
        shared = {name: each for name, each in options.items() if name in stage.uniform and depth}
        free = {name: each for name, each in options.items() if name not in stage.uniform}
        yield pg.Dict(
            candidate=candidate.id,
            shared=pg.Dict({name: _one_of(each.at(0)) for name, each in shared.items()}),
            layers=[pg.Dict({name: _one_of(each.at(at)) for name, each in free.items()}) for at in range(depth)],
        )


def _chosen(space: ir.SearchSpace, stage: ir.Stage, example: Any) -> StageChoice:
    names = space.blocks_by_name[stage.candidate(example.candidate).block].numeric
    layers = [{**example.shared, **each} for each in example.layers]
    return StageChoice(
        example.candidate,
        tuple(LayerChoice(int(each["width"]), tuple(each[name] for name in names)) for each in layers),
    )
