"""Operators that don't count in a latency: quantising, and other names, types and shapes for the same numbers."""

from __future__ import annotations

import math

import numpy as np

from spacelang.latency.match.calls import Call
from spacelang.latency.match.constants import Constant
from spacelang.latency.match.context import Context, Handler
from spacelang.latency.match.steps import Unfit, Value, shape

TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def _same(context: Context, call: Call) -> Value:
    return context.data(call)


def _quantise(context: Context, call: Call) -> Value:
    value = context.data(call)
    context.note_type(call.operands[2] if len(call.operands) > 2 else "")
    if call.kind == "QuantizeLinear" and value.step >= 0:
        context.requantised.add(value.step)
    return value._replace(quantised=True)


def _shape(context: Context, call: Call) -> Value:
    value = context.data(call)
    context.constants.put(call.outputs[0], np.asarray(value.dims, np.int64))
    return value


def _transpose(context: Context, call: Call) -> Value:
    value = context.data(call)
    order = call.ints("perm", ())
    dims = tuple(value.dims[each] for each in order)
    if len(dims) != 4 or order not in (TO_LAST, TO_FIRST):
        raise Unfit(f"reorders {shape(value.dims)} by {order}", "maps are NCHW or NHWC")
    moved = Value(value.step, dims, order == TO_LAST, value.quantised)
    if value.step >= 0 and moved.size > 1:
        raise Unfit("moves a map between layouts within the network", "export it with channels first throughout")
    return moved


def _reshape(context: Context, call: Call) -> Value:
    value = context.data(call)
    count = math.prod(value.dims)
    target = _target(context, call, value)
    if -1 in target:
        known = -math.prod(target)
        target = tuple(count // known if each == -1 else each for each in target)
    if math.prod(target) != count or min(target) < 1:
        raise Unfit(f"reshapes {shape(value.dims)} to {shape(target)}")
    if target == value.dims:
        return value
    flat = len(target) == 2 and target[0] == 1
    pixel = len(target) == 4 and target[0] == 1 and (target[2:] == (1, 1) or target[1:3] == (1, 1))
    if not flat and not (pixel and value.size == 1):
        raise Unfit(
            f"reshapes {shape(value.dims)} to {shape(target)}", "kernels flatten maps to 1×C or keep them whole"
        )
    return Value(value.step, target, pixel and target[2:] != (1, 1), value.quantised)


def _target(context: Context, call: Call, value: Value) -> tuple[int, ...]:
    """The requested shape; it may contain one -1."""
    dims = value.dims
    if call.kind == "Flatten":
        axis = int(call.attributes.get("axis", 1))
        return (math.prod(dims[:axis]), math.prod(dims[axis:]))
    found = context.constant(call, 1)
    numbers = call.ints("axes", ()) if found is None else _numbers(found)
    if call.kind == "Squeeze":
        axes = {each % len(dims) for each in numbers} or {at for at, each in enumerate(dims) if each == 1}
        return tuple(each for at, each in enumerate(dims) if at not in axes)
    if call.kind == "Unsqueeze":
        rank = len(dims) + len(numbers)
        inserted, rest = {each % rank for each in numbers}, iter(dims)
        return tuple(1 if at in inserted else next(rest) for at in range(rank))
    return tuple(dims[at] if each == 0 else each for at, each in enumerate(numbers))


def _numbers(constant: Constant) -> tuple[int, ...]:
    if constant.value is None:
        raise Unfit("has a target shape with too many dimensions")
    return tuple(map(int, constant.value.reshape(-1)))


def _dynamic(context: Context, call: Call) -> Value:
    raise Unfit("quantises dynamically", "quantise statically (onnxruntime.quantization.quantize_static)")


RESHAPING: dict[str, Handler] = {
    "Cast": _same,
    "Dropout": _same,
    "Identity": _same,
    "QuantizeLinear": _quantise,
    "DequantizeLinear": _quantise,
    "Shape": _shape,
    "Transpose": _transpose,
    "Flatten": _reshape,
    "Reshape": _reshape,
    "Squeeze": _reshape,
    "Unsqueeze": _reshape,
    **dict.fromkeys(("ConvInteger", "DynamicQuantizeLinear", "MatMulInteger"), _dynamic),
}
