"""Steps as a TFLite model.

Maps are NHWC, int8: the uint8 of a step less 128, on the same scale. Weights are int8 per output channel, biases int32.
A convolution or max pool whose symmetric padding TFLite's `SAME` can't say, as at stride 2 on even sizes, has a `PAD`
before it. relu and relu6 are fused into the operator before them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from tflite import ActivationFunctionType, Padding

from spacelang.latency.runtimes.protocol import Border, Pixels
from spacelang.latency.runtimes.tflite import flatbuffer
from spacelang.latency.runtimes.tflite.flatbuffer import Graph, Tensor
from spacelang.steps import INPUT, Grid, Map, Step, Steps, Weights, Window
from spacelang.steps.network import GATE, HIGHEST, HSIGMOID, SIGMOID, THREE

SIXTH = Grid(float(np.float32(1 / 6 / HIGHEST)))
"""On this grid, 255 is 1/6."""
LARGEST_WEIGHT = 127
FUSED = {"": "NONE", "relu": "RELU", "relu6": "RELU6"}
OHWI, IHWO = (0, 2, 3, 1), (1, 2, 3, 0)
"""The orders of the weights of a convolution and of a depthwise one, from OIHW."""
LOWEST = {"int8": -128, "float32": -np.inf}
"""What a max pool's padding holds."""
INTEGER_VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "QUANTIZE": 1, "HARD_SWISH": 1}
"""The versions of operators that take int8; all others have version 2. Those that take float32 have version 1."""


def tflite_model(
    steps: Steps,
    border: Border = "images",
    *,
    pixels: Pixels | None = None,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """A TFLite model for one image.

    With the border `images` it reads and writes float32, 1 × size × size × channels; with `maps` int8, or float32 where
    the steps are float. With `pixels` it reads bytes, and normalises them.
    """
    writer = _Writer(steps)
    inputs = writer.begin(border, pixels)
    for index, step in enumerate(steps.steps):
        writer.write(index, step)
    return writer.graph.model(inputs, writer.end(border), metadata or {})


class _Writer:
    """`tensors`: the maps made so far, by their indices in `Step.inputs`."""

    def __init__(self, steps: Steps) -> None:
        self.graph = Graph()
        self.steps = steps
        self.integer = steps.precision == "int8"
        self.tensors: dict[int, Tensor] = {}

    def begin(self, border: Border, pixels: Pixels | None) -> list[Tensor]:
        given = []
        for at, each in enumerate(self.steps.inputs):
            shape = (1, each.size, each.size, each.channels)
            floats = border == "images" and (self.integer or pixels is not None)
            given.append(self._image(shape, pixels) if floats else (self._map(shape, each.grid),) * 2)
            tensor = given[at][1]
            if floats and self.integer:
                tensor = self._map(shape, each.grid)
                self.graph.operator("QUANTIZE", [given[at][1]], tensor, "QuantizeOptions", self._version("QUANTIZE"))
            self.tensors[INPUT - at] = tensor
        return [each for each, _ in given]

    def _image(self, shape: tuple[int, ...], pixels: Pixels | None) -> tuple[Tensor, Tensor]:
        """The input of the model, and the floats that it stands for."""
        if pixels is None:
            return (self.graph.tensor(shape, "float32"),) * 2
        given, value = self.graph.tensor(shape, "uint8"), self.graph.tensor(shape, "float32")
        self.graph.operator("CAST", [given], value)
        for kind, numbers in (("MUL", pixels.factors), ("ADD", pixels.offsets)):
            inputs, made = [value, self.graph.constant(numbers)], self.graph.tensor(shape, "float32")
            value = self.graph.operator(kind, inputs, made, f"{kind.title()}Options", FusedActivationFunction=0)
        return given, value

    def end(self, border: Border) -> Tensor:
        last = self.tensors[len(self.steps.steps) - 1]
        if border == "maps" or not self.integer:
            return last
        made = self.graph.tensor(last.shape, "float32")
        return self.graph.operator("DEQUANTIZE", [last], made, "DequantizeOptions", self._version("DEQUANTIZE"))

    def write(self, index: int, step: Step) -> None:
        inputs = [self.tensors[each] for each in step.inputs]
        self.tensors[index] = WRITERS[step.kind](self, step, *inputs)

    def conv(self, step: Step, x: Tensor) -> Tensor:
        assert step.window is not None
        padded, pads = self._padded(x, step.window, _shape(step.made)[1])
        return self._operator(
            "CONV_2D", [padded, *self._weights(step, OHWI)], _shape(step.made), step.made.grid, "Conv2DOptions",
            act=step.act, Padding=pads, DilationHFactor=1, DilationWFactor=1, **_strides(step.window),
        )  # fmt: skip

    def depthwise(self, step: Step, x: Tensor) -> Tensor:
        assert step.window is not None
        padded, pads = self._padded(x, step.window, _shape(step.made)[1])
        return self._operator(
            "DEPTHWISE_CONV_2D", [padded, *self._weights(step, IHWO)], _shape(step.made), step.made.grid,
            "DepthwiseConv2DOptions", act=step.act, Padding=pads, DepthMultiplier=1, DilationHFactor=1,
            DilationWFactor=1, **_strides(step.window),
        )  # fmt: skip

    def linear(self, step: Step, x: Tensor) -> Tensor:
        inputs = [x, *self._weights(step, (0, 1))]
        shape = (1, step.made.channels)
        return self._operator("FULLY_CONNECTED", inputs, shape, step.made.grid, "FullyConnectedOptions", act="")

    def add(self, step: Step, x: Tensor, y: Tensor) -> Tensor:
        return self._operator("ADD", [x, y], x.shape, step.made.grid, "AddOptions", act=step.act)

    def multiply(self, step: Step, x: Tensor, y: Tensor) -> Tensor:
        return self._operator("MUL", [x, y], x.shape, step.made.grid, "MulOptions", act="")

    def pool(self, step: Step, x: Tensor) -> Tensor:
        inputs = [x, self.graph.constant(np.asarray([1, 2], np.int32))]
        return self._operator("MEAN", inputs, _shape(step.made), step.made.grid, "ReducerOptions", KeepDims=True)

    def average_pool(self, step: Step, x: Tensor) -> Tensor:
        """TFLite's pool keeps the grid of its input. Where the windows are whole, a convolution takes the mean."""
        (read,) = self.steps.read(step)
        if not self.integer or read.grid == step.made.grid:
            return self._window("AVERAGE_POOL_2D", step, x, Padding.SAME, step.made.grid)
        assert step.window is not None
        if step.window.before == step.window.after == 0 and read.size % step.window.stride == 0:
            return self.depthwise(replace(step, weights=_mean(step.window.kernel, read.channels)), x)
        pooled = self._window("AVERAGE_POOL_2D", step, x, Padding.SAME, read.grid)
        return self._operator("QUANTIZE", [pooled], pooled.shape, step.made.grid, "QuantizeOptions")

    def max_pool(self, step: Step, x: Tensor) -> Tensor:
        assert step.window is not None
        padded, pads = self._padded(x, step.window, _shape(step.made)[1], LOWEST[x.dtype])
        return self._window("MAX_POOL_2D", step, padded, pads, step.made.grid)

    def _window(self, kind: str, step: Step, x: Tensor, pads: int, grid: Grid | None) -> Tensor:
        assert step.window is not None
        return self._operator(
            kind, [x], _shape(step.made), grid, "Pool2DOptions", act="", Padding=pads,
            FilterHeight=step.window.kernel, FilterWidth=step.window.kernel, **_strides(step.window),
        )  # fmt: skip

    def clamp(self, step: Step, x: Tensor) -> Tensor:
        """relu or relu6 by themselves; in integers x · 1 on the grid of the output, which holds nothing else."""
        if not self.integer:
            return self._operator(step.kind.upper(), [x], x.shape, None)
        return self.multiply(step, x, self._number(1, HSIGMOID))

    def sigmoid(self, step: Step, x: Tensor) -> Tensor:
        return self._operator("LOGISTIC", [x], x.shape, step.made.grid)

    def swish(self, step: Step, x: Tensor) -> Tensor:
        gate = self._operator("LOGISTIC", [x], x.shape, SIGMOID)
        return self.multiply(step, x, gate)

    def hard_swish(self, step: Step, x: Tensor) -> Tensor:
        """In integers x times its hard sigmoid: XNNPACK has no integer HARD_SWISH, and TFLite's own is slow on x86."""
        if not self.integer:
            return self._operator("HARD_SWISH", [x], x.shape, None, "HardSwishOptions")
        return self.multiply(step, x, self._gate(x))

    def hard_sigmoid(self, step: Step, x: Tensor) -> Tensor:
        return self._gate(x)

    def _gate(self, x: Tensor) -> Tensor:
        """clamp(x + 3, 0, 6) · 1/6. The product keeps the integers, and gives them another scale."""
        clamped = self._operator("ADD", [x, self._number(3, THREE)], x.shape, GATE, "AddOptions", act="relu6")
        return self._operator("MUL", [clamped, self._number(1 / 6, SIXTH)], x.shape, HSIGMOID, "MulOptions", act="")

    def _operator(
        self, kind: str, inputs: Sequence[Tensor], shape: tuple[int, ...], grid: Grid | None, options: str = "",
        act: str | None = None, **fields: Any,
    ) -> Tensor:  # fmt: skip
        if act is not None:
            fields["FusedActivationFunction"] = getattr(ActivationFunctionType, FUSED[act])
        return self.graph.operator(kind, inputs, self._map(shape, grid), options, self._version(kind), **fields)

    def _map(self, shape: tuple[int, ...], grid: Grid | None) -> Tensor:
        return self.graph.tensor(shape, "int8", _signed(grid)) if self.integer else self.graph.tensor(shape, "float32")

    def _weights(self, step: Step, order: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Weights in the order that TFLite wants, and bias."""
        assert step.weights is not None
        values, bias, scales = step.weights.values.transpose(order), step.weights.bias, step.weights.scales
        (read,) = self.steps.read(step)
        if scales is None or read.grid is None:
            return self.graph.constant(values), self.graph.constant(bias)
        products = scales * np.float32(read.grid.scale)
        grid = flatbuffer.Quantization(tuple(scales.tolist()), 0, order.index(0))
        return self.graph.constant(values, grid), self.graph.constant(
            bias, flatbuffer.Quantization(tuple(products.tolist()))
        )

    def _number(self, value: float, grid: Grid) -> Tensor:
        """A number; in integers, the largest on its grid."""
        if not self.integer:
            return self.graph.constant(np.asarray([value], np.float32))
        return self.graph.constant(np.asarray([HIGHEST - 128], np.int8), _signed(grid))

    def _padded(self, x: Tensor, window: Window, out: int, by: float | None = None) -> tuple[Tensor, int]:
        """The map, padded (with zeros, or `by`) if `SAME` would pad it differently, and the padding left to declare."""
        if window.same(x.shape[1], out):
            return x, Padding.SAME
        sides = (window.before, window.after)
        size = x.shape[1] + sum(sides)
        output = self.graph.tensor((1, size, size, x.shape[3]), x.dtype, x.grid)
        inputs = [x, self.graph.constant(np.asarray([(0, 0), sides, sides, (0, 0)], np.int32))]
        if by is None:
            return self.graph.operator("PAD", inputs, output, "PadOptions", self._version("PAD")), Padding.VALID
        inputs.append(self.graph.constant(np.asarray([by], x.dtype), x.grid))
        return self.graph.operator("PADV2", inputs, output, "PadV2Options", self._version("PADV2")), Padding.VALID

    def _version(self, kind: str) -> int:
        return INTEGER_VERSIONS.get(kind, 2) if self.integer else 1


def _mean(kernel: int, channels: int) -> Weights:
    """The weights of a depthwise convolution that takes the mean."""
    scales = np.full(channels, 1 / (LARGEST_WEIGHT * kernel**2), np.float32)
    values = np.full((channels, 1, kernel, kernel), LARGEST_WEIGHT, np.int8)
    return Weights(values, np.zeros(channels, np.int32), scales)


def _signed(grid: Grid | None) -> flatbuffer.Quantization:
    assert grid is not None
    return flatbuffer.Quantization((grid.scale,), grid.zero_point - 128)


def _shape(made: Map) -> tuple[int, ...]:
    return (1, made.size, made.size, made.channels)


def _strides(window: Window) -> dict[str, Any]:
    return {"StrideH": window.stride, "StrideW": window.stride}


WRITERS: dict[str, Callable[..., Tensor]] = {
    "conv": _Writer.conv,
    "dwconv": _Writer.depthwise,
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
