"""FLOPs and parameters, exact.

FLOPs are multiply-accumulates of convolutions (SE's too) and linear layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spacelang import ir
from spacelang.ir.operators import LAWS, Op
from spacelang.networks.architecture import Architecture, LayerChoice, require_architecture
from spacelang.networks.network import Layer, layer_ops, layers
from spacelang.networks.walk import LayerShape, MapShape, layer_shapes

LSQ_SCALARS = 3
"""A quantised convolution's learned numbers: the activation's scale and offset, the weight's scale."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of an operator, a layer, a stage or a network.

    Attributes:
        macs: multiply-accumulates for one image.
        params: weights, biases and 2 per batch-norm channel.
        convolutions: how many are quantised, SE's two included.
    """

    macs: int = 0
    params: int = 0
    convolutions: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.macs + other.macs, self.params + other.params, self.convolutions + other.convolutions)

    @property
    def mflops(self) -> float:
        return self.macs / 1e6

    @property
    def mparams(self) -> float:
        """Millions of parameters, not counting those of the quantisers."""
        return self.params / 1e6

    @property
    def mparams_quantised(self) -> float:
        """Millions of parameters with LSQ+'s scalars, as the published table counts them."""
        return (self.params + LSQ_SCALARS * self.convolutions) / 1e6


@dataclass(frozen=True, slots=True)
class LayerCost:
    layer: Layer
    cost: Cost


def total(costs: Iterable[Cost]) -> Cost:
    return sum(costs, Cost())


def op_cost(op: Op) -> Cost:
    """The cost of one operator."""
    return Cost(*LAWS[op.kind].cost(op))


class CostModel:
    """Costs of a space's layers, each computed once."""

    def __init__(self, space: ir.SearchSpace) -> None:
        self.space = space
        self._blocks = space.blocks_by_name
        self._layers: dict[tuple[object, ...], Cost] = {}

    def layer(self, candidate: ir.Candidate, numbers: tuple[ir.Number, ...], shape: LayerShape) -> Cost:
        """Raises: ShapeError: as `layer_ops`."""
        key = (candidate.block, numbers, shape)
        known = self._layers.get(key)
        if known is None:
            ops = layer_ops(self._blocks[candidate.block], numbers, candidate.acts, shape)
            known = self._layers[key] = total(map(op_cost, ops))
        return known

    def stage(self, stage: ir.Stage, candidate: ir.Candidate, layers: Sequence[LayerChoice], entry: MapShape) -> Cost:
        """The cost of a stage for the chosen layers.

        Raises: ShapeError: as `layer_ops`.
        """
        at, _ = layer_shapes(layers, stage.stride, entry)
        return total(self.layer(candidate, each.numbers, shape) for each, shape in zip(layers, at, strict=True))


def cost(space: ir.SearchSpace, architecture: Architecture) -> tuple[LayerCost, ...]:
    """The cost of each layer of an architecture, the head as the last.

    Raises:
        ShapeError: as `layer_ops`.
        SpacelangError: SP1013: if it isn't an architecture of the space.
    """
    require_architecture(space, architecture)
    return tuple(LayerCost(each, total(map(op_cost, each.ops))) for each in layers(space, architecture))
