"""Float kernels in the layout that they have inside a network.

onnxruntime lays out the float feature maps of convolutions in blocks of channels, and reorders them before the first
operator that wants blocks and after the last. A convolution by itself is both, so it would seem far slower than it is
between others: a depthwise one takes up to twice as long.
"""

from __future__ import annotations

from typing import Any

from onnx import numpy_helper

from spacelang.latency.runtimes.onnxruntime.session import optimised

BLOCKED = "com.microsoft.nchwc"
ENTRY, EXIT = "ReorderInput", "ReorderOutput"


def without_reordering(model: bytes) -> bytes:
    """The model with its maps in blocks, if it is a convolution that can take them; else the model itself.

    The result is for this machine alone: how many channels a block has depends on the processor.
    """
    blocked = optimised(model)
    nodes = list(blocked.graph.node)
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
        blocked.graph.input[0].type.tensor_type.shape.dim[1].dim_value = _channels(blocked.graph, kept[0])
    del blocked.graph.node[:]
    blocked.graph.node.extend(kept)
    return bytes(blocked.SerializeToString())


def _channels(graph: Any, convolution: Any) -> int:
    """How many channels a convolution reads, including those that fill up its last block."""
    weights = {each.name: each for each in graph.initializer}[convolution.input[1]]
    (groups,) = [each.i for each in convolution.attribute if each.name == "group"] or [1]
    return int(numpy_helper.to_array(weights).shape[1] * groups)
