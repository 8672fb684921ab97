"""What is known about a graph before it runs: weights by their shapes, small tensors by their values.

Weights may be gigabytes, and only their shapes matter; the numbers 3 and 6 of a hard swish, or the target of a reshape,
have to be known exactly, even where an exporter computes them by a chain of operators.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, OperatorSetIdProto, TensorProto, external_data_helper, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from spacelang.report.diagnostics import refuse

SMALL = 4096
"""Elements up to which a constant's value is read."""
ELEMENTWISE = frozenset(
    {
        "Abs", "Add", "And", "Ceil", "Div", "Equal", "Exp", "Floor", "Greater", "GreaterOrEqual", "Less", "LessOrEqual",
        "Log", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "Round", "Sign", "Sqrt", "Sub",
        "Where",
    }
)  # fmt: skip
"""Their results have the shape that their operands broadcast to."""
REDUCING = frozenset({"ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"})
GROWING = frozenset({"ConstantOfShape", "Expand", "Pad", "Range", "Tile"})
"""Operators that can make large tensors from small ones."""
FOLDED = ELEMENTWISE | REDUCING | GROWING | {
    "Cast", "CastLike", "Concat", "Constant", "DequantizeLinear", "Flatten", "Gather", "GatherElements", "Identity",
    "QuantizeLinear", "Reshape", "Shape", "Size", "Slice", "Squeeze", "Transpose", "Unsqueeze",
}  # fmt: skip
"""Operators that are computed here if they read only constants."""
KEEPING_SHAPE = frozenset({"QuantizeLinear", "Identity", "Cast"})


class Constant(NamedTuple):
    """What is known about a constant.

    Attributes:
        dtype: a `TensorProto` type.
        value: None if it is large.
        quantised: the type of the integers that it comes from; 0 for none.
    """

    dims: tuple[int, ...]
    dtype: int
    value: NDArray[Any] | None = None
    quantised: int = 0

    def dequantised(self, scale: Constant, zero_point: Constant | None) -> Constant:
        """The constant as float32. Its value is known if it is a single number; otherwise only its shape matters."""
        number, factor = self.number(), scale.number()
        if number is None or factor is None:
            return Constant(self.dims, TensorProto.FLOAT, None, self.dtype)
        offset = (zero_point.number() if zero_point else None) or 0.0
        value = np.full(self.dims, (number - offset) * factor, np.float32)
        return Constant(self.dims, TensorProto.FLOAT, value, self.dtype)

    def number(self) -> float | None:
        """Its one number; None if it isn't a single number, or not a known one."""
        return float(self.value.reshape(-1)[0]) if self.value is not None and self.value.size == 1 else None


class Constants:
    """The constants of one graph, by name.

    Raises: SpacelangError: SP1701: if one is damaged.
    """

    def __init__(self, tensors: Iterable[TensorProto], opsets: Sequence[OperatorSetIdProto], path: Path) -> None:
        self._opsets = [each for each in opsets if each.domain in ("", "ai.onnx")]
        self._path = path
        self._known = {each.name: self._read(each) for each in tensors}

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def __getitem__(self, name: str) -> Constant:
        return self._known[name]

    def put(self, name: str, value: NDArray[Any]) -> None:
        self._known[name] = Constant(value.shape, helper.np_dtype_to_tensor_dtype(value.dtype), value)

    def fold(self, node: NodeProto) -> bool:
        """Adds the outputs of a node that reads only constants; False if it reads others, or can't be computed."""
        inputs = [each for each in node.input if each]
        if node.op_type not in FOLDED or not (inputs or node.op_type == "Constant"):
            return False
        if node.op_type == "Constant":
            given = [each.t for each in node.attribute if each.name == "value"]
            if given:
                self._known[node.output[0]] = self._read(given[0])
                return True
        if not all(each in self._known for each in inputs):
            return False
        known = [self._known[each] for each in inputs]
        if node.op_type == "DequantizeLinear" and len(known) > 1:
            self._known[node.output[0]] = known[0].dequantised(known[1], known[2] if len(known) > 2 else None)
            return True
        small = all(each.value is not None for each in known) and sum(math.prod(each.dims) for each in known) <= SMALL
        if small and node.op_type in GROWING and not _stays_small(node, known):
            return False
        return (small and self._compute(node, known)) or (bool(known) and self._shape_only(node, known))

    def _read(self, tensor: TensorProto) -> Constant:
        dims = tuple(tensor.dims)
        value = None
        if math.prod(dims) <= SMALL and tensor.data_type != TensorProto.STRING:
            try:
                if tensor.data_location == TensorProto.EXTERNAL:
                    external_data_helper.load_external_data_for_tensor(tensor, str(self._path.parent))
                value = numpy_helper.to_array(tensor)
            except Exception:  # onnx checks little, so anything may go wrong here
                refuse("SP1701", f"the constant {tensor.name} of {self._path} is damaged", "export it again")
        return Constant(dims, tensor.data_type, value)

    def _compute(self, node: NodeProto, known: Sequence[Constant]) -> bool:
        single = NodeProto()
        single.CopyFrom(node)
        single.domain = ""
        inputs = {name: each.value for name, each in zip((x for x in node.input if x), known, strict=True)}
        infos = [helper.make_empty_tensor_value_info(name) for name in inputs]
        outputs = [helper.make_empty_tensor_value_info(node.output[0])]
        graph = helper.make_graph([single], "constant", infos, outputs)
        try:
            model = helper.make_model(graph, opset_imports=self._opsets)
            (value,) = ReferenceEvaluator(model).run(None, inputs)
            made = np.asarray(value)
            dtype = helper.np_dtype_to_tensor_dtype(made.dtype)
        except Exception:  # any operator with any attributes: what can't be computed isn't a constant
            return False
        quantised = max(each.quantised for each in known)
        self._known[node.output[0]] = Constant(made.shape, dtype, made if made.size <= SMALL else None, quantised)
        return True

    def _shape_only(self, node: NodeProto, known: Sequence[Constant]) -> bool:
        """Adds the shape of an operator's result on large constants."""
        first = known[0]
        dims = first.dims
        if node.op_type == "Transpose":
            order = next((tuple(each.ints) for each in node.attribute if each.name == "perm"), None)
            order = order or tuple(reversed(range(len(dims))))
            if sorted(order) != list(range(len(dims))):
                return False
            dims = tuple(dims[each] for each in order)
        elif node.op_type in ELEMENTWISE:
            try:
                dims = np.broadcast_shapes(*(each.dims for each in known))
            except ValueError:
                return False
        elif node.op_type in REDUCING:
            dims = _reduced(node, known)
        elif node.op_type == "QuantizeLinear":
            first = first._replace(dtype=known[2].dtype if len(known) > 2 else TensorProto.UINT8)
        elif node.op_type == "Reshape" and len(known) > 1 and known[1].value is not None:
            return self._reshaped(node, first, known[1].value)
        elif node.op_type not in KEEPING_SHAPE:
            return False
        self._known[node.output[0]] = first._replace(dims=dims, value=None)
        return True

    def _reshaped(self, node: NodeProto, first: Constant, target: NDArray[Any]) -> bool:
        dims = [first.dims[at] if each == 0 else int(each) for at, each in enumerate(target.reshape(-1).tolist())]
        rest = math.prod(each for each in dims if each > 0)
        dims = [math.prod(first.dims) // rest if each < 0 else each for each in dims]
        if math.prod(dims) != math.prod(first.dims):
            return False
        self._known[node.output[0]] = first._replace(dims=tuple(dims), value=None)
        return True


def _stays_small(node: NodeProto, known: Sequence[Constant]) -> bool:
    """Whether an operator of `GROWING` makes at most `SMALL` elements from these operands."""
    values = [np.asarray(each.value, np.float64).reshape(-1) for each in known]
    if node.op_type == "Range":
        start, limit, step = (float(each[0]) for each in values)
        return step != 0 and (limit - start) / step <= SMALL
    if node.op_type == "Pad":
        return bool(np.abs(values[1]).sum() <= SMALL) if len(values) > 1 else False
    factors = values[0] if node.op_type == "ConstantOfShape" else values[1]
    held = 1 if node.op_type == "ConstantOfShape" else math.prod(known[0].dims)
    return bool(np.abs(factors).prod() * held <= SMALL)


def _reduced(node: NodeProto, known: Sequence[Constant]) -> tuple[int, ...]:
    first = known[0]
    attributes = {each.name: each for each in node.attribute}
    axes = list(attributes["axes"].ints) if "axes" in attributes else []
    if len(known) > 1 and known[1].value is not None:
        axes = known[1].value.reshape(-1).tolist()
    gone = {int(each) % len(first.dims) for each in axes} or set(range(len(first.dims)))
    keeps = attributes["keepdims"].i if "keepdims" in attributes else 1
    return tuple(1 if at in gone else each for at, each in enumerate(first.dims) if keeps or at not in gone)
