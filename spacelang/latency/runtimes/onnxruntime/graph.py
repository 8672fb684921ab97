"""An ONNX graph while it is being written: nodes and constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from spacelang.latency.runtimes.protocol import Pixels
from spacelang.steps import Grid, Map, Window

OPSET = 17
IR_VERSION = 9
CONTRIB = "com.microsoft"
TYPES = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8}


class Port(NamedTuple):
    """An input or output of a model."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def info(self) -> Any:
        return helper.make_tensor_value_info(self.name, TYPES[self.dtype], self.shape)


class Graph:
    """Appends nodes and constants. Equal single numbers are stored once."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._numbers: dict[tuple[str, bytes], str] = {}

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        array = np.asarray(value)
        if array.ndim:
            return self._append(array)
        key = (array.dtype.str, array.tobytes())
        if key not in self._numbers:
            self._numbers[key] = self._append(array)
        return self._numbers[key]

    def grid(self, grid: Grid) -> tuple[str, str]:
        """The scale and the zero point of a map."""
        return self.constant(np.float32(grid.scale)), self.constant(np.uint8(grid.zero_point))

    def node(self, kind: str, name: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Appends a node and returns the name of its output, which is also the node's."""
        name = f"{name}/{kind}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def model(self, inputs: Sequence[Port], output: Port, opset: int = OPSET) -> ModelProto:
        infos = [each.info() for each in inputs]
        graph = helper.make_graph(self._nodes, "spacelang", infos, [output.info()], self._constants)
        domains = sorted({each.domain for each in self._nodes} - {""})
        opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(each, 1) for each in domains)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="spacelang")

    def normalised(self, name: str, pixels: Pixels) -> str:
        """Bytes in NCHW as the floats that a network was trained on."""
        factors, offsets = (self.constant(each.reshape(1, -1, 1, 1)) for each in (pixels.factors, pixels.offsets))
        scaled = self.node("Mul", name, self.node("Cast", name, name, to=TensorProto.FLOAT), factors)
        return self.node("Add", name, scaled, offsets)

    def _append(self, array: NDArray[Any]) -> str:
        name = f"w{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name


def with_metadata(model: ModelProto, metadata: dict[str, str]) -> ModelProto:
    """The model, with this metadata added."""
    helper.set_model_props(model, metadata)
    return model


def grid_of(each: Map) -> Grid:
    assert each.grid is not None, "the steps are float"
    return each.grid


def plain(kind: str) -> Callable[..., str]:
    """Writes a step as one operator."""
    return lambda writer, step, *inputs: writer.graph.node(kind, step.name, *inputs)


def windowed(kind: str) -> Callable[..., str]:
    """Writes a step as one operator with a window."""
    return lambda writer, step, x: writer.graph.node(kind, step.name, x, **window_attributes(step.window))


def window_attributes(window: Window) -> dict[str, Any]:
    """The window of a convolution or pool, as attributes."""
    return {
        "kernel_shape": (window.kernel, window.kernel),
        "strides": (window.stride, window.stride),
        "pads": (window.before, window.before, window.after, window.after),
    }
