"""Operators that apply weights or windows to maps or flat tensors: convolutions, linear layers, pools."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import TensorProto

from spacelang.language.shapes import size_after
from spacelang.latency.match.calls import Call
from spacelang.latency.match.constants import Constant
from spacelang.latency.match.context import Context, Handler
from spacelang.latency.match.steps import Step, Unfit, Value, shape


def _conv(context: Context, call: Call) -> Value:
    value = _map(call, context.data(call))
    weights = context.constant(call, 1)
    if weights is None or len(weights.dims) != 4 or len(value.dims) != 4:
        raise Unfit("isn't a convolution of maps (1×C×H×W)")
    out, per_group, *kernel_dims = weights.dims
    groups, channels = int(call.attributes.get("group", 1)), value.channels
    if per_group * groups != channels:
        raise Unfit(f"has weights for {per_group * groups} channels and reads {channels}")
    depthwise = groups > 1 and groups == channels == out
    if groups != 1 and not depthwise:
        raise Unfit(
            f"has {groups} groups for {channels} → {out} channels", "kernels are whole or depthwise convolutions"
        )
    kernel, stride, size_out = _window(call, value, kernel_dims)
    integer = call.integer or bool(value.quantised and weights.quantised)
    step = Step(
        "dwconv" if depthwise else "conv", (value.step,), channels, out, value.size, size_out,
        call.label, kernel, stride, integer=integer, weights=weights.quantised,
    )  # fmt: skip
    _float_or_integer(weights, integer)
    return value.resized(context.append(step), out, size_out)._replace(quantised=call.integer)


def _float_or_integer(weights: Constant, integer: bool) -> None:
    if not integer and weights.dtype != TensorProto.FLOAT:
        name = TensorProto.DataType.Name(weights.dtype).lower()
        raise Unfit(f"has weights in {name}", "kernels are float32, or 8-bit integers that are quantised statically")


def _linear(context: Context, call: Call) -> Value:
    value, weights = context.data(call), context.constant(call, 1)
    if weights is None or len(weights.dims) != 2 or len(value.dims) != 2:
        raise Unfit("isn't a linear layer: it multiplies something other than 1×C by a matrix of constants")
    out, channels = weights.dims if call.attributes.get("transB") else weights.dims[::-1]
    if channels != value.channels or call.attributes.get("transA"):
        raise Unfit(f"has weights for {channels} numbers and reads {value.channels}")
    integer = call.integer or bool(value.quantised and weights.quantised)
    _float_or_integer(weights, integer)
    step = Step("linear", (value.step,), channels, out, 1, 1, call.label, integer=integer, weights=weights.quantised)
    return Value(context.append(step), (1, out), quantised=call.integer)


def _pool(kind: str) -> Handler:
    def handle(context: Context, call: Call) -> Value:
        value = _map(call, context.data(call))
        size = value.size
        kernels = call.ints("kernel_shape", ())
        if kind == "avgpool" and kernels == (size, size) and not any(call.ints("pads", (0,))):
            return _whole(context, call, value, (1, value.channels, 1, 1))
        kernel, stride, size_out = _window(call, value, ())
        channels = value.channels
        step = Step(kind, (value.step,), channels, channels, size, size_out, call.label, kernel, stride)
        made = value.resized(context.append(step), channels, size_out)
        return made._replace(quantised=value.quantised and kind == "maxpool")

    return handle


def _whole(context: Context, call: Call, value: Value, dims: tuple[int, ...]) -> Value:
    channels = value.channels
    step = Step("pool", (value.step,), channels, channels, value.size, 1, call.label)
    if value.last and len(dims) == 4:
        dims = (1, 1, 1, channels)
    return Value(context.append(step), dims, value.last, call.integer)


def _global(context: Context, call: Call) -> Value:
    value = _map(call, context.data(call))
    return _whole(context, call, value, (1, value.channels, 1, 1))


def _mean(context: Context, call: Call) -> Value:
    value, given = context.data(call), context.constant(call, 1) if not call.grids else None
    axes = call.ints("axes", ()) if given is None or given.value is None else tuple(map(int, given.value.reshape(-1)))
    spatial = (1, 2) if value.last else (2, 3)
    if len(value.dims) != 4 or sorted(each % 4 for each in axes) != list(spatial):
        raise Unfit(f"takes the mean of {shape(value.dims)} over axes {axes}", "kernels take it over height and width")
    keeps = call.attributes.get("keepdims", 1)
    return _whole(context, call, value, (1, value.channels, 1, 1) if keeps else (1, value.channels))


def _window(call: Call, value: Value, kernel_dims: Sequence[int]) -> tuple[int, int, int]:
    """Kernel size, stride and output size of a convolution or pool.

    Raises: Unfit: if no kernel has such a window.
    """
    size = value.size
    kernels = call.ints("kernel_shape", tuple(kernel_dims))
    strides = call.ints("strides", (1, 1))
    if len(set(kernels)) != 1 or len(kernels) != 2:
        raise Unfit(f"has a kernel of {shape(kernels)}", "kernels are square")
    if len(set(strides)) != 1 or strides[0] < 1:
        raise Unfit(f"has strides of {shape(strides)}", "the stride is the same in both directions")
    if set(call.ints("dilations", (1, 1))) != {1}:
        raise Unfit(f"has dilations of {shape(call.ints('dilations', ()))}", "kernels aren't dilated")
    kernel, stride = kernels[0], strides[0]
    expected = size_after(size, stride)
    auto = call.attributes.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        return kernel, stride, expected
    own = call.ints("pads", (0, 0, 0, 0)) if auto == b"NOTSET" else (0, 0, 0, 0)
    top, left, bottom, right = pads = tuple(map(sum, zip(own, value.pads, strict=True)))
    whole = _covered(size, kernel, stride, top + bottom, bool(call.attributes.get("ceil_mode")))
    if top + bottom != left + right or whole != expected:
        message = (
            f"with kernel {kernel}, stride {stride} and pads {shape(pads)} makes {size}×{size} maps {whole}×{whole}"
        )
        raise Unfit(message, f"kernels keep ⌈size / stride⌉, here {expected}: pad by kernel div 2")
    return kernel, stride, whole


def _pad(context: Context, call: Call) -> Value:
    """Zeros around a map: the operator that reads it has them in its window."""
    value = context.data(call)
    given = context.constant(call, 1)
    pads = call.ints("pads", ()) if given is None or given.value is None else tuple(map(int, given.value.reshape(-1)))
    filled = context.constant(call, 2) if len(call.operands) > 2 else None
    if call.attributes.get("mode", b"constant") != b"constant" or (filled and filled.number() not in (0, None)):
        raise Unfit("pads with something other than zeros", "kernels pad with zeros")
    if len(pads) != 8 or any(pads[at] for at in (0, 1, 4, 5)) or min(pads) < 0:
        raise Unfit(f"pads by {shape(pads)}", "kernels pad the height and width of a map")
    around = (pads[2], pads[3], pads[6], pads[7])
    return value._replace(pads=tuple(map(sum, zip(value.pads, around, strict=True))))  # type: ignore[arg-type]


def _covered(size: int, kernel: int, stride: int, padding: int, ceil: bool) -> int:
    steps = size + padding - kernel
    return (-(-steps // stride) if ceil else steps // stride) + 1


def _map(call: Call, value: Value) -> Value:
    """The operand of an operator that reads maps, in that operator's layout."""
    return value._replace(last=call.channels_last)


MAPS: dict[str, Handler] = {
    "Conv": _conv,
    "Gemm": _linear,
    "MatMul": _linear,
    "AveragePool": _pool("avgpool"),
    "MaxPool": _pool("maxpool"),
    "GlobalAveragePool": _global,
    "Pad": _pad,
    "ReduceMean": _mean,
}
