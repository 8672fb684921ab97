"""Kernels and whole networks as ONNX graphs, with random weights: a latency doesn't depend on their values.

The two dialects hold the same kernels. `Integer` writes what onnxruntime makes of a quantised network inside: quantised
operators on uint8 in NHWC, with signed 8-bit weights per channel and made-up scales. `Float` writes float32 in NCHW,
which onnxruntime fuses and lays out itself.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from spacelang import ir
from spacelang.latency.runtimes.protocol import Precision
from spacelang.latency.runtimes.walk import Weights, padding, write_network
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel

OPSET = 17
IR_VERSION = 9
CONTRIB = "com.microsoft"
SCALE = np.float32(6 / 255)
"""Of every activation: with the zero point 0, saturation is the clamp of relu6, and costs as much as that of relu."""


class Graph:
    """Nodes and weights on the way to a model."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        self._random = Weights()

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def normal(self, *shape: int) -> str:
        return self.constant(self._random.normal(*shape))

    def integers(self, *shape: int) -> tuple[str, str, str]:
        """Weights, with their scales and zero points."""
        zeros = self.constant(np.zeros(shape[0], np.int8))
        return self.constant(self._random.integers(*shape)), self.constant(self._random.scales(*shape)), zeros

    def model(self, output: str, shape: tuple[int, ...], kind: int) -> ModelProto:
        """The finished model; its input is named `x`."""
        graph = helper.make_graph(
            self._nodes,
            "spacelang",
            [helper.make_tensor_value_info("x", kind, shape)],
            [helper.make_empty_tensor_value_info(output)],
            self._weights,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


class Dialect(Protocol):
    """How kernels are written in one precision."""

    graph: Graph

    def write(self, kernel: Kernel, inputs: tuple[str, ...]) -> str:
        """Adds a kernel; the name of its output."""
        ...

    def begin(self) -> str:
        """From the network's float32 NCHW input to the first kernel's."""
        ...

    def end(self, value: str) -> str:
        """From the last kernel's output to the network's."""
        ...

    def kernel_input(self, kernel: Kernel) -> tuple[tuple[int, ...], int]:
        """Shape and ONNX type of what a kernel reads inside a network."""
        ...


class Float:
    def __init__(self) -> None:
        self.graph = Graph()

    def begin(self) -> str:
        return "x"

    def end(self, value: str) -> str:
        return value

    def kernel_input(self, kernel: Kernel) -> tuple[tuple[int, ...], int]:
        return (1, kernel.channels_in, kernel.size, kernel.size), TensorProto.FLOAT

    def write(self, kernel: Kernel, inputs: tuple[str, ...]) -> str:
        node, (x, *_) = self.graph.node, inputs
        if kernel.kind in ("conv", "dwconv"):
            x = self._conv(x, kernel.channels_in, kernel.channels_out, kernel.kind == "dwconv", **window(kernel))
        elif kernel.kind == "add":
            x = node("Add", *inputs)
        elif kernel.kind == "avgpool":
            x = node("AveragePool", x, **window(kernel))
        elif kernel.kind == "maxpool":
            x = node("MaxPool", x, **window(kernel))
        elif kernel.kind == "pool":
            x = node("GlobalAveragePool", x)
        elif kernel.kind == "linear":
            weights = self.graph.normal(kernel.channels_out, kernel.channels_in)
            x = node("Gemm", node("Flatten", x), weights, self.graph.normal(kernel.channels_out), transB=1)
        elif kernel.kind == "se":
            x = self._squeeze_excite(x, kernel)
        else:
            x = self._activate(x, kernel.kind)
        return self._activate(x, kernel.act) if kernel.act else x

    def _conv(self, x: str, channels_in: int, channels_out: int, depthwise: bool = False, **attributes: Any) -> str:
        (size, _), groups = attributes.setdefault("kernel_shape", (1, 1)), channels_in if depthwise else 1
        weights = self.graph.normal(channels_out, channels_in // groups, size, size)
        return self.graph.node("Conv", x, weights, self.graph.normal(channels_out), group=groups, **attributes)

    def _squeeze_excite(self, x: str, kernel: Kernel) -> str:
        squeezed = self._conv(self.graph.node("GlobalAveragePool", x), kernel.channels_in, kernel.squeeze)
        excited = self._conv(self._activate(squeezed, "relu"), kernel.squeeze, kernel.channels_in)
        return self.graph.node("Mul", x, self._activate(excited, "hsigmoid"))

    def _activate(self, x: str, act: str) -> str:
        node = self.graph.node
        if act == "relu":
            return node("Relu", x)
        if act == "relu6":
            return node("Clip", x, *map(self.graph.constant, (np.float32(0), np.float32(6))))
        if act == "hswish":
            return node("HardSwish", x)
        if act == "hsigmoid":
            return node("HardSigmoid", x, alpha=1 / 6)
        sigmoid = node("Sigmoid", x)
        return node("Mul", x, sigmoid) if act == "swish" else sigmoid


class Integer:
    def __init__(self) -> None:
        self.graph = Graph()
        self.scale = (self.graph.constant(SCALE), self.graph.constant(np.uint8(0)))

    def begin(self) -> str:
        return self.graph.node("Transpose", self._quantise("x"), perm=[0, 2, 3, 1])

    def end(self, value: str) -> str:
        return self._dequantise(value)

    def kernel_input(self, kernel: Kernel) -> tuple[tuple[int, ...], int]:
        return (1, kernel.size, kernel.size, kernel.channels_in), TensorProto.UINT8

    def write(self, kernel: Kernel, inputs: tuple[str, ...]) -> str:
        """A fused activation adds nothing: it is the saturation of the output."""
        x = inputs[0]
        if kernel.kind in ("conv", "dwconv"):
            return self._conv(x, kernel.channels_in, kernel.channels_out, kernel.kind == "dwconv", **window(kernel))
        if kernel.kind == "add":
            return self._binary("QLinearAdd", *inputs)
        if kernel.kind == "avgpool":
            return self._contrib("QLinearAveragePool", x, channels_last=1, **window(kernel))
        if kernel.kind == "maxpool":
            return self.graph.node("NhwcMaxPool", x, domain=CONTRIB, **window(kernel))
        if kernel.kind == "pool":
            return self._contrib("QLinearGlobalAveragePool", x, channels_last=1)
        if kernel.kind == "linear":
            return self._linear(x, kernel.channels_in, kernel.channels_out)
        if kernel.kind == "se":
            return self._squeeze_excite(x, kernel)
        return self._activate(x, kernel.kind)

    def _quantise(self, x: str) -> str:
        return self.graph.node("QuantizeLinear", x, *self.scale)

    def _dequantise(self, x: str) -> str:
        return self.graph.node("DequantizeLinear", x, *self.scale)

    def _contrib(self, kind: str, x: str, **attributes: Any) -> str:
        return self.graph.node(kind, x, *self.scale, *self.scale, domain=CONTRIB, **attributes)

    def _binary(self, kind: str, first: str, second: str) -> str:
        return self.graph.node(kind, first, *self.scale, second, *self.scale, *self.scale, domain=CONTRIB)

    def _bias(self, channels: int) -> str:
        return self.graph.constant(np.zeros(channels, np.int32))

    def _conv(self, x: str, channels_in: int, channels_out: int, depthwise: bool = False, **attributes: Any) -> str:
        (size, _), groups = attributes.setdefault("kernel_shape", (1, 1)), channels_in if depthwise else 1
        weights = self.graph.integers(channels_out, channels_in // groups, size, size)
        inputs = (x, *self.scale, *weights, *self.scale, self._bias(channels_out))
        return self.graph.node("QLinearConv", *inputs, domain=CONTRIB, group=groups, channels_last=1, **attributes)

    def _linear(self, x: str, channels_in: int, channels_out: int) -> str:
        flat = self.graph.node("Flatten", x)
        weights = self.graph.integers(channels_out, channels_in)
        inputs = (flat, *self.scale, *weights, self._bias(channels_out), *self.scale)
        return self.graph.node("QGemm", *inputs, domain=CONTRIB, transB=1)

    def _squeeze_excite(self, x: str, kernel: Kernel) -> str:
        mean = self._contrib("QLinearGlobalAveragePool", x, channels_last=1)
        squeezed = self._conv(mean, kernel.channels_in, kernel.squeeze)
        excited = self._conv(squeezed, kernel.squeeze, kernel.channels_in)
        return self._binary("QLinearMul", x, self._activate(excited, "hsigmoid"))

    def _activate(self, x: str, act: str) -> str:
        """An activation that is a kernel of its own. The hard ones have no integer operator in onnxruntime."""
        if act in ("relu", "relu6"):
            return self.graph.node("Clip", x, *map(self.graph.constant, (np.uint8(0), np.uint8(255))))
        if act == "hswish":
            return self._quantise(self.graph.node("HardSwish", self._dequantise(x)))
        if act == "hsigmoid":
            return self._quantise(self.graph.node("HardSigmoid", self._dequantise(x), alpha=1 / 6))
        sigmoid = self._contrib("QLinearSigmoid", x)
        return self._binary("QLinearMul", x, sigmoid) if act == "swish" else sigmoid


def dialect(precision: Precision) -> Dialect:
    return Integer() if precision == "int8" else Float()


def window(kernel: Kernel) -> dict[str, Any]:
    """Attributes of a convolution or pool."""
    begin, end = padding(kernel)
    square = {"kernel_shape": kernel.kernel, "strides": kernel.stride}
    return {**{name: (value, value) for name, value in square.items()}, "pads": (begin, begin, end, end)}


def kernel_model(kernel: Kernel, precision: Precision) -> ModelProto:
    """A kernel alone, with inputs and outputs as it has them inside a network. An addition adds its input to itself."""
    made = dialect(precision)
    output = made.write(kernel, ("x", "x"))
    return made.graph.model(output, *made.kernel_input(kernel))


def network_model(space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> ModelProto:
    """A whole network; its input is 1×channels×resolution×resolution in float32.

    Raises: ShapeError: as `spacelang.network.layers`.
    """
    made = dialect(precision)
    value = write_network(made, space, architecture, made.begin())
    shape = (1, space.channels, architecture.resolution, architecture.resolution)
    return made.graph.model(made.end(value), shape, TensorProto.FLOAT)
