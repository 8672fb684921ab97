"""The steps of a network as onnxruntime will run them: in integers, in float, and the moves between the two."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from onnx import TensorProto

from spacelang.latency.match.optimised import Dims, Optimised
from spacelang.latency.match.steps import Step
from spacelang.latency.runtimes.onnxruntime.foreign import HSIGMOID_FLOAT, HSWISH_FLOAT, REQUANTISE
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import Report
from spacelang.report.suggest import listed, some

COMPUTING = {
    "conv": "convolution", "dwconv": "depthwise convolution", "linear": "linear layer",
    "se": "squeeze-and-excite", "add": "sum",
}  # fmt: skip
"""What takes several times as long in float. Activations and pools take little."""
BYTES = frozenset({0, TensorProto.INT8, TensorProto.UINT8})
SHOWN = 3
FLAT = 64
"""Channels of the map that stands for a tensor that isn't a map."""
PREPARE = (
    "prepare the file with onnxruntime.quantization.shape_inference.quant_pre_process, then quantise it: otherwise two "
    "layers share a bias, whose scale can fit only one of them"
)
WHOLE = "quantise every convolution, linear layer and sum, or none: leave quantize_static's op_types_to_quantize out"
SIGNED = "quantise with activation_type=QuantType.QUInt8: signed activations have fewer integer operators"
SLOWER = "such a network may take 2 to 10 times as long as one in integers throughout"


def as_run(steps: Iterable[Step], optimised: Optimised) -> list[Step]:
    """The steps with `integer` as onnxruntime decides it; `quantised` says what the file looks like."""
    return [replace(each, quantised=each.integer, integer=each.node in optimised.integer) for each in steps]


def left_in_float(steps: Sequence[Step]) -> list[Step]:
    """The steps of a quantised network that compute in float."""
    return [each for each in steps if each.kind in COMPUTING and not each.integer]


def describe(floats: Sequence[Step], steps: Sequence[Step], signed: bool) -> tuple[str, str]:
    """What is left in float, counted and named, and how to mend it.

    Args:
        signed: whether activations are signed.
    """
    of, computing = Counter(each.kind for each in floats), Counter(each.kind for each in steps)
    counted = [f"{of[kind]} of {computing[kind]} {name}s" for kind, name in COMPUTING.items() if of[kind]]
    named = some([each.source for each in floats], SHOWN)
    mend = PREPARE if any(each.quantised for each in floats) else WHOLE
    if signed:
        mend = SIGNED
    if other := {each.weights for each in floats} - BYTES:
        mend = f"{listed(sorted(map(_type, other)), 'and')} weights: quantise with weight_type=QuantType.QInt8"
    return f"onnxruntime runs {listed(counted, 'and')} in float: {named}", f"{mend}; {SLOWER}"


def _type(kind: int) -> str:
    return str(TensorProto.DataType.Name(kind)).lower()


def check_types(types: Counter[tuple[int, int]], path: object, report: Report) -> None:
    """Reports integer layers that aren't U8S8: kernels are measured with unsigned activations and signed weights."""
    count = sum(types.values())
    signed = sum(each for (activation, _), each in types.items() if activation == TensorProto.INT8)
    unsigned = sum(each for (_, weight), each in types.items() if weight == TensorProto.UINT8)
    if signed:
        report.error(
            "SP1710",
            f"{path}: {signed} of {count} integer layers have signed activations (S8S8), and kernels are measured with "
            "unsigned ones (U8S8)",
            help="quantise with activation_type=QuantType.QUInt8; signed ones may take 2 to 3 times as long",
        )
    elif unsigned:
        report.error(
            "SP1708",
            f"{path}: {unsigned} of {count} integer layers have unsigned weights (U8U8), and kernels are measured with "
            "signed ones (U8S8)",
            help="quantise with weight_type=QuantType.QInt8; unsigned ones may take 2 to 5 times as long",
        )


def moved(found: Optimised, kernels: Sequence[Kernel]) -> list[Kernel]:
    """Kernels for hard sigmoids in float, and one for every two `QuantizeLinear` and `DequantizeLinear` that stay.

    The two around each float hard swish and hard sigmoid are part of that kernel.
    """
    gates = [_as_map(each)._replace(kind=HSIGMOID_FLOAT) for each in found.gates if each]
    count = Counter(map(_as_map, filter(None, found.moves)))
    for each in (*kernels, *gates):
        if each.kind in (HSWISH_FLOAT, HSIGMOID_FLOAT):
            count[each._replace(kind=REQUANTISE)] -= 2
    return gates + [kernel for kernel, each in sorted(count.items()) for _ in range(math.ceil(each / 2))]


def _as_map(dims: Dims) -> Kernel:
    if len(dims) == 4 and dims[0] == 1 and (dims[2] == dims[3] or dims[1] == dims[2]):
        channels, size = (dims[1], dims[2]) if dims[2] == dims[3] else (dims[3], dims[1])
        return Kernel(REQUANTISE, channels, channels, size)
    count = math.prod(dims)
    if count <= FLAT**2:
        return Kernel(REQUANTISE, count, count, 1)
    return Kernel(REQUANTISE, FLAT, FLAT, round(math.sqrt(count / FLAT)))
