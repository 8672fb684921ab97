"""Operators that work on each number separately: activations, sums, products, batch norm."""

from __future__ import annotations

import math

from spacelang.latency.match.calls import Call
from spacelang.latency.match.context import Context, Handler
from spacelang.latency.match.steps import Step, Unfit, Value, shape

NEARLY_ZERO = 1e-3
"""A clip's bound that counts as 0: quantised bounds may be off by rounding."""


def _norm(context: Context, call: Call) -> Value:
    return context.keep(call, context.data(call), "norm")


def _activation(kind: str) -> Handler:
    return lambda context, call: context.keep(call, context.data(call), kind)


def _relu(context: Context, call: Call) -> Value:
    return context.keep(call, context.data(call), "clip", math.inf)


def _clip(context: Context, call: Call) -> Value:
    value = context.data(call)
    low, high = _bound(context, call, 1, "min", -math.inf), _bound(context, call, 2, "max", math.inf)
    if abs(low) > NEARLY_ZERO:
        raise Unfit(f"clips below {low:g}", "kernels clip at 0")
    # In integers, the bounds are those of the type: what they are on the output's scale isn't known here.
    return context.keep(call, value, "clip", math.inf if high >= 255 else high)


def _bound(context: Context, call: Call, at: int, name: str, default: float) -> float:
    """A bound of a clip: an attribute up to opset 6, an input since opset 11."""
    constant = context.constant(call, at)
    number = constant.number() if constant else call.attributes.get(name, default)
    if number is None:
        raise Unfit("doesn't clip between two constant numbers")
    return float(number)


def _binary(kind: str, with_number: str) -> Handler:
    """An operator on two values, or on a value and constants: one number, or one for each channel."""

    def handle(context: Context, call: Call) -> Value:
        first, second = call.operands
        constants = [at for at, name in enumerate((first, second)) if name in context.constants]
        if not constants:
            return _pair(context, call, kind)
        other = constants[0]
        value, constant = context.data(call, 1 - other), context.constant(call, other)
        assert constant is not None
        if (number := constant.number()) is not None:
            if with_number == "scale" and number == 1 and (call.integer or value.quantised):
                # The product saturates where the output's integers end, as a relu does.
                return context.keep(call, value, "clip", math.inf)
            return context.keep(call, value, with_number, number)
        if not _is_per_channel(constant.dims, value):
            raise Unfit(f"combines {shape(value.dims)} with constants of shape {shape(constant.dims)}")
        return context.keep(call, value, "norm")

    return handle


def _is_per_channel(dims: tuple[int, ...], value: Value) -> bool:
    """Whether constants of this shape are one for each channel, as the shapes are broadcast: aligned at their ends."""
    axis = 1 if value.last or len(value.dims) == 2 else 3
    return math.prod(dims) == value.channels and len(dims) >= axis and dims[-axis] == value.channels


def _pair(context: Context, call: Call, kind: str) -> Value:
    first, second = context.data(call, 0), context.data(call, 1)
    if kind == "mul" and first.size < second.size:
        first, second = second, first
    broadcast = kind == "mul" and second.size == 1
    if first.channels != second.channels or (first.size != second.size and not broadcast):
        raise Unfit(f"combines {shape(first.dims)} with {shape(second.dims)}", "kernels add maps of one shape")
    channels, size = first.channels, first.size
    inputs, integer = (first.step, second.step), call.integer or (first.quantised and second.quantised)
    step = Step(kind, inputs, channels, channels, size, size, call.label, integer=integer)
    return first._replace(step=context.append(step), quantised=call.integer)


def _divide(context: Context, call: Call) -> Value:
    """Division by one number, or by one for each channel."""
    value, constant = context.data(call), context.constant(call, 1)
    number = constant.number() if constant else None
    if number:
        return context.keep(call, value, "scale", 1 / number)
    if constant is None or number == 0 or not _is_per_channel(constant.dims, value):
        raise Unfit("divides by something other than one constant number, or one for each channel")
    return context.keep(call, value, "norm")


def _subtract(context: Context, call: Call) -> Value:
    """Subtraction, as an addition of the negative constant."""
    if call.operands[1] not in context.constants:
        raise Unfit("subtracts two maps", "kernels add maps")
    value, constant = context.data(call), context.constant(call, 1)
    assert constant is not None
    if (number := constant.number()) is not None:
        return context.keep(call, value, "shift", -number)
    if not _is_per_channel(constant.dims, value):
        raise Unfit(f"combines {shape(value.dims)} with constants of shape {shape(constant.dims)}")
    return context.keep(call, value, "norm")


ELEMENTWISE: dict[str, Handler] = {
    "BatchNormalization": _norm,
    "Relu": _relu,
    "Clip": _clip,
    "Sigmoid": _activation("sigmoid"),
    "HardSigmoid": _activation("hsigmoid"),
    "HardSwish": _activation("hswish"),
    "Add": _binary("add", "shift"),
    "Mul": _binary("mul", "scale"),
    "Div": _divide,
    "Sub": _subtract,
}
