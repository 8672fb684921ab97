"""The walk over a network's layers: the shape of each, from the chosen widths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice


class MapShape(NamedTuple):
    """A map of `channels` × `size` × `size`, as it enters a stage or a head."""

    channels: int
    size: int


class LayerShape(NamedTuple):
    """What a layer reads and makes. `size`: height and width of its input."""

    channels_in: int
    channels_out: int
    stride: int
    size: int

    @property
    def made(self) -> MapShape:
        return MapShape(self.channels_out, size_after(self.size, self.stride))


class Walked(NamedTuple):
    """A stage of a network, with the shape of each chosen layer."""

    stage: ir.Stage
    choice: StageChoice
    shapes: list[LayerShape]


def layer_shapes(layers: Iterable[LayerChoice], stride: int, entry: MapShape) -> tuple[list[LayerShape], MapShape]:
    """The shapes of a stage's layers, and what the stage makes. The first layer has the stride, the others have 1."""
    shapes = []
    for layer in layers:
        shape = LayerShape(entry.channels, layer.width, stride, entry.size)
        shapes.append(shape)
        entry, stride = shape.made, 1
    return shapes, entry


def walk(space: ir.SearchSpace, architecture: Architecture) -> tuple[list[Walked], MapShape]:
    """The stages of a network, stem first, and what enters its head."""
    entry, walked = MapShape(space.channels, architecture.resolution), []
    chosen = architecture.stem + architecture.stages
    for stage, choice in zip(space.stem + space.stages, chosen, strict=True):
        shapes, entry = layer_shapes(choice.layers, stage.stride, entry)
        walked.append(Walked(stage, choice, shapes))
    return walked, entry
