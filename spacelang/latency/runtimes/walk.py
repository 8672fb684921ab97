"""What the graphs of all runtimes share: the walk over a network's kernels, and their padding and weights.

A runtime's dialect says how one kernel is written; nothing here knows a file format. Weights are random, for a latency
doesn't depend on their values, and are drawn in the order of the kernels: networks of one architecture hold the same
weights in every runtime.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel, nodes_of
from spacelang.networks.network import INPUT, layers

SEED = 0
Value = TypeVar("Value")


class Writer(Protocol[Value]):
    """Adds kernels to a graph; `Value` is what stands for a tensor there."""

    def write(self, kernel: Kernel, inputs: tuple[Value, ...]) -> Value:
        """Adds a kernel; its output."""
        ...


def write_network(writer: Writer[Value], space: ir.SearchSpace, architecture: Architecture, value: Value) -> Value:
    """Adds all kernels of a network that begins with `value`; the last output.

    Raises: ShapeError: as `layers`.
    """
    for layer in layers(space, architecture):
        values = {INPUT: value}
        nodes, output = nodes_of(layer.ops)
        for index, (kernel, inputs) in enumerate(nodes):
            values[index] = writer.write(kernel, tuple(values[each] for each in inputs))
        value = values[output]
    return value


def padding(kernel: Kernel) -> tuple[int, int]:
    """Pixels that a convolution or pool adds before and behind its map.

    Odd kernels are padded on both sides; even ones only where their last window would be partial.
    """
    if kernel.kernel % 2:
        return kernel.kernel // 2, kernel.kernel // 2
    return 0, size_after(kernel.size, kernel.stride) * kernel.stride - kernel.size


class Weights:
    """Random weights, with the output channels in front."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(SEED)

    def normal(self, *shape: int) -> NDArray[Any]:
        """Float weights whose products keep the magnitude of what they multiply."""
        spread = np.float32(max(1, math.prod(shape[1:])) ** -0.5)
        return self._rng.standard_normal(shape, np.float32) * spread

    def integers(self, *shape: int) -> NDArray[Any]:
        return self._rng.integers(-127, 128, shape, np.int8)

    def scales(self, *shape: int) -> NDArray[Any]:
        """Of integer weights of this shape, one for each output channel."""
        return np.full(shape[0], 0.02 * max(1, math.prod(shape[1:])) ** -0.5, np.float32)
