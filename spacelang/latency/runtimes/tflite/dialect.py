"""Kernels as TFLite operators, as the models that are deployed have them.

Maps are NHWC. Integers are int8 with made-up scales; weights are int8 per output channel, biases int32. A convolution
or max pool whose symmetric padding TFLite's `SAME` can't say, as at stride 2 on even sizes, has a `PAD` before it. Mean
pools average over what lies on the map, and place their windows as `SAME` does.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tflite import ActivationFunctionType, Padding

from spacelang.language.shapes import size_after
from spacelang.latency.runtimes.protocol import Precision
from spacelang.latency.runtimes.tflite.flatbuffer import Graph, Grid, Tensor
from spacelang.latency.runtimes.walk import Weights, padding
from spacelang.networks.kernels import Kernel

ACTIVATION = Grid((6 / 255,), -128)
"""Of every map: what relu6 makes, all of it."""
SIGMOID = Grid((1 / 256,), -128)
"""The one that TFLite prescribes for the output of a sigmoid."""
FUSED = {"": "NONE", "relu": "RELU", "relu6": "RELU6"}
PLAIN = {"relu": "RELU", "relu6": "RELU6", "sigmoid": "LOGISTIC"}
"""Activations that are one operator without options."""
OHWI, IHWO = (0, 2, 3, 1), (1, 2, 3, 0)
"""The orders of the weights of a convolution and of a depthwise one, from OIHW."""
INTEGER_VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "QUANTIZE": 1, "HARD_SWISH": 1}
"""The versions of operators that take int8; of all others it is 2."""


class Arithmetic(Protocol):
    """What float32 and int8 do differently."""

    graph: Graph

    def activation(self, shape: tuple[int, ...], grid: Grid = ACTIVATION) -> Tensor:
        """A tensor that is computed."""
        ...

    def layer(self, x: Tensor, shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Weights and bias of a layer that reads `x`.

        Args:
            shape: of the weights, output channels first.
            order: in which TFLite wants these dimensions.
        """
        ...

    def number(self, value: float) -> Tensor: ...

    def lowest(self) -> NDArray[Any]:
        """The least value there is: what a max pool's padding holds."""
        ...

    def version(self, kind: str) -> int: ...


class Floats:
    def __init__(self) -> None:
        self.graph, self._weights = Graph(), Weights()

    def activation(self, shape: tuple[int, ...], grid: Grid = ACTIVATION) -> Tensor:
        return self.graph.tensor(shape, "float32")

    def layer(self, x: Tensor, shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        weights = self.graph.constant(self._weights.normal(*shape).transpose(order))
        return weights, self.graph.constant(self._weights.normal(shape[0]))

    def number(self, value: float) -> Tensor:
        return self.graph.constant(np.asarray([value], np.float32))

    def lowest(self) -> NDArray[Any]:
        return np.asarray([-np.inf], np.float32)

    def version(self, kind: str) -> int:
        return 1


class Integers:
    def __init__(self) -> None:
        self.graph, self._weights = Graph(), Weights()

    def activation(self, shape: tuple[int, ...], grid: Grid = ACTIVATION) -> Tensor:
        return self.graph.tensor(shape, "int8", grid)

    def layer(self, x: Tensor, shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        scales = self._weights.scales(*shape)
        weights = self._weights.integers(*shape).transpose(order)
        grid = Grid(tuple(scales.tolist()), 0, order.index(0))
        (scale,) = x.grid.scales if x.grid else ACTIVATION.scales
        bias = np.zeros(shape[0], np.int32)
        return self.graph.constant(weights, grid), self.graph.constant(bias, Grid(tuple((scales * scale).tolist())))

    def number(self, value: float) -> Tensor:
        return self.graph.constant(np.asarray([127], np.int8), Grid((value / 255,), -128))

    def lowest(self) -> NDArray[Any]:
        return np.asarray([-128], np.int8)

    def version(self, kind: str) -> int:
        return INTEGER_VERSIONS.get(kind, 2)


class Dialect:
    """Writes kernels into a graph of one precision."""

    def __init__(self, precision: Precision) -> None:
        self.make: Arithmetic = Integers() if precision == "int8" else Floats()

    def write(self, kernel: Kernel, inputs: tuple[Tensor, ...]) -> Tensor:
        x = inputs[0]
        if kernel.kind == "conv":
            return self._conv(x, kernel)
        if kernel.kind == "dwconv":
            return self._depthwise(x, kernel)
        if kernel.kind == "add":
            return self._operator("ADD", inputs, x.shape, "AddOptions", act=kernel.act)
        if kernel.kind == "avgpool":
            return self._pool("AVERAGE_POOL_2D", kernel, x, "SAME")
        if kernel.kind == "maxpool":
            return self._pool("MAX_POOL_2D", kernel, *self._padded(x, kernel, self.make.lowest()))
        if kernel.kind == "pool":
            return self._mean(x)
        if kernel.kind == "linear":
            return self._linear(x, kernel)
        if kernel.kind == "se":
            return self._squeeze_excite(x, kernel)
        return self._activate(x, kernel.kind)

    def _operator(
        self, kind: str, inputs: tuple[Tensor, ...], shape: tuple[int, ...], options: str = "",
        act: str | None = None, grid: Grid = ACTIVATION, **fields: Any,
    ) -> Tensor:  # fmt: skip
        if act is not None:
            fields["FusedActivationFunction"] = getattr(ActivationFunctionType, FUSED[act])
        output = self.make.activation(shape, grid)
        return self.make.graph.operator(kind, inputs, output, options, self.make.version(kind), **fields)

    def _padded(self, x: Tensor, kernel: Kernel, by: NDArray[Any] | None = None) -> tuple[Tensor, str]:
        """The map, padded where `SAME` would pad otherwise, by zeros or else; and the padding that is left to say."""
        size, out = kernel.size, size_after(kernel.size, kernel.stride)
        begin, end = padding(kernel)
        whole = max(0, (out - 1) * kernel.stride + kernel.kernel - size)
        if (begin, end) == (whole // 2, whole - whole // 2):
            return x, "SAME"
        pads = np.asarray([(0, 0), (begin, end), (begin, end), (0, 0)], np.int32)
        shape = (1, size + begin + end, size + begin + end, x.shape[3])
        inputs = (x, self.make.graph.constant(pads))
        if by is None:
            return self._operator("PAD", inputs, shape, "PadOptions"), "VALID"
        filled = (*inputs, self.make.graph.constant(by, x.grid))
        return self._operator("PADV2", filled, shape, "PadV2Options"), "VALID"

    def _conv(self, x: Tensor, kernel: Kernel) -> Tensor:
        padded, pads = self._padded(x, kernel)
        shape = (kernel.channels_out, kernel.channels_in, kernel.kernel, kernel.kernel)
        weights, bias = self.make.layer(padded, shape, OHWI)
        return self._operator(
            "CONV_2D", (padded, weights, bias), _map(kernel), "Conv2DOptions", act=kernel.act,
            Padding=getattr(Padding, pads), DilationHFactor=1, DilationWFactor=1, **_strides(kernel),
        )  # fmt: skip

    def _depthwise(self, x: Tensor, kernel: Kernel) -> Tensor:
        padded, pads = self._padded(x, kernel)
        weights, bias = self.make.layer(padded, (kernel.channels_out, 1, kernel.kernel, kernel.kernel), IHWO)
        return self._operator(
            "DEPTHWISE_CONV_2D", (padded, weights, bias), _map(kernel), "DepthwiseConv2DOptions", act=kernel.act,
            Padding=getattr(Padding, pads), DepthMultiplier=1, DilationHFactor=1, DilationWFactor=1, **_strides(kernel),
        )  # fmt: skip

    def _pool(self, kind: str, kernel: Kernel, x: Tensor, pads: str) -> Tensor:
        return self._operator(
            kind, (x,), _map(kernel), "Pool2DOptions", act="", Padding=getattr(Padding, pads),
            FilterHeight=kernel.kernel, FilterWidth=kernel.kernel, **_strides(kernel),
        )  # fmt: skip

    def _mean(self, x: Tensor) -> Tensor:
        axes = self.make.graph.constant(np.asarray([1, 2], np.int32))
        return self._operator("MEAN", (x, axes), (1, 1, 1, x.shape[3]), "ReducerOptions", KeepDims=True)

    def _linear(self, x: Tensor, kernel: Kernel) -> Tensor:
        inputs = (x, *self.make.layer(x, (kernel.channels_out, kernel.channels_in), (0, 1)))
        return self._operator("FULLY_CONNECTED", inputs, (1, kernel.channels_out), "FullyConnectedOptions", act="")

    def _squeeze_excite(self, x: Tensor, kernel: Kernel) -> Tensor:
        channels = kernel.channels_in
        squeezed = self._conv(self._mean(x), Kernel("conv", channels, kernel.squeeze, 1, act="relu"))
        excited = self._conv(squeezed, Kernel("conv", kernel.squeeze, channels, 1))
        return self._multiply(x, self._activate(excited, "hsigmoid"))

    def _multiply(self, x: Tensor, y: Tensor, grid: Grid = ACTIVATION) -> Tensor:
        return self._operator("MUL", (x, y), x.shape, "MulOptions", act="", grid=grid)

    def _activate(self, x: Tensor, act: str) -> Tensor:
        """An activation that is a kernel of its own."""
        if act == "swish":
            return self._multiply(x, self._activate(x, "sigmoid"))
        if act == "hswish":
            return self._operator("HARD_SWISH", (x,), x.shape, "HardSwishOptions")
        if act == "hsigmoid":
            shifted = self._operator("ADD", (x, self.make.number(3)), x.shape, "AddOptions", act="relu6")
            return self._multiply(shifted, self.make.number(1 / 6), SIGMOID)
        grid = SIGMOID if act == "sigmoid" else ACTIVATION
        return self._operator(PLAIN[act], (x,), x.shape, grid=grid)


def _map(kernel: Kernel) -> tuple[int, ...]:
    size = size_after(kernel.size, kernel.stride)
    return (1, size, size, kernel.channels_out)


def _strides(kernel: Kernel) -> dict[str, Any]:
    return {"StrideH": kernel.stride, "StrideW": kernel.stride}
