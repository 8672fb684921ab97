"""Any ONNX file as kernels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from onnx import ModelProto, TensorProto

from spacelang.latency.match.constants import Constants
from spacelang.latency.match.context import Context
from spacelang.latency.match.optimised import Dims, Optimised, number_nodes, optimise
from spacelang.latency.match.patterns import Fusion, fuse, op_of
from spacelang.latency.match.reading import read_input, read_model
from spacelang.latency.match.running import as_run, check_types, describe, left_in_float, moved
from spacelang.latency.match.shapes import Shapes
from spacelang.latency.match.steps import Step, Value
from spacelang.latency.match.translate import Problems, translate
from spacelang.latency.runtimes.onnxruntime.foreign import HSWISH_FLOAT
from spacelang.latency.runtimes.protocol import Precision
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.report.diagnostics import Diagnostic, Report, Severity
from spacelang.report.suggest import listed, some

COVERED = (
    "covered are Conv, Gemm and MatMul, BatchNormalization after them, Add, Relu, Clip at 0, Sigmoid and HardSigmoid, "
    "HardSwish, x·Sigmoid(x), squeeze-and-excite, AveragePool, MaxPool, GlobalAveragePool, ReduceMean, Flatten, and "
    "their quantised forms"
)
BEFORE = "give the file from before onnxruntime optimised it: an optimised file depends on the machine"
NORMALISED = (
    "normalise the image before the network sees it, and leave that out of the file (onnx.utils.extract_model): it "
    "isn't a kernel"
)
OPTIMISED = frozenset({"com.microsoft.FusedConv", "com.microsoft.FusedGemm", "com.microsoft.FusedMatMul"})
BLOCKED = "com.microsoft.nchwc."
NODES_NAMED = 3


class Matched(NamedTuple):
    """A network as kernels, as onnxruntime would run it.

    Attributes:
        kernels: in the order of the graph. Where integers saturate as a relu would, the relu is left out. For a
            quantised network: its integer kernels, and `requantise` kernels for moves between integers and floats.
        precision: `int8` for a quantised network.
        input_shape: 1 × channels × height × width (or channels last, where the file has it so).
        warnings: what was assumed.
        floats: the kernels that a quantised network computes in float.
    """

    kernels: list[Kernel]
    precision: Precision
    input_shape: tuple[int, ...]
    warnings: tuple[Diagnostic, ...]
    floats: list[Kernel]


def kernels_of_onnx(path: str | os.PathLike[str], *, floats: bool = False) -> Matched:
    """The fused kernels of a network in an ONNX file, be it float32, QDQ or QOperator.

    Args:
        floats: whether a quantised network may be computed partly in float; otherwise such a network is refused.

    Raises:
        SpacelangError: SP1701-SP1704 if the file doesn't hold a network for one image; SP1705, SP1706, SP1708, SP1710
            if it has operators, or forms of them, that no kernel covers. Every one is named. SP1707 if it is only
            partly quantised, SP1712 if onnxruntime can't load it.
    """
    path = Path(path)
    model = read_model(path)
    given, warnings = read_input(model, path)
    constants = Constants(model.graph.initializer, model.opset_import, path)
    # The first dimensions are the batch and the channels, unless a transpose says otherwise.
    context = Context(constants, {given.name: Value(-1, given.dims)})
    outputs = [each.name for each in model.graph.output]
    problems = translate(model.graph.node, context, outputs, Shapes(model))
    report = Report(list(warnings))
    _report(problems, path, report)
    _check_types(context.types, path, report)
    report.raise_if_failed()
    found = _optimise(model, path, context)
    check_types(found.types, path, report)
    made = (context.values[each].step for each in outputs)
    network = Fusion(as_run(context.steps, found), made, context.requantised)
    steps = fuse(network)
    precision: Precision = "int8" if found.integer or found.moves else "fp32"
    kernels = _kernels(steps, path, report)
    if precision == "fp32":
        return Matched(kernels, precision, given.dims, tuple(report.diagnostics), [])
    _check_floats(steps, TensorProto.INT8 in context.types, path, floats, report)
    integers, in_float = _parted(steps, kernels)
    integers += moved(found, integers)
    return Matched(integers, precision, given.dims, tuple(report.diagnostics), in_float)


def _kernels(steps: list[Step], path: Path, report: Report) -> list[Kernel]:
    ops = [op_of(each) for each in steps]
    for step in (step for step, op in zip(steps, ops, strict=True) if op is None):
        on_image = _normalises(step, steps)
        if not on_image or step.inputs[0] < 0:  # one error for everything that is done to the image
            report.error("SP1706", f"{path}: {step.source} isn't part of any kernel",
                         help=NORMALISED if on_image else COVERED)  # fmt: skip
    report.raise_if_failed()
    return kernels_of([each for each in ops if each])


def _check_floats(steps: list[Step], signed: bool, path: Path, allowed: bool, report: Report) -> None:
    """Reports what a quantised network computes in float: an error, or a warning where that is allowed."""
    left = left_in_float(steps)
    if left:
        message, help = describe(left, steps, signed)
        severity, code = (Severity.WARNING, "SP1711") if allowed else (Severity.ERROR, "SP1707")
        report.diagnostics.append(Diagnostic(code, f"{path}: {message}", help=help, severity=severity))
        report.raise_if_failed()


def _parted(steps: Sequence[Step], kernels: Sequence[Kernel]) -> tuple[list[Kernel], list[Kernel]]:
    """The integer kernels of a quantised network, and its float kernels. A clamp is part of the kernel before it."""
    integers: list[Kernel] = []
    floats: list[Kernel] = []
    rest = list(reversed(kernels))
    left = {id(each) for each in left_in_float(steps)}
    for step in steps:
        if not rest or (step.kind == "clip" and rest[-1].kind not in ("relu", "relu6")):
            continue
        kernel = rest.pop()
        if step.kind == "hswish" and not step.integer:
            kernel = kernel._replace(kind=HSWISH_FLOAT)
        (floats if id(step) in left else integers).append(kernel)
    return integers, floats


def _normalises(step: Step, steps: Sequence[Step]) -> bool:
    """Whether this is arithmetic on the image itself."""
    while step.kind in ("norm", "shift", "scale"):
        if step.inputs[0] < 0:
            return True
        step = steps[step.inputs[0]]
    return False


def _optimise(model: ModelProto, path: Path, context: Context) -> Optimised:
    number_nodes(model)
    values, constants = context.values, context.constants

    def dims_of(name: str) -> Dims | None:
        if name in values:
            return values[name].dims
        return constants[name].dims if name in constants else None

    return optimise(model, path, dims_of)


def _report(problems: Problems, path: Path, report: Report) -> None:
    for kind, names in sorted(problems.uncovered.items()):
        shown = ", ".join(names[:NODES_NAMED]) + (f", … ({len(names)} nodes)" if len(names) > NODES_NAMED else "")
        help = BEFORE if kind in OPTIMISED or kind.startswith(BLOCKED) else COVERED
        report.error("SP1705", f"{path}: no kernel covers the operator `{kind}` ({shown})", help=help)
    for alike in problems.grouped():
        names = [each.label for each in alike]
        more = f" (so do {some(names[1:], NODES_NAMED)})" if names[1:] else ""
        report.error("SP1706", f"{path}: {alike[0].text}{more}", help=alike[0].help)


def _check_types(types: set[int], path: Path, report: Report) -> None:
    """Reports activations that aren't 8-bit integers."""
    other = types - {TensorProto.UINT8, TensorProto.INT8}
    if other:
        names = listed(sorted(TensorProto.DataType.Name(each).lower() for each in other), "and")
        report.error("SP1708", f"{path} has activations in {names}", help="quantise activations to uint8")
