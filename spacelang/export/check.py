"""What must hold of a file before it ships. What doesn't is an error that names operator and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacelang import ir
from spacelang.export.formats import Format
from spacelang.export.judging import Judged
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layers
from spacelang.report.diagnostics import refuse
from spacelang.steps import Steps
from spacelang.steps.witness import halfway, quantise, run

EQUAL = 0.995
"""The least share of an operator's outputs that equal the exact witness's, given the same inputs. What lies halfway
between two integers may be rounded either way."""
FEWEST = 400
"""With fewer outputs, a single one may differ."""
LOST = 0.02
"""The most accuracy that a file may lose against the network in torch, and no fewer than `IMAGES_LOST`."""
IMAGES_LOST = 3
FLOAT_OPERATORS = frozenset({"Conv", "FusedConv", "Gemm", "FusedGemm", "MatMul", "FusedMatMul"})
REPORT = "nothing was written; please report it with the model and the version of spacelang"


@dataclass(frozen=True)
class Operators:
    """How operators compare with the exact witness: the least share that is equal, of which operator."""

    count: int
    equal: float
    worst: str


def check_operators(steps: Steps, format: Format, images: NDArray[np.float32]) -> Operators:
    """Every operator by itself, given the integers that the exact witness has there.

    Raises: SpacelangError: SP1905: naming the operator, if one differs too much.
    """
    integers = run(steps, images)
    assert steps.inputs[0].grid is not None
    image = quantise(images, steps.inputs[0].grid)
    least, worst = 1.0, ""
    for index, step in enumerate(steps.steps):
        if format.integers is None:
            break
        distinct = dict.fromkeys(step.inputs)
        inputs = [image if each < 0 else integers[each] for each in distinct]
        found = format.integers(steps.alone(index), inputs)
        apart = np.abs(found.astype(np.int16) - integers[index])
        # A sum has its inputs twice where it adds a map to itself.
        read = [image if each < 0 else integers[each] for each in step.inputs]
        tied = halfway(step, steps.read(step), read)
        equal = float(((apart == 0) | (tied & (apart == 1))).mean())
        single = apart.size < FEWEST and int((apart != 0).sum()) <= 1
        if int(apart.max()) > 1 or (equal < EQUAL and not single):
            message = f"{step.kind} `{step.name}` differs from its exact definition: {equal:.2%} equal"
            refuse("SP1905", f"{message}, up to {int(apart.max())} apart", _mend(step.kind))
        if equal < least:
            least, worst = equal, step.name
    return Operators(len(steps.steps), least, worst)


def _mend(kind: str) -> str:
    if kind == "avgpool":
        return "TFLite can't place these windows on its grid: take a stride that divides the map, or another format"
    return REPORT


def check_accuracy(file: Judged, network: Judged) -> None:
    """Raises: SpacelangError: SP1906 if the file is less accurate than the network in torch."""
    lost = network.accuracy.top1 - file.accuracy.top1
    if lost > max(LOST, IMAGES_LOST / file.accuracy.images):
        message = f"the file gets {file.accuracy.top1:.2%} of {file.accuracy.images} images right, the network in torch"
        figures = f"{network.accuracy.top1:.2%}; cross entropy {file.accuracy.cross_entropy:.4f}"
        refuse("SP1906", f"{message} {figures} and {network.accuracy.cross_entropy:.4f}", REPORT)


def check_onnx(content: bytes, model: ir.SearchSpace, architecture: Architecture, steps: Steps) -> None:
    """ONNX's checker; no convolution or linear layer in float; the kernels of the IR.

    Raises: SpacelangError: SP1907: saying which of them doesn't hold, and where.
    """
    import onnx

    from spacelang.latency.runtimes.onnxruntime.session import optimised

    loaded = onnx.load_model_from_string(content)
    try:
        onnx.checker.check_model(loaded, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        refuse("SP1907", f"ONNX's checker refuses the file: {' '.join(str(error).split())}", REPORT)
    if steps.precision == "int8":
        floats = [node.name for node in optimised(content).graph.node if node.op_type in FLOAT_OPERATORS]
        if floats:
            refuse("SP1907", f"onnxruntime computes {len(floats)} operators in float, first `{floats[0]}`", REPORT)
    _check_kernels(content, model, architecture, steps)


def _check_kernels(content: bytes, model: ir.SearchSpace, architecture: Architecture, steps: Steps) -> None:
    from spacelang.latency.match import kernels_of_onnx

    with TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        path.write_bytes(content)
        found = kernels_of_onnx(path).kernels
    expected = [kernel for layer in layers(model, architecture) for kernel in kernels_of(layer.ops)]
    if steps.precision == "int8":
        found, expected = _clamped(found), _clamped(expected)
    missing, more = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    if missing or more:
        first: Any = next(iter(missing or more))
        refuse("SP1907", f"the file doesn't hold the kernels of {model.name}: {first} differs first", REPORT)


def _clamped(kernels: Sequence[Kernel]) -> list[Kernel]:
    """In integers a clamp is the saturation of the output, and relu is relu6."""
    return [each._replace(act="", kind="relu" if each.kind == "relu6" else each.kind) for each in kernels]
