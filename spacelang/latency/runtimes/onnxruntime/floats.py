"""Float steps as ONNX: float32 in NCHW, which onnxruntime fuses and lays out itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import ModelProto

from spacelang.latency.runtimes.onnxruntime.graph import OPSET, Graph, Port, plain, window_attributes, windowed
from spacelang.latency.runtimes.protocol import Pixels
from spacelang.steps import Step, Steps
from spacelang.steps.network import INPUT


def floats(steps: Steps, *, batch: int = 1, opset: int = OPSET, pixels: Pixels | None = None) -> ModelProto:
    """A float32 model: it reads batch × channels × size × size, and writes batch × outputs (or such maps).

    With `pixels` it reads bytes, and normalises them.
    """
    writer, ports = _Writer(), []
    for at, given in enumerate(steps.inputs):
        name, kind = f"x{at or ''}", "uint8" if pixels else "float32"
        ports.append(Port(name, kind, (batch, given.channels, given.size, given.size)))
        writer.names[INPUT - at] = writer.graph.normalised(name, pixels) if pixels else name
    for index, step in enumerate(steps.steps):
        writer.write(index, step)
    last, made = len(steps.steps) - 1, steps.output
    shape = (batch, made.channels) if steps.flat(last) else (batch, made.channels, made.size, made.size)
    return writer.graph.model(ports, Port(writer.names[last], "float32", shape), opset)


class _Writer:
    """`names`: of the maps made so far, by their indices in `Step.inputs`."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.names: dict[int, str] = {}

    def write(self, index: int, step: Step) -> None:
        name = WRITERS[step.kind](self, step, *(self.names[each] for each in step.inputs))
        self.names[index] = WRITERS[step.act](self, step, name) if step.act else name

    def conv(self, step: Step, x: str) -> str:
        assert step.window is not None
        groups = step.made.channels if step.kind == "dwconv" else 1
        return self.graph.node(
            "Conv", step.name, x, *self._weights(step), group=groups, **window_attributes(step.window)
        )

    def linear(self, step: Step, x: str) -> str:
        return self.graph.node(
            "Gemm", step.name, self.graph.node("Flatten", step.name, x), *self._weights(step), transB=1
        )

    def _weights(self, step: Step) -> tuple[str, str]:
        assert step.weights is not None
        return self.graph.constant(step.weights.values), self.graph.constant(step.weights.bias)

    def relu6(self, step: Step, x: str) -> str:
        return self.graph.node("Clip", step.name, x, *map(self.graph.constant, (np.float32(0), np.float32(6))))

    def hard_sigmoid(self, step: Step, x: str) -> str:
        return self.graph.node("HardSigmoid", step.name, x, alpha=1 / 6)

    def swish(self, step: Step, x: str) -> str:
        return self.graph.node("Mul", step.name, x, self.graph.node("Sigmoid", step.name, x))


WRITERS: dict[str, Callable[..., str]] = {
    "conv": _Writer.conv,
    "dwconv": _Writer.conv,
    "linear": _Writer.linear,
    "add": plain("Add"),
    "mul": plain("Mul"),
    "pool": plain("GlobalAveragePool"),
    "avgpool": windowed("AveragePool"),
    "maxpool": windowed("MaxPool"),
    "relu": plain("Relu"),
    "relu6": _Writer.relu6,
    "sigmoid": plain("Sigmoid"),
    "swish": _Writer.swish,
    "hsigmoid": _Writer.hard_sigmoid,
    "hswish": plain("HardSwish"),
}
