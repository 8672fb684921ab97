"""Kernels and architectures as steps with made-up numbers, for timing: a latency doesn't depend on their values.

Weights are random, and drawn in the order of the steps. Grids are like those of trained networks: zero points are 0
after relu, relu6 and gates, and inside the range elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel, nodes_of
from spacelang.networks.network import layers
from spacelang.steps.network import (
    GATE,
    HSIGMOID,
    INPUT,
    SIGMOID,
    Grid,
    Map,
    Precision,
    Step,
    StepKind,
    Steps,
    Weights,
    Window,
)

SEED = 0
SIGNED = Grid(float(np.float32(12 / 255)), 128)
"""The zero point of outputs on both sides of zero."""
SWISHED = Grid(float(np.float32(6.375 / 255)), 15)
"""The zero points of swish and hard swish, whose least values are -0.28 and -0.375."""
GRIDS = {"relu": GATE, "relu6": GATE, "sigmoid": SIGMOID, "hsigmoid": HSIGMOID, "swish": SWISHED, "hswish": SWISHED}
KEEPING_GRID = frozenset({"pool", "maxpool", "mul"})
"""Operators whose outputs have the grid of their first input."""


def kernel_steps(kernel: Kernel, precision: Precision) -> Steps:
    """The steps of a single kernel. An addition adds its input to itself."""
    maker = _Maker(Map(kernel.channels_in, kernel.size, GATE), precision)
    maker.write("kernel", kernel, (INPUT,) * (2 if kernel.kind == "add" else 1))
    return maker.steps()


def network_steps(space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> Steps:
    """The steps of a whole network.

    Raises: ShapeError: as `spacelang.networks.network.layers`.
    """
    maker = _Maker(Map(space.channels, architecture.resolution, SIGNED), precision)
    entry = INPUT
    for layer in layers(space, architecture):
        made = {INPUT: entry}
        nodes, output = nodes_of(layer.ops)
        for index, (kernel, inputs) in enumerate(nodes):
            made[index] = maker.write(f"{layer.name}.{index}", kernel, tuple(made[each] for each in inputs))
        entry = made[output]
    return maker.steps()


def padding(kernel: Kernel) -> tuple[int, int]:
    """Pixels that a convolution or pool adds before and after its map.

    Odd kernels are padded on both sides; even ones only if their last window would be partial.
    """
    if kernel.kernel % 2:
        return kernel.kernel // 2, kernel.kernel // 2
    return 0, size_after(kernel.size, kernel.stride) * kernel.stride - kernel.size


class _Maker:
    """Appends the steps of kernels."""

    def __init__(self, given: Map, precision: Precision) -> None:
        self._integer = precision == "int8"
        self._given = given if self._integer else given._replace(grid=None)
        self._steps: list[Step] = []
        self._rng = np.random.default_rng(SEED)

    def steps(self) -> Steps:
        return Steps((self._given,), tuple(self._steps))

    def write(self, name: str, kernel: Kernel, inputs: tuple[int, ...]) -> int:
        """Appends a kernel; returns the index of its last step."""
        if kernel.kind == "se":
            return self._squeeze_excite(name, kernel, inputs[0])
        weights = window = None
        size = 1 if kernel.kind in ("pool", "linear") else size_after(kernel.size, kernel.stride)
        if kernel.kind in ("conv", "dwconv", "avgpool", "maxpool"):
            window = Window(kernel.kernel, kernel.stride, *padding(kernel))
        if kernel.kind in ("conv", "dwconv"):
            incoming = 1 if kernel.kind == "dwconv" else kernel.channels_in
            weights = self._weights(kernel.channels_out, incoming, kernel.kernel, kernel.kernel)
        elif kernel.kind == "linear":
            weights = self._weights(kernel.channels_out, kernel.channels_in)
        return self._append(kernel.kind, name, inputs, kernel.channels_out, size, kernel.act, window, weights)  # type: ignore[arg-type]

    def _squeeze_excite(self, name: str, kernel: Kernel, x: int) -> int:
        channels, squeeze = kernel.channels_in, kernel.squeeze
        mean = self.write(f"{name}.pool", Kernel("pool", channels, channels, kernel.size), (x,))
        squeezed = self.write(f"{name}.reduce", Kernel("conv", channels, squeeze, 1, act="relu"), (mean,))
        excited = self.write(f"{name}.expand", Kernel("conv", squeeze, channels, 1), (squeezed,))
        gate = self.write(f"{name}.gate", Kernel("hsigmoid", channels, channels, 1), (excited,))
        return self._append("mul", f"{name}.mul", (x, gate), channels, kernel.size)

    def _append(
        self,
        kind: StepKind,
        name: str,
        inputs: tuple[int, ...],
        channels: int,
        size: int,
        act: str = "",
        window: Window | None = None,
        weights: Weights | None = None,
    ) -> int:
        read = self._steps[inputs[0]].made if inputs[0] >= 0 else self._given
        grid = read.grid if kind in KEEPING_GRID else GRIDS.get(act or kind, SIGNED)
        made = Map(channels, size, grid if self._integer else None)
        self._steps.append(Step(kind, name, inputs, made, act, window, weights))
        return len(self._steps) - 1

    def _weights(self, *shape: int) -> Weights:
        """Weights whose outputs have about the same magnitude as their inputs."""
        spread = np.float32(max(1, math.prod(shape[1:])) ** -0.5)
        if not self._integer:
            return Weights(self._normal(*shape) * spread, self._normal(shape[0]))
        values = self._rng.integers(-127, 128, shape, np.int8)
        return Weights(values, np.zeros(shape[0], np.int32), np.full(shape[0], 0.02 * spread, np.float32))

    def _normal(self, *shape: int) -> NDArray[np.float32]:
        return self._rng.standard_normal(shape, np.float32)
