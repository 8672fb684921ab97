"""Integer steps as onnxruntime runs them internally: quantised operators on uint8 maps in NHWC.

This is the fastest form for onnxruntime, and only onnxruntime reads it. relu and relu6 need no node, unless they cut
off more than the type's own range does. Every activation is integer: a hard sigmoid is one addition, hard swish that
and a product, swish a table of 256 entries and a product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import ModelProto

from spacelang.latency.runtimes.onnxruntime.graph import CONTRIB, OPSET, Graph, Port, grid_of, window_attributes
from spacelang.latency.runtimes.protocol import Border, Pixels
from spacelang.steps import Grid, Step, Steps
from spacelang.steps.network import GATE, HIGHEST, HSIGMOID, INPUT, SIGMOID, THREE

TO_LAST = (0, 2, 3, 1)
Operand = tuple[str, str, str]
"""The names of a map, its scale and its zero point."""


def qoperator(
    steps: Steps, border: Border = "images", *, batch: int = 1, opset: int = OPSET, pixels: Pixels | None = None
) -> ModelProto:
    """A model of quantised operators.

    With the border `images` it reads float32 batch × channels × size × size and writes float32 batch × outputs (× 1 × 1
    if the network ends in a map). With `maps` it reads and writes uint8, batch × size × size × channels. With `pixels`
    images are bytes, in the same shape, and the model normalises them.
    """
    writer = _Writer(steps)
    inputs = writer.begin(border, batch, pixels)
    for index, step in enumerate(steps.steps):
        writer.write(index, step)
    return writer.graph.model(inputs, writer.end(border, batch), opset)


class _Writer:
    """`names`: of the maps made so far, by their indices in `Step.inputs`."""

    def __init__(self, steps: Steps) -> None:
        self.graph = Graph()
        self.steps = steps
        self.names: dict[int, str] = {}

    def begin(self, border: Border, batch: int, pixels: Pixels | None) -> list[Port]:
        ports = []
        for at, given in enumerate(self.steps.inputs):
            name = f"x{at or ''}"
            maps = (batch, given.size, given.size, given.channels)
            images = (batch, given.channels, given.size, given.size)
            kind = "uint8" if border == "maps" or pixels else "float32"
            ports.append(Port(name, kind, maps if border == "maps" else images))
            name = self.graph.normalised(name, pixels) if pixels else name
            if border == "images":
                quantised = self.graph.node("QuantizeLinear", name, name, *self.graph.grid(grid_of(given)))
                name = self.graph.node("Transpose", name, quantised, perm=TO_LAST)
            self.names[INPUT - at] = name
        return ports

    def end(self, border: Border, batch: int) -> Port:
        last, made = self.names[len(self.steps.steps) - 1], self.steps.output
        flat = self.steps.flat(len(self.steps.steps) - 1)
        shape = (batch, made.channels) if flat else (batch, made.size, made.size, made.channels)
        if border == "maps":
            return Port(last, "uint8", shape)
        return Port(self.graph.node("DequantizeLinear", "y", last, *self.graph.grid(grid_of(made))), "float32", shape)

    def write(self, index: int, step: Step) -> None:
        operands = [self._operand(each) for each in step.inputs]
        name = WRITERS[step.kind](self, step, *operands)
        low, high = step.clamp
        if (low, high) != (0, HIGHEST):
            name = self.graph.node("Clip", step.name, name, *map(self.graph.constant, (np.uint8(low), np.uint8(high))))
        self.names[index] = name

    def _operand(self, index: int) -> Operand:
        return (self.names[index], *self.graph.grid(grid_of(self.steps.map(index))))

    def _contrib(self, kind: str, step: Step, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Appends an operator of onnxruntime's own, whose last inputs are the grid of the step's output."""
        inputs = (*inputs, *self.graph.grid(grid_of(step.made)))
        return self.graph.node(kind, name or step.name, *inputs, domain=CONTRIB, **attributes)

    def conv(self, step: Step, x: Operand) -> str:
        assert step.window is not None
        *weights, bias = self._weights(step)
        groups = step.made.channels if step.kind == "dwconv" else 1
        inputs = (*x, *weights, *self.graph.grid(grid_of(step.made)), bias)
        attributes = {"group": groups, "channels_last": 1, **window_attributes(step.window)}
        return self.graph.node("QLinearConv", step.name, *inputs, domain=CONTRIB, **attributes)

    def linear(self, step: Step, x: Operand) -> str:
        flat = self.graph.node("Flatten", step.name, x[0])
        return self._contrib("QGemm", step, flat, *x[1:], *self._weights(step), transB=1)

    def _weights(self, step: Step) -> tuple[str, str, str, str]:
        """Values, scales, zero points and bias."""
        assert step.weights is not None
        assert step.weights.scales is not None
        values, bias, scales = step.weights.values, step.weights.bias, step.weights.scales
        zeros = np.zeros(len(bias), np.int8)
        return tuple(map(self.graph.constant, (values, scales, zeros, bias)))  # type: ignore[return-value]

    def add(self, step: Step, x: Operand, y: Operand) -> str:
        return self._contrib("QLinearAdd", step, *x, *y)

    def multiply(self, step: Step, x: Operand, y: Operand) -> str:
        return self._contrib("QLinearMul", step, *x, *y)

    def pool(self, step: Step, x: Operand) -> str:
        return self._contrib("QLinearGlobalAveragePool", step, *x, channels_last=1)

    def average_pool(self, step: Step, x: Operand) -> str:
        assert step.window is not None
        return self._contrib("QLinearAveragePool", step, *x, channels_last=1, **window_attributes(step.window))

    def max_pool(self, step: Step, x: Operand) -> str:
        assert step.window is not None
        return self.graph.node("NhwcMaxPool", step.name, x[0], domain=CONTRIB, **window_attributes(step.window))

    def clamp(self, step: Step, x: Operand) -> str:
        """relu or relu6 by themselves: x · 1 on the grid of the output, which holds nothing below 0 or above 6."""
        return self.multiply(step, x, self._number(HIGHEST, HSIGMOID))

    def sigmoid(self, step: Step, x: Operand) -> str:
        return self._contrib("QLinearSigmoid", step, *x)

    def swish(self, step: Step, x: Operand) -> str:
        grid = self.graph.grid(SIGMOID)
        gate = self.graph.node("QLinearSigmoid", f"{step.name}.gate", *x, *grid, domain=CONTRIB)
        return self.multiply(step, x, (gate, *grid))

    def hard_sigmoid(self, step: Step, x: Operand) -> str:
        """clamp(x + 3, 0, 6) in steps of 6/255, which the next operator takes for steps of 1/255."""
        inputs = (*x, *self._number(HIGHEST, THREE), *self.graph.grid(GATE))
        return self.graph.node("QLinearAdd", f"{step.name}.gate", *inputs, domain=CONTRIB)

    def hard_swish(self, step: Step, x: Operand) -> str:
        return self.multiply(step, x, (self.hard_sigmoid(step, x), *self.graph.grid(HSIGMOID)))

    def _number(self, integer: int, grid: Grid) -> Operand:
        return (self.graph.constant(np.uint8(integer)), *self.graph.grid(grid))


WRITERS: dict[str, Callable[..., str]] = {
    "conv": _Writer.conv,
    "dwconv": _Writer.conv,
    "linear": _Writer.linear,
    "add": _Writer.add,
    "mul": _Writer.multiply,
    "pool": _Writer.pool,
    "avgpool": _Writer.average_pool,
    "maxpool": _Writer.max_pool,
    "relu": _Writer.clamp,
    "relu6": _Writer.clamp,
    "sigmoid": _Writer.sigmoid,
    "swish": _Writer.swish,
    "hsigmoid": _Writer.hard_sigmoid,
    "hswish": _Writer.hard_swish,
}
