"""Small ONNX graphs, written node by node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

Shape = tuple[int | str, ...]


class Graph:
    """Appends nodes; a number or an array among the inputs becomes a constant."""

    def __init__(self, shape: Shape = (1, 8, 16, 16), kind: int = TensorProto.FLOAT) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self.inputs = [helper.make_tensor_value_info("x", kind, shape)]

    def constant(self, value: Any) -> str:
        name = f"w{len(self.weights)}"
        array = np.asarray(value, np.float32) if isinstance(value, float) else np.asarray(value)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: Any, domain: str = "", **attributes: Any) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        self.nodes.append(helper.make_node(kind, names, [name], name=name, domain=domain, **attributes))
        return name

    def conv(self, x: str, inputs: int, outputs: int, kernel: int = 1, groups: int = 1, **attributes: Any) -> str:
        weights = np.zeros((outputs, inputs // groups, kernel, kernel), np.float32)
        attributes.setdefault("pads", [kernel // 2] * 4)
        return self.node("Conv", x, weights, group=groups, **attributes)

    def save(self, path: Path, *outputs: str, opset: int = 17, **more: Any) -> Path:
        made = [helper.make_empty_tensor_value_info(each) for each in outputs]
        graph = helper.make_graph(self.nodes, "test", self.inputs, made, self.weights)
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path, **more)
        return path
