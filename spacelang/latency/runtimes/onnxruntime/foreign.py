"""Kernels that only networks from elsewhere have: parts of a quantised network that onnxruntime runs in float."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto

from spacelang.latency.runtimes.onnxruntime.graph import Graph, Port
from spacelang.networks.kernels import Kernel

REQUANTISE, HSWISH_FLOAT, HSIGMOID_FLOAT = "requantise", "hswish_float", "hsigmoid_float"
FOREIGN = frozenset({REQUANTISE, HSWISH_FLOAT, HSIGMOID_FLOAT})
"""A dequantise and a quantise that don't become part of an integer operator; the same with a hard swish or a hard
sigmoid between."""
SCALES = (np.float32(0.02), np.float32(0.03))
"""They differ; otherwise onnxruntime removes both operators."""
OPSET = 17


def foreign(kernel: Kernel) -> ModelProto:
    """From a uint8 map to a uint8 map."""
    graph = Graph()
    before, after = ((graph.constant(each), graph.constant(np.uint8(0))) for each in SCALES)
    value = graph.node("DequantizeLinear", "k", "x", *before)
    if kernel.kind == HSWISH_FLOAT:
        value = graph.node("HardSwish", "k", value)
    if kernel.kind == HSIGMOID_FLOAT:
        value = graph.node("HardSigmoid", "k", value, alpha=1 / 6)
    shape: tuple[int, ...] = (1, kernel.channels_in, kernel.size, kernel.size)
    made: Any = graph.node("QuantizeLinear", "k", value, *after)
    return graph.model([Port("x", "uint8", shape)], Port(made, "uint8", shape), OPSET)
