"""Integer steps in the portable form of ONNX: float operators between QuantizeLinear and DequantizeLinear, in NCHW.

Only operators of the standard are used, so any runtime reads it; one that knows the form computes in integers, and
onnxruntime turns it into what `qoperator` writes. A clamp that the grid doesn't make stands between the two, in
integers: before them, onnxruntime would leave the convolution in float.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import ModelProto

from spacelang.latency.runtimes.onnxruntime.graph import OPSET, Graph, Port, grid_of, plain, window_attributes, windowed
from spacelang.latency.runtimes.protocol import Border, Pixels
from spacelang.steps import Grid, Step, Steps
from spacelang.steps.network import GATE, HIGHEST, HSIGMOID, INPUT, SIGMOID, THREE


def qdq(
    steps: Steps, border: Border = "images", *, batch: int = 1, opset: int = OPSET, pixels: Pixels | None = None
) -> ModelProto:
    """A model in QDQ form.

    With the border `images` it reads float32 batch × channels × size × size, and writes float32 batch × outputs, or
    maps if the network ends in one. With `maps` it reads and writes uint8 in the same shapes. With `pixels` images are
    bytes, and the model normalises them.
    """
    writer = _Writer(steps)
    inputs = writer.begin(border, batch, pixels)
    for index, step in enumerate(steps.steps):
        writer.write(index, step)
    return writer.graph.model(inputs, writer.end(border, batch), opset)


class _Writer:
    """`integers`: the maps made so far, by their indices in `Step.inputs`; `floats`: the same, dequantised."""

    def __init__(self, steps: Steps) -> None:
        self.graph = Graph()
        self.steps = steps
        self.integers: dict[int, str] = {}
        self.floats: dict[int, str] = {}

    def begin(self, border: Border, batch: int, pixels: Pixels | None) -> list[Port]:
        ports = []
        for at, given in enumerate(self.steps.inputs):
            name = f"x{at or ''}"
            shape = (batch, given.channels, given.size, given.size)
            ports.append(Port(name, "uint8" if border == "maps" or pixels else "float32", shape))
            value = self.graph.normalised(name, pixels) if pixels else name
            self.integers[INPUT - at] = name if border == "maps" else self._quantise(name, value, grid_of(given))
            self.floats[INPUT - at] = self._dequantise(name, self.integers[INPUT - at], grid_of(given))
        return ports

    def end(self, border: Border, batch: int) -> Port:
        last, made = len(self.steps.steps) - 1, self.steps.output
        shape = (batch, made.channels) if self.steps.flat(last) else (batch, made.channels, made.size, made.size)
        if border == "maps":
            return Port(self.integers[last], "uint8", shape)
        return Port(self.floats[last], "float32", shape)

    def write(self, index: int, step: Step) -> None:
        computed = WRITERS[step.kind](self, step, *(self.floats[each] for each in step.inputs))
        grid = grid_of(step.made)
        # A hard sigmoid's integers are those of clamp(x + 3, 0, 6), read with a sixth of the scale.
        name = self._quantise(step.name, computed, GATE if step.kind == "hsigmoid" else grid)
        low, high = step.clamp
        if (low, high) != (0, HIGHEST):
            name = self.graph.node("Clip", step.name, name, *map(self.graph.constant, (np.uint8(low), np.uint8(high))))
        self.integers[index], self.floats[index] = name, self._dequantise(step.name, name, grid)

    def conv(self, step: Step, x: str) -> str:
        assert step.window is not None
        attributes = {"group": step.made.channels if step.kind == "dwconv" else 1, **window_attributes(step.window)}
        return self.graph.node("Conv", step.name, x, *self._weights(step), **attributes)

    def linear(self, step: Step, x: str) -> str:
        """The flattened map is quantised again: otherwise onnxruntime would compute the product in float."""
        (read,) = self.steps.read(step)
        flat = self.graph.node("Flatten", step.name, x)
        name = f"{step.name}.flat"
        again = self._dequantise(name, self._quantise(name, flat, grid_of(read)), grid_of(read))
        return self.graph.node("Gemm", step.name, again, *self._weights(step), transB=1)

    def _weights(self, step: Step) -> tuple[str, str]:
        assert step.weights is not None
        assert step.weights.scales is not None
        (read,) = self.steps.read(step)
        values, bias, scales = step.weights.values, step.weights.bias, step.weights.scales
        products = np.float32(grid_of(read).scale) * scales
        zeros = np.zeros(len(bias), np.int8), np.zeros(len(bias), np.int32)
        weight, offset = (
            self.graph.node("DequantizeLinear", f"{step.name}.{name}", *map(self.graph.constant, parts), axis=0)
            for name, parts in (("weight", (values, scales, zeros[0])), ("bias", (bias, products, zeros[1])))
        )
        return weight, offset

    def clamp(self, step: Step, x: str) -> str:
        """relu or relu6 by themselves: x · 1, clamped by the grid of the output."""
        return self.graph.node("Mul", step.name, x, self._number(f"{step.name}.one", HSIGMOID))

    def swish(self, step: Step, x: str) -> str:
        name = f"{step.name}.gate"
        sigmoid = self._quantise(name, self.graph.node("Sigmoid", name, x), SIGMOID)
        return self.graph.node("Mul", step.name, x, self._dequantise(name, sigmoid, SIGMOID))

    def hard_sigmoid(self, step: Step, x: str) -> str:
        return self._plus_three(step.name, x)

    def hard_swish(self, step: Step, x: str) -> str:
        name = f"{step.name}.gate"
        gate = self._dequantise(name, self._quantise(name, self._plus_three(name, x), GATE), HSIGMOID)
        return self.graph.node("Mul", step.name, x, gate)

    def _plus_three(self, name: str, x: str) -> str:
        return self.graph.node("Add", name, x, self._number(f"{name}.three", THREE))

    def _number(self, name: str, grid: Grid) -> str:
        """The largest number on a grid."""
        return self.graph.node("DequantizeLinear", name, self.graph.constant(np.uint8(HIGHEST)), *self.graph.grid(grid))

    def _quantise(self, name: str, x: str, grid: Grid) -> str:
        return self.graph.node("QuantizeLinear", name, x, *self.graph.grid(grid))

    def _dequantise(self, name: str, x: str, grid: Grid) -> str:
        return self.graph.node("DequantizeLinear", name, x, *self.graph.grid(grid))


WRITERS: dict[str, Callable[..., str]] = {
    "conv": _Writer.conv,
    "dwconv": _Writer.conv,
    "linear": _Writer.linear,
    "add": plain("Add"),
    "mul": plain("Mul"),
    "pool": plain("GlobalAveragePool"),
    "avgpool": windowed("AveragePool"),
    "maxpool": windowed("MaxPool"),
    "relu": _Writer.clamp,
    "relu6": _Writer.clamp,
    "sigmoid": plain("Sigmoid"),
    "swish": _Writer.swish,
    "hsigmoid": _Writer.hard_sigmoid,
    "hswish": _Writer.hard_swish,
}
