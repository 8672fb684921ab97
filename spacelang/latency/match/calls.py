"""One form for the float, QDQ and QOperator spellings of an operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from onnx import NodeProto, helper

CONTRIB = "com.microsoft"


class _Quantised(NamedTuple):
    """A quantised operator: its float twin, and the places of the operands and of the output's scale among its inputs.

    A scale and a zero point follow each operand.
    """

    twin: str
    operands: tuple[int, ...] = (0,)
    made: int = 3


QUANTISED = {
    "QLinearConv": _Quantised("Conv", (0, 3), 6),
    "QLinearMatMul": _Quantised("MatMul", (0, 3), 6),
    "QGemm": _Quantised("Gemm", (0, 3), 7),
    "QLinearAdd": _Quantised("Add", (0, 3), 6),
    "QLinearMul": _Quantised("Mul", (0, 3), 6),
    "QLinearSigmoid": _Quantised("Sigmoid"),
    "QLinearAveragePool": _Quantised("AveragePool"),
    "QLinearGlobalAveragePool": _Quantised("GlobalAveragePool"),
    "QLinearReduceMean": _Quantised("ReduceMean"),
}
RENAMED = {"NhwcMaxPool": "MaxPool", "QuantizeLinear": "QuantizeLinear", "DequantizeLinear": "DequantizeLinear"}
"""Other operators of onnxruntime's own, and what they are called here."""


@dataclass(frozen=True, slots=True)
class Call:
    """An operator of the graph.

    Attributes:
        kind: of the float operator that it is, or stands for.
        label: as messages name it.
        operands: data and weights; empty strings for those left out.
        grids: scale and zero point of each operand of a quantised operator.
        made: the scale of a quantised output; empty for another.
        channels_last: whether it reads maps as NHWC.
        integer: whether it computes in integers by itself (QOperator form).
    """

    kind: str
    label: str
    operands: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    grids: tuple[tuple[str, str], ...] = ()
    made: str = ""
    channels_last: bool = False
    integer: bool = False

    def ints(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(map(int, self.attributes.get(name, default)))


def call_of(node: NodeProto) -> Call:
    """The common form of a node; its kind is `domain.Name` if the operator is neither ONNX's own nor known here."""
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    domain = "" if node.domain == "ai.onnx" else node.domain
    qualified = f"{domain}.{node.op_type}" if domain else node.op_type
    label = f"`{qualified}` {node.name or 'that makes ' + (node.output[0] if node.output else 'nothing')}"
    inputs, outputs = tuple(node.input), tuple(node.output)
    if domain not in ("", CONTRIB):
        return Call(qualified, label, inputs, outputs, attributes)
    if form := QUANTISED.get(node.op_type):
        operands = tuple(inputs[at] for at in form.operands)
        grids = tuple((inputs[at + 1], inputs[at + 2]) for at in form.operands)
        last = bool(attributes.get("channels_last"))
        return Call(form.twin, label, operands, outputs, attributes, grids, inputs[form.made], last, integer=True)
    if not domain or node.op_type in RENAMED:
        kind, last = RENAMED.get(node.op_type, node.op_type), node.op_type == "NhwcMaxPool"
        grids = ((inputs[1], inputs[2] if len(inputs) > 2 else ""),) if kind == "DequantizeLinear" else ()
        made = inputs[1] if kind == "QuantizeLinear" else ""
        return Call(kind, label, inputs, outputs, attributes, grids, made, channels_last=last, integer=last)
    return Call(qualified, label, inputs, outputs, attributes)
