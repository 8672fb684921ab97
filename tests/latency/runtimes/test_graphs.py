"""Kernels and networks as ONNX graphs: they run, in integers, with the shapes that the IR says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.latency.runtimes.onnxruntime.session import Session, session_options
from spacelang.latency.runtimes.protocol import Precision
from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.networks.architecture import Architecture, smallest
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layers
from spacelang.networks.sample import sample
from spacelang.report.source import Source

SPECS = Path(__file__).parents[3] / "specs"
KERNELS = {
    Kernel("conv", 24, 40, 15, kernel=3, stride=2, act="relu"): (8, 40),
    Kernel("conv", 24, 40, 15): (15, 40),
    Kernel("dwconv", 24, 24, 15, kernel=5, stride=2, act="relu6"): (8, 24),
    Kernel("se", 32, 32, 7, squeeze=8): (7, 32),
    Kernel("add", 16, 16, 7): (7, 16),
    Kernel("add", 16, 16, 7, act="relu"): (7, 16),
    Kernel("avgpool", 16, 16, 15, kernel=2, stride=2): (8, 16),
    Kernel("avgpool", 16, 16, 15, kernel=3, stride=2): (8, 16),
    Kernel("maxpool", 16, 16, 15, kernel=3, stride=2): (8, 16),
    Kernel("pool", 16, 16, 7): (1, 16),
    **{Kernel(act, 16, 16, 7): (7, 16) for act in ("relu", "relu6", "hswish", "swish", "sigmoid", "hsigmoid")},
}
"""With the height and channels of their outputs."""
PRECISIONS: tuple[Precision, ...] = ("int8", "fp32")
MULTIPLYING = {"Conv", "Gemm", "MatMul", "FusedConv"}
"""Float operators that a quantised network must not contain."""
FLOATING = {"Add", "Mul", "HardSwish", "HardSigmoid", "Sigmoid", "DequantizeLinear", "QuantizeLinear"}


kernel_model, network_model = OnnxRuntime().kernel_model, OnnxRuntime().network_model


def output_of(model: bytes) -> np.ndarray:
    session = Session(model)
    session.run()
    return np.asarray(session.output())


def optimised(model: bytes, folder: Path) -> list[str]:
    """The operators that onnxruntime really runs."""
    options, path = session_options(), folder / "optimised.onnx"
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return [node.op_type for node in onnx.load(path).graph.node]


def spec(name: str) -> tuple[ir.SearchSpace, Architecture]:
    """The smallest model of a spec; a hyperspace's is sampled, since its stages have a choice of blocks."""
    path = SPECS / f"{name}.space"
    (space,) = compile_source(Source(str(path), path.read_text()), path)
    return space, sample(space, 1, 0)[0] if space.kind == "hyperspace" else smallest(space)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_kernels_run_with_the_shapes_that_they_have_in_a_network(kernel: Kernel, precision: Precision) -> None:
    output = output_of(kernel_model(kernel, precision))
    size, channels = KERNELS[kernel]
    if precision == "int8":
        assert output.shape == (1, size, size, channels)
        assert output.dtype == np.uint8
    else:
        assert output.shape == (1, channels, size, size)
        assert output.dtype == np.float32


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_linear_layer_reads_pooled_channels(precision: Precision) -> None:
    assert output_of(kernel_model(Kernel("linear", 64, 10, 1), precision)).shape == (1, 10)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_integer_kernels_multiply_no_floats(kernel: Kernel, tmp_path: Path) -> None:
    assert not (MULTIPLYING | FLOATING) & set(optimised(kernel_model(kernel, "int8"), tmp_path))


@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.space") if path.stem != "devices"))
def test_every_spec_has_a_model_that_runs_in_integers(name: str, tmp_path: Path) -> None:
    space, architecture = spec(name)
    model = network_model(space, architecture, "int8")
    operators = optimised(model, tmp_path)
    assert not MULTIPLYING & set(operators)
    kernels = [kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops)]
    convolutions = sum({"conv": 1, "dwconv": 1, "se": 2}.get(kernel.kind, 0) for kernel in kernels)
    assert operators.count("QLinearConv") == convolutions
    assert output_of(model).reshape(-1).shape == (space.classes,)


@pytest.mark.parametrize("name", ["mobilenetv3", "ofa_resnet50", "vnni"])
def test_networks_run_in_floats(name: str) -> None:
    space, architecture = spec(name)
    assert output_of(network_model(space, architecture, "fp32")).reshape(-1).shape == (space.classes,)


def test_a_network_adds_its_border_to_its_kernels(tmp_path: Path) -> None:
    """Quantise and transpose on the way in, dequantise on the way out; no other transpose."""
    space, architecture = spec("seqnet_vnni_a0")
    operators = optimised(network_model(space, architecture, "int8"), tmp_path)
    assert operators[:2] == ["QuantizeLinear", "Transpose"]
    assert operators[-1] == "DequantizeLinear"
    assert "Transpose" not in operators[2:]
