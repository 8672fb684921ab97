"""Any ONNX file as kernels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from onnx import TensorProto

from spacelang.latency.match.constants import Constants
from spacelang.latency.match.context import Context
from spacelang.latency.match.patterns import Network, fuse, op_of
from spacelang.latency.match.reading import read_input, read_model
from spacelang.latency.match.steps import Step, Value
from spacelang.latency.match.translate import Problems, translate
from spacelang.latency.runtimes.protocol import Precision
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.report.diagnostics import Diagnostic, Report, Severity
from spacelang.report.suggest import listed

COVERED = (
    "covered are Conv, Gemm and MatMul, BatchNormalization behind them, Add, Relu, Clip at 0, Sigmoid and HardSigmoid, "
    "HardSwish, x·Sigmoid(x), squeeze-and-excite, AveragePool, MaxPool, GlobalAveragePool, ReduceMean, Flatten, and "
    "their quantised forms"
)
COMPUTING = frozenset({"conv", "dwconv", "se", "linear", "add"})
"""What has to be integer in a quantised network. Activations may be float: the hard ones always are."""
NODES_NAMED = 3


class Matched(NamedTuple):
    """A network as kernels.

    Attributes:
        kernels: in the order of the graph. Where integers saturate as a relu would, no relu is said.
        precision: in which its convolutions, linear layers and sums run.
        input_shape: 1 × channels × height × width (or channels last, where the file has it so).
        warnings: what was assumed.
    """

    kernels: list[Kernel]
    precision: Precision
    input_shape: tuple[int, ...]
    warnings: tuple[Diagnostic, ...]


def kernels_of_onnx(path: str | os.PathLike[str]) -> Matched:
    """The fused kernels of a network in an ONNX file, be it float32, QDQ or QOperator.

    Raises:
        SpacelangError: SP1701-SP1704 if the file holds no network of one image; SP1705-SP1708 if it has operators, or
            forms of them, that no kernel covers. Every one is named.
    """
    path = Path(path)
    model = read_model(path)
    given, warnings = read_input(model, path)
    constants = Constants(model.graph.initializer, model.opset_import, path)
    # The first dimensions are the batch and the channels, unless a transpose says otherwise.
    context = Context(constants, {given.name: Value(-1, given.dims)})
    outputs = [each.name for each in model.graph.output]
    problems = translate(model.graph.node, context, outputs)
    report = Report(list(warnings))
    _report(problems, path, report)
    report.raise_if_failed()
    network = Network(context.steps, (context.values[each].step for each in outputs), context.requantised)
    steps = fuse(network)
    precision = _precision(steps, path, report)
    _check_types(context.types, path, report)
    ops = [op_of(each) for each in steps]
    for step in (step for step, op in zip(steps, ops, strict=True) if op is None):
        report.error("SP1706", f"{path}: {step.source} is part of no kernel", help=COVERED)
    report.raise_if_failed()
    return Matched(kernels_of([each for each in ops if each]), precision, given.dims, tuple(report.diagnostics))


def _report(problems: Problems, path: Path, report: Report) -> None:
    for kind, names in sorted(problems.uncovered.items()):
        shown = ", ".join(names[:NODES_NAMED]) + (f", … ({len(names)} nodes)" if len(names) > NODES_NAMED else "")
        report.error("SP1705", f"{path}: no kernel covers the operator `{kind}` ({shown})", help=COVERED)
    for message, help in problems.unfit:
        report.error("SP1706", f"{path}: {message}", help=help)


def _precision(steps: Sequence[Step], path: Path, report: Report) -> Precision:
    """INT8 if all convolutions, linear layers and sums are integer, FP32 if none is."""
    computing = [each for each in steps if each.kind in COMPUTING]
    floats = [each.source for each in computing if not each.integer]
    if len(floats) == len(computing):
        return "fp32"
    if floats:
        message = f"{path} is quantised in part: in float compute {listed(floats, 'and')}"
        report.error("SP1707", message, help="quantise every convolution, linear layer and sum, or none")
    return "int8"


def _check_types(types: set[int], path: Path, report: Report) -> None:
    """Of activations: kernels are measured on unsigned ones."""
    other = types - {TensorProto.UINT8, TensorProto.INT8}
    if other:
        names = listed(sorted(TensorProto.DataType.Name(each).lower() for each in other), "and")
        report.error("SP1708", f"{path} has activations in {names}", help="quantise activations to uint8")
    elif TensorProto.INT8 in types:
        message = f"{path} has activations in int8; the prediction is for uint8, which has more integer kernels"
        help = "quantise with activation_type=QuantType.QUInt8"
        report.diagnostics.append(Diagnostic("SP1710", message, help=help, severity=Severity.WARNING))
