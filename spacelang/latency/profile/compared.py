"""Layers that stand for the blocks of a space.

A layer costs half of what a network of three such layers takes longer than a network of one. So neither the network's
border nor what the runtime does once counts, and the layer runs as it does among others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.latency.collect.log import Network
from spacelang.latency.collect.networks import Candidate
from spacelang.networks.architecture import architecture_of
from spacelang.networks.kernels import kernels_of
from spacelang.networks.network import layer_ops, layers
from spacelang.networks.walk import LayerShape

SHORT, LONG = 1, 3
"""Layers of the two networks."""
MOST_STAGES = 3
"""If a space has more, its first, middle and last stage stand for all."""

T = TypeVar("T")


class ComparedLayer(NamedTuple):
    """A layer in the middle of all choices, as wide as its input, with stride 1.

    Attributes:
        id: the block's search id.
        settings: what its parameters are, for people.
        short, long: models of kind `model` with `SHORT` and `LONG` such layers.
    """

    id: int
    block: str
    stage: str
    width: int
    size: int
    settings: str
    short: ir.SearchSpace
    long: ir.SearchSpace


def block_layers(space: ir.SearchSpace) -> tuple[ComparedLayer, ...]:
    """For each block that a stage may use, a layer of it; by search id, then in the order of the stages.

    Raises: ShapeError: if such a layer isn't valid.
    """
    size = middle(space.resolutions)
    sizes: list[int] = []
    for stage in space.stem + space.stages:
        size = size_after(size, stage.stride)
        sizes.append(size)
    at = list(zip(space.stages, sizes[len(space.stem) :], strict=True))
    if len(at) > MOST_STAGES:
        at = [at[0], middle(at), at[-1]]
    made = [each for stage, size in at for each in _of_stage(space, stage, size)]
    return tuple(sorted(made, key=lambda layer: layer.id))


def middle(values: Sequence[T]) -> T:
    """The middle value; of an even number, the one after the middle."""
    return values[len(values) // 2]


def candidate(model: ir.SearchSpace) -> Candidate:
    """One of the two networks, to be measured."""
    architecture = architecture_of(model)
    kernels = tuple(kernel for layer in layers(model, architecture) for kernel in kernels_of(layer.ops))
    network = Network(model.name, model.sha256, model.channels, architecture.resolution, kernels)
    return Candidate(model, architecture, network)


def _of_stage(space: ir.SearchSpace, stage: ir.Stage, size: int) -> Iterator[ComparedLayer]:
    width = int(middle(sorted({each for window in stage.windows for each in window.at(0)})))
    for candidate in stage.candidates:
        block = space.blocks_by_name[candidate.block]
        numbers = {name: middle(candidate.numbers[name].at(0)) for name in block.numeric}
        layer_ops(block, tuple(numbers.values()), candidate.acts, LayerShape(width, width, 1, size))
        settings = ", ".join(f"{name} {value:g}" for name, value in numbers.items())
        short, long = (_model(space, stage, candidate, numbers, width, size, depth) for depth in (SHORT, LONG))
        yield ComparedLayer(candidate.id, block.name, stage.name, width, size, settings, short, long)


def _model(
    space: ir.SearchSpace,
    stage: ir.Stage,
    candidate: ir.Candidate,
    numbers: Mapping[str, ir.Number],
    width: int,
    size: int,
    depth: int,
) -> ir.SearchSpace:
    """Layers of a candidate and nothing else, except a pool, so that the network's output is small."""

    def each(value: ir.Number) -> ir.Choices:
        return ir.Choices(values=(value,) * depth, per_layer=True)

    fixed = ir.replace(candidate, numbers={name: each(value) for name, value in numbers.items()})
    layers = ir.Stage(name=stage.name, stride=1, depth=(depth,), windows=(each(width),), candidates=(fixed,))
    return ir.SearchSpace(
        kind="model",
        name=f"{candidate.block} at {stage.name}, depth {depth}",
        device=space.device,
        channels=width,
        resolutions=(size,),
        classes=width,
        blocks=(space.blocks_by_name[candidate.block],),
        stem=(),
        stages=(layers,),
        head=(ir.HeadPool(),),
    )
