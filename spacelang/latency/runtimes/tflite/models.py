"""Whole models for TFLite: a kernel alone, and networks."""

from __future__ import annotations

from spacelang import ir
from spacelang.latency.runtimes.protocol import Precision
from spacelang.latency.runtimes.tflite.dialect import Dialect
from spacelang.latency.runtimes.walk import write_network
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel


def kernel_model(kernel: Kernel, precision: Precision) -> bytes:
    """A kernel alone, with inputs and outputs as it has them inside a network. An addition adds its input to itself."""
    dialect = Dialect(precision)
    x = dialect.make.activation((1, kernel.size, kernel.size, kernel.channels_in))
    return dialect.make.graph.model(x, dialect.write(kernel, (x, x)))


def network_model(space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> bytes:
    """A whole network; its input is 1×resolution×resolution×channels in float32, and so is its output.

    Raises: ShapeError: as `spacelang.network.layers`.
    """
    dialect = Dialect(precision)
    graph, version = dialect.make.graph, dialect.make.version
    given = value = graph.tensor((1, architecture.resolution, architecture.resolution, space.channels), "float32")
    if precision == "int8":
        value = graph.operator("QUANTIZE", [given], dialect.make.activation(given.shape), "QuantizeOptions")
    value = write_network(dialect, space, architecture, value)
    if precision == "int8":
        made = graph.tensor(value.shape, "float32")
        value = graph.operator("DEQUANTIZE", [value], made, "DequantizeOptions", version("DEQUANTIZE"))
    return graph.model(given, value)
