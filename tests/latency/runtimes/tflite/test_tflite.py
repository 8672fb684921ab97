"""Kernels and networks as TFLite models: they compute what the ONNX graphs compute; integers are exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
import tflite
from numpy.typing import NDArray

from spacelang.latency.runtimes.protocol import Precision
from spacelang.latency.runtimes.runtime import OnnxRuntime, runtime
from spacelang.latency.runtimes.tflite import TFLite
from spacelang.latency.runtimes.tflite.integers import run_lite
from spacelang.latency.runtimes.tflite.interpreter import LiteModel
from spacelang.networks.kernels import Kernel
from spacelang.networks.sample import sample
from spacelang.steps import INPUT, Grid, Map, Step, Steps, Window, kernel_steps
from spacelang.steps.network import HSIGMOID, StepKind
from spacelang.steps.witness import halfway, run_integers
from tests.latency.runtimes.test_graphs import KERNELS, PRECISIONS
from tests.nn.networks import SPECS, spec
from tests.steps.test_witness import one_step

EVEN = {
    Kernel("conv", 24, 40, 16, kernel=3, stride=2, act="relu"): (8, 40),
    Kernel("dwconv", 24, 24, 16, kernel=7, stride=2): (8, 24),
    Kernel("maxpool", 16, 16, 16, kernel=3, stride=2): (8, 16),
    Kernel("avgpool", 16, 16, 16, kernel=2, stride=2): (8, 16),
    Kernel("conv", 24, 40, 16, stride=2): (8, 40),
}
"""Where symmetric padding isn't TFLite's own."""
ALL = {**KERNELS, **EVEN}


def model(kernel: Kernel, precision: Precision) -> LiteModel:
    return LiteModel(TFLite().kernel_model(kernel, precision))


def run(model: LiteModel, value: NDArray[Any]) -> NDArray[Any]:
    model.set_input(value)
    model.run()
    return np.asarray(model.output())


def operators(content: bytes) -> list[str]:
    """The names of the operators in a file."""
    names = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
    found = tflite.Model.GetRootAsModel(content, 0)
    graph = found.Subgraphs(0)
    codes = (graph.Operators(at).OpcodeIndex() for at in range(graph.OperatorsLength()))
    return [names[found.OperatorCodes(each).BuiltinCode()] for each in codes]


@pytest.mark.parametrize("kernel", ALL, ids=str)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_kernels_run_with_the_shapes_that_they_have_in_a_network(kernel: Kernel, precision: Precision) -> None:
    made = model(kernel, precision)
    made.run()
    size, channels = ALL[kernel]
    assert made.output().shape == (1, size, size, channels)
    assert made.output().dtype == (np.int8 if precision == "int8" else np.float32)
    assert made.output().std() > 0


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_linear_layer_reads_pooled_channels(precision: Precision) -> None:
    made = model(Kernel("linear", 64, 10, 1), precision)
    made.run()
    assert made.output().shape == (1, 10)


@pytest.mark.parametrize("kernel", [*ALL, Kernel("linear", 64, 10, 1)], ids=str)
def test_float_kernels_compute_what_onnx_computes(kernel: Kernel) -> None:
    shape = (1, kernel.size, kernel.size, kernel.channels_in)
    value = np.random.default_rng(1).standard_normal(shape, np.float32) * 4
    content = OnnxRuntime().kernel_model(kernel, "fp32")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"x": value.transpose(0, 3, 1, 2)})
    found = run(model(kernel, "fp32"), value)
    if found.ndim == 4:
        found = found.transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["digits", "mobilenetv3", "ofa_resnet50", "seqnet_vnni_a0"])
def test_float_networks_compute_what_onnx_computes(name: str) -> None:
    space = spec(name)
    (architecture,) = sample(space, 1, seed=3)
    shape = (1, architecture.resolution, architecture.resolution, space.channels)
    value = np.random.default_rng(1).random(shape, np.float32)
    content = OnnxRuntime().network_model(space, architecture, "fp32")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": value.transpose(0, 3, 1, 2)})[0].reshape(-1)
    found = run(LiteModel(TFLite().network_model(space, architecture, "fp32")), value).reshape(-1)
    assert expected.std() > 0.1
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def reference(kernel: Kernel, value: NDArray[np.int8]) -> NDArray[Any]:
    """A convolution in integers, from its definition, before the result is rounded to int8."""
    steps = kernel_steps(kernel, "int8")
    (step,), (given,) = steps.steps, steps.inputs
    assert step.weights is not None
    assert step.weights.scales is not None
    assert step.made.grid is not None
    assert given.grid is not None
    depthwise = kernel.kind == "dwconv"
    filters = step.weights.values.astype(np.int64)
    pad = kernel.kernel // 2
    padded = np.pad(value.astype(np.int64) + 128, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    size = -(-kernel.size // kernel.stride)
    sums = np.zeros((1, size, size, kernel.channels_out), np.int64)
    for y in range(size):
        for x in range(size):
            rows, columns = (slice(at * kernel.stride, at * kernel.stride + kernel.kernel) for at in (y, x))
            window = padded[0, rows, columns]
            sums[0, y, x] = np.einsum(
                "yxc,cyx->c" if depthwise else "yxi,oiyx->o", window, filters[:, 0] if depthwise else filters
            )
    factors = step.weights.scales.astype(np.float64) * given.grid.scale / step.made.grid.scale
    return np.asarray(sums * factors + step.made.grid.zero_point - 128)


@pytest.mark.parametrize(
    "kernel",
    [
        Kernel("conv", 5, 7, 6, kernel=3, stride=2),
        Kernel("conv", 5, 7, 5, kernel=5),
        Kernel("dwconv", 6, 6, 8, kernel=3, stride=2),
        Kernel("dwconv", 6, 6, 7, kernel=5),
    ],
    ids=str,
)
def test_integer_convolutions_compute_in_integers(kernel: Kernel) -> None:
    shape = (1, kernel.size, kernel.size, kernel.channels_in)
    value = np.random.default_rng(2).integers(-128, 128, shape, np.int8)
    found = run(model(kernel, "int8"), value).astype(np.float64)
    expected = reference(kernel, value)
    inside = np.abs(expected) < 127
    assert 0.2 < inside.mean() < 1
    # Half a step from rounding, and a little for the factor that is a float32.
    assert np.abs(found - expected.clip(-128, 127)).max() < 0.51


@pytest.mark.parametrize(
    "kind",
    ["conv", "dwconv", "linear", "add", "mul", "pool", "maxpool", "relu", "relu6", "sigmoid", "swish", "hsigmoid",
     "hswish"],
)  # fmt: skip
def test_an_operator_as_the_exact_witness_computes_it(kind: StepKind) -> None:
    for seed in range(6):
        steps, rng = one_step(kind, seed), np.random.default_rng(seed)
        inputs = [rng.integers(0, 256, (2, each.channels, each.size, each.size), np.uint8) for each in steps.inputs]
        apart = np.abs(run_lite(steps, inputs).astype(int) - run_integers(steps, inputs)[-1])
        assert apart.max() <= 1
        assert (apart == 0).mean() >= 0.995


def test_sums_halfway_between_two_integers_may_go_either_way() -> None:
    """The scales have the ratio 1.7: a multiple of 5 alone is halfway."""
    maps = Map(8, 12, Grid(0.6)), Map(8, 12, Grid(1.7))
    step = Step("add", "sum", (INPUT, INPUT - 1), Map(8, 12, Grid(1.0)))
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 60, (1, 8, 12, 12), np.uint8) for _ in maps]
    steps = Steps(maps, (step,))
    apart = np.abs(run_lite(steps, inputs).astype(int) - run_integers(steps, inputs)[0])
    tied = halfway(step, maps, inputs)
    assert 0.05 < tied.mean() < 0.2
    assert apart.max() <= 1
    assert not apart[~tied].any()


def test_a_hard_sigmoid_of_0_is_halfway() -> None:
    """127.5 in steps of 1/255."""
    given = Map(8, 4, Grid(0.0071, 131))
    steps = Steps((given,), (Step("hsigmoid", "gate", (INPUT,), Map(8, 4, HSIGMOID)),))
    x = np.random.default_rng(0).integers(125, 137, (1, 8, 4, 4), np.uint8)
    tied = halfway(steps.steps[0], [given], [x])
    assert (tied == (x == 131)).all()
    apart = np.abs(run_lite(steps, [x]).astype(int) - run_integers(steps, [x])[0])
    assert apart.max() <= 1
    assert not apart[~tied].any()


def test_a_mean_pool_on_a_grid_of_its_own() -> None:
    """Whole windows are a convolution, exactly; others are rounded twice."""
    given = Map(8, 12, Grid(0.05, 10))
    x = np.random.default_rng(0).integers(0, 256, (1, 8, 12, 12), np.uint8)
    for window, least in ((Window(2, 2), 0.995), (Window(3, 1, 1, 1), 0.6)):
        made = Map(8, 12 // window.stride, Grid(0.041, 30))
        steps = Steps((given,), (Step("avgpool", "pool", (INPUT,), made, "", window),))
        apart = np.abs(run_lite(steps, [x]).astype(int) - run_integers(steps, [x])[-1])
        assert apart.max() <= 1
        assert (apart == 0).mean() > least


def test_paddings_that_tflite_has_cost_no_operator() -> None:
    odd, even = Kernel("conv", 8, 8, 15, kernel=3, stride=2), Kernel("conv", 8, 8, 16, kernel=3, stride=2)
    assert operators(TFLite().kernel_model(odd, "int8")) == ["CONV_2D"]
    assert operators(TFLite().kernel_model(even, "int8")) == ["PAD", "CONV_2D"]


def test_a_network_adds_its_border_to_its_kernels() -> None:
    """Quantise on the way in, dequantise on the way out; clamps are fused, hard swish is sum and products."""
    space = spec("seqnet_vnni_a0")
    (architecture,) = sample(space, 1, seed=0)
    found = operators(TFLite().network_model(space, architecture, "int8"))
    assert (found[0], found[-1]) == ("QUANTIZE", "DEQUANTIZE")
    assert "RELU" not in found
    assert "RELU6" not in found
    assert "HARD_SWISH" not in found
    assert found.count("FULLY_CONNECTED") == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.space") if path.stem != "devices"))
def test_every_spec_has_a_model_that_runs_in_integers(name: str) -> None:
    space = spec(name)
    (architecture,) = sample(space, 1, seed=0)
    made = LiteModel(TFLite().network_model(space, architecture, "int8"))
    made.run()
    assert made.output().reshape(-1).shape == (space.classes,)


def test_the_runtime_by_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    """Loading a model tells nothing on stderr."""
    found = runtime("tflite")
    assert (found.name, found.suffix) == ("tflite", ".tflite")
    assert found.version().count(".") == 2
    kernel = Kernel("conv", 8, 8, 8)
    assert found.kernel_model(kernel, "int8")[4:8] == b"TFL3"
    found.kernel(kernel, "int8").run()
    assert capfd.readouterr() == ("", "")
