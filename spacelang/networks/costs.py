"""FLOPs and parameters of many architectures at once, as arrays.

A layer's cost depends on its block, its numbers, the channels on both sides, its stride and its size: few different
layers, which occur again and again. Each is computed once; for an architecture, its layers are then only looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import Architecture, StageChoice, head_widths
from spacelang.networks.cost import LSQ_SCALARS, Cost, CostModel, op_cost, total
from spacelang.networks.network import head_ops

Key = tuple[object, ...]


class Costs(NamedTuple):
    """The costs of architectures, in their order; the fields are those of `Cost`.

    Attributes:
        macs: multiply-accumulates for one image, int64 of shape [architectures].
        params: weights, biases and 2 per batch-norm channel, likewise.
        convolutions: how many are quantised, likewise.
    """

    macs: NDArray[np.int64]
    params: NDArray[np.int64]
    convolutions: NDArray[np.int64]

    @property
    def mflops(self) -> NDArray[np.float64]:
        return self.macs / 1e6

    @property
    def mparams(self) -> NDArray[np.float64]:
        """Millions of parameters, not counting those of the quantisers."""
        return self.params / 1e6

    @property
    def mparams_quantised(self) -> NDArray[np.float64]:
        """Millions of parameters with LSQ+'s scalars, as the published table counts them."""
        return (self.params + LSQ_SCALARS * self.convolutions) / 1e6


def costs(space: ir.SearchSpace, architectures: Sequence[Architecture]) -> Costs:
    """The cost of each architecture: the sums over the layers that `cost` lists.

    Raises: ShapeError: as `layer_ops`.
    """
    known = _Known(space)
    rows = [known.network(each) for each in architectures]
    table = np.array([(each.macs, each.params, each.convolutions) for each in known.found] or [(0, 0, 0)], np.int64)
    if not rows:
        return Costs(*np.zeros((3, 0), np.int64))
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    flat = np.fromiter((index for row in rows for index in row), np.int64, int(lengths.sum()))
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    return Costs(*np.add.reduceat(table[flat], starts, axis=0).T)


class _Known:
    """Costs of stages and heads, numbered in the order in which they were first met."""

    def __init__(self, space: ir.SearchSpace) -> None:
        self.space = space
        self.stages = space.stem + space.stages
        self.model = CostModel(space)
        self.found: list[Cost] = []
        self._numbers: dict[Key, int] = {}

    def network(self, architecture: Architecture) -> list[int]:
        """The numbers of the layers' costs and the head's."""
        channels, size = self.space.channels, architecture.resolution
        numbers: list[int] = []
        chosen = architecture.stem + architecture.stages
        for at, (stage, choice) in enumerate(zip(self.stages, chosen, strict=True)):
            self._stage(at, stage.stride, choice, channels, size, numbers)
            if choice.layers:
                channels, size = choice.layers[-1].width, size_after(size, stage.stride)
        numbers.append(self._head(architecture, channels, size))
        return numbers

    def _stage(self, at: int, stride: int, choice: StageChoice, channels: int, size: int, numbers: list[int]) -> None:
        known = self._numbers
        for width, values in choice.layers:
            key = (at, choice.candidate, values, channels, width, stride, size)
            number = known.get(key)
            if number is None:
                candidate = self.stages[at].candidate(choice.candidate)
                number = self._new(key, self.model.layer(candidate, values, channels, width, stride, size))
            numbers.append(number)
            channels, size, stride = width, size_after(size, stride), 1

    def _head(self, architecture: Architecture, channels: int, size: int) -> int:
        key = ("head", architecture.head, channels, size)
        number = self._numbers.get(key)
        if number is None:
            widths = head_widths(self.space, architecture)
            ops = head_ops(self.space.head, widths, channels, size, self.space.classes)
            number = self._new(key, total(map(op_cost, ops)))
        return number

    def _new(self, key: Key, cost: Cost) -> int:
        self._numbers[key] = len(self.found)
        self.found.append(cost)
        return self._numbers[key]
