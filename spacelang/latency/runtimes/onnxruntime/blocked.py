"""Float kernels in the layout that they have inside a network.

onnxruntime lays the float feature maps of convolutions out in blocks of channels, and reorders them at the first and
behind the last operator that wants blocks. A convolution alone is both, so it would seem far slower than it is between
others: a depthwise one takes up to twice as long.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
from onnx import numpy_helper

from spacelang.latency.runtimes.onnxruntime.session import session_options

BLOCKED = "com.microsoft.nchwc"
ENTRY, EXIT = "ReorderInput", "ReorderOutput"


def without_reordering(model: bytes) -> bytes:
    """A float model that reads and writes blocks, if it is a convolution that can; else the model itself.

    The result is for this machine alone: how many channels a block has depends on the processor.
    """
    optimised = _optimised(model)
    nodes = list(optimised.graph.node)
    if not all(node.domain == BLOCKED for node in nodes):
        return model
    same = {node.output[0]: node.input[0] for node in nodes if node.op_type == ENTRY}
    same |= {node.input[0]: node.output[0] for node in nodes if node.op_type == EXIT}
    kept = [node for node in nodes if node.op_type not in (ENTRY, EXIT)]
    if any(node.op_type != "Conv" for node in kept):
        return model
    for node in kept:
        node.input[:] = [same.get(each, each) for each in node.input]
        node.output[:] = [same.get(each, each) for each in node.output]
    if nodes[0].op_type == ENTRY:
        optimised.graph.input[0].type.tensor_type.shape.dim[1].dim_value = _channels(optimised.graph, kept[0])
    del optimised.graph.node[:]
    optimised.graph.node.extend(kept)
    return bytes(optimised.SerializeToString())


def _optimised(model: bytes) -> Any:
    """The model that onnxruntime runs."""
    with tempfile.TemporaryDirectory() as folder:
        options = session_options()
        options.optimized_model_filepath = str(Path(folder) / "optimised.onnx")
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def _channels(graph: Any, convolution: Any) -> int:
    """How many channels a convolution reads, with those that fill its last block up."""
    weights = {each.name: each for each in graph.initializer}[convolution.input[1]]
    (groups,) = [each.i for each in convolution.attribute if each.name == "group"] or [1]
    return int(numpy_helper.to_array(weights).shape[1] * groups)
