"""What can't be predicted is refused: each message in full, all of a file's at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from spacelang.latency.match import kernels_of_onnx, matched, reading
from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import SpacelangError
from tests.latency.match.graphs import Graph, Shape

SCALE, ZERO = np.float32(0.02), np.uint8(0)


def refused(path: Path) -> list[tuple[str, str, str]]:
    """Code, message and help of what is said; FILE stands for the path."""
    with pytest.raises(SpacelangError) as caught:
        kernels_of_onnx(path)
    return [(each.code, each.message.replace(str(path), "FILE"), each.help) for each in caught.value.diagnostics]


def graph_refused(graph: Graph, folder: Path, *outputs: str) -> list[tuple[str, str, str]]:
    return refused(graph.save(folder / "network.onnx", *outputs))


def test_no_file(tmp_path: Path) -> None:
    path = tmp_path / "nothing.onnx"
    help = "name a file in ONNX's format"
    assert refused(path) == [("SP1701", "FILE can't be read: No such file or directory", help)]
    assert refused(tmp_path) == [("SP1701", "FILE can't be read: Is a directory", help)]


@pytest.mark.parametrize("content", [b"stage stage1 {}", b"\x08\x09\x3a\xff\xff\xff", bytes(range(256))])
def test_no_onnx(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.onnx"
    path.write_bytes(content)
    assert refused(path) == [("SP1701", "FILE is no ONNX model, or is damaged", "export it again")]


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.touch()
    assert refused(path) == [("SP1701", "FILE holds no ONNX graph", "export it again")]


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Graph()
    path = graph.save(tmp_path / "network.onnx", graph.conv("x", 8, 8))
    monkeypatch.setattr(reading, "FILE_BYTES", 100)
    size = path.stat().st_size
    help = "keep the weights beside it: onnx.save(model, path, save_as_external_data=True)"
    assert refused(path) == [("SP1702", f"FILE has {size:,} bytes, more than the 100 of one ONNX file", help)]


def test_a_graph_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "NODES", 1)
    graph = Graph()
    output = graph.node("Relu", graph.conv("x", 8, 8))
    assert graph_refused(graph, tmp_path, output) == [("SP1702", "FILE has 2 operators, more than 1", "")]


@pytest.mark.parametrize("location", ["weights", "../weights", "/etc/passwd"])
def test_weights_that_are_missing_or_elsewhere(location: str, tmp_path: Path) -> None:
    graph = Graph()
    graph.conv("x", 8, 8)
    (weights,) = graph.weights
    weights.data_location = TensorProto.EXTERNAL
    weights.ClearField("raw_data")
    weights.external_data.add(key="location", value=location)
    message = f"FILE keeps weights in {location}, which isn't beside it"
    assert graph_refused(graph, tmp_path, "conv0") == [("SP1703", message, "copy the model with all its files")]


FIXED = "fix it: python -m onnxruntime.tools.make_dynamic_shape_fixed --input_name x --input_shape "
INPUTS: list[tuple[Shape, str, str]] = [
    (("n", 3, "h", "w"), "the input x of FILE is n×3×h×w: its size isn't fixed", f"{FIXED}1,3,224,224 MODEL FIXED"),
    ((1, 3, 192, "w"), "the input x of FILE is 1×3×192×w: its size isn't fixed", f"{FIXED}1,3,192,224 MODEL FIXED"),
    (
        (8, 3, 32, 32),
        "the input x of FILE is 8×3×32×32: a batch of 8",
        "latencies are for one image: export the network with a batch of 1",
    ),
    ((1, 64), "the input x of FILE has 2 dimensions; it should be 1×C×H×W", ""),
]


@pytest.mark.parametrize(("shape", "message", "help"), INPUTS, ids=str)
def test_inputs(shape: Shape, message: str, help: str, tmp_path: Path) -> None:
    graph = Graph(shape)
    assert graph_refused(graph, tmp_path, graph.node("Relu", "x")) == [("SP1704", message, help)]


def test_two_inputs(tmp_path: Path) -> None:
    graph = Graph()
    graph.inputs.append(onnx.helper.make_tensor_value_info("mask", TensorProto.FLOAT, (1, 8, 16, 16)))
    message = "FILE has 2 inputs (x and mask); a network of kernels has one, an image"
    assert graph_refused(graph, tmp_path, graph.node("Add", "x", "mask")) == [("SP1704", message, "")]


def test_a_batch_that_is_a_symbol_is_one(tmp_path: Path) -> None:
    graph = Graph(("n", 8, 16, 16))
    path = graph.save(tmp_path / "network.onnx", graph.conv("x", 8, 8))
    (warning,) = kernels_of_onnx(path).warnings
    assert warning.code == "SP1709"
    assert warning.message == f"the batch of {path} is dynamic; the prediction is for a batch of 1"


def test_all_operators_without_a_kernel_are_named(tmp_path: Path) -> None:
    graph = Graph()
    value = "x"
    for _ in range(5):
        value = graph.node("LayerNormalization", graph.conv(value, 8, 8), np.ones(16, np.float32))
    value = graph.node("Tile", value, np.array([1, 1, 1, 1]))
    value = graph.node("Gelu", value, domain="com.microsoft")
    assert graph_refused(graph, tmp_path, value) == [
        ("SP1705", f"FILE: no kernel covers the operator {which}", matched.COVERED)
        for which in (
            "`LayerNormalization` (layernormalization1, layernormalization3, layernormalization5, … (5 nodes))",
            "`Tile` (tile10)",
            "`com.microsoft.Gelu` (gelu11)",
        )
    ]


WHOLE = "kernels are whole or depthwise convolutions"
UNFIT: dict[str, tuple[Callable[[Graph], str], str, str]] = {
    "groups": (lambda graph: graph.conv("x", 8, 8, groups=2), "`Conv` conv0 has 2 groups for 8 → 8 channels", WHOLE),
    "multiplier": (
        lambda graph: graph.conv("x", 8, 16, groups=8), "`Conv` conv0 has 8 groups for 8 → 16 channels", WHOLE
    ),
    "dilations": (
        lambda graph: graph.conv("x", 8, 8, 3, pads=[2] * 4, dilations=[2, 2]),
        "`Conv` conv0 has dilations of 2×2",
        "kernels aren't dilated",
    ),
    "kernel": (
        lambda graph: graph.node("Conv", "x", np.zeros((8, 8, 1, 3), np.float32), pads=[0, 1, 0, 1]),
        "`Conv` conv0 has a kernel of 1×3",
        "kernels are square",
    ),
    "strides": (
        lambda graph: graph.conv("x", 8, 8, strides=[1, 2]),
        "`Conv` conv0 has strides of 1×2",
        "the stride is the same in both directions",
    ),
    "pads": (
        lambda graph: graph.conv("x", 8, 8, 3, pads=[0] * 4),
        "`Conv` conv0 with kernel 3, stride 1 and pads 0×0×0×0 makes 16×16 maps 14×14",
        "kernels keep ⌈size / stride⌉, here 16: pad by kernel div 2",
    ),
    "channels": (lambda graph: graph.conv("x", 4, 8), "`Conv` conv0 has weights for 4 channels and reads 8", ""),
    "half": (
        lambda graph: graph.node("Conv", "x", np.zeros((8, 8, 1, 1), np.float16)),
        "`Conv` conv0 has weights in float16",
        "kernels are float32, or 8-bit integers that are quantised statically",
    ),
    "clip": (lambda graph: graph.node("Clip", "x", -1.0, 1.0), "`Clip` clip0 clips below -1", "kernels clip at 0"),
    "broadcast": (
        lambda graph: graph.node("Add", "x", graph.node("GlobalAveragePool", "x")),
        "`Add` add1 combines 1×8×16×16 with 1×8×1×1",
        "kernels add maps of one shape",
    ),
    "attention": (
        lambda graph: graph.node("MatMul", graph.node("Flatten", "x"), graph.node("Flatten", "x")),
        "`MatMul` matmul2 computes 'flatten1', which is a constant in every kernel",
        "",
    ),
    "shuffle": (
        lambda graph: graph.node("Reshape", "x", np.array([1, 2, 4, 16, 16])),
        "`Reshape` reshape0 makes 1×8×16×16 1×2×4×16×16",
        "kernels flatten maps to 1×C or leave them whole",
    ),
    "layout": (
        lambda graph: graph.node("Transpose", graph.conv("x", 8, 8), perm=[0, 2, 3, 1]),
        "`Transpose` transpose1 moves a map between layouts within the network",
        "export it with channels first throughout",
    ),
    "dynamic": (
        lambda graph: graph.node("DynamicQuantizeLinear", "x"),
        "`DynamicQuantizeLinear` dynamicquantizelinear0 quantises dynamically",
        "quantise statically (onnxruntime.quantization.quantize_static)",
    ),
    "unknown": (
        lambda graph: graph.node("Relu", "nothing"),
        "`Relu` relu0 reads 'nothing', which nothing before it makes",
        "export the network again",
    ),
    "malformed": (
        lambda graph: graph.conv("x", 8, 8, pads="two"),
        "`Conv` conv0 has operands or attributes that this operator can't have",
        "",
    ),
    "product": (
        lambda graph: graph.node("Mul", "x", graph.conv("x", 8, 8)), "`Mul` mul1 is part of no kernel", matched.COVERED
    ),
    "norm before": (
        lambda graph: graph.conv(graph.node("BatchNormalization", "x", *[np.ones(8, np.float32)] * 4), 8, 8),
        "`BatchNormalization` batchnormalization0 is part of no kernel",
        matched.COVERED,
    ),
}  # fmt: skip


def mean(graph: Graph) -> str:
    """One number for each channel, computed."""
    return graph.node("Flatten", graph.node("GlobalAveragePool", graph.conv("x", 8, 8, 3)))


ONES, SQUARE = np.ones(8, np.float32), np.zeros((8, 8, 1, 1), np.float32)
GRID = (SCALE, ZERO)
COMPUTED: dict[str, Callable[[Graph], str]] = {
    "bias of a convolution": lambda graph: graph.node("Conv", "x", SQUARE, mean(graph)),
    "bias of a linear layer": lambda graph: graph.node(
        "Gemm", graph.node("Flatten", "x"), np.zeros((2048, 8), np.float32), mean(graph)
    ),
    "bias of a quantised convolution": lambda graph: graph.node(
        "QLinearConv", "x", *GRID, SQUARE.astype(np.int8), np.float32(1), np.int8(0), *GRID, mean(graph)
    ),
    "factor of a norm": lambda graph: graph.node("BatchNormalization", "x", mean(graph), ONES, ONES, ONES),
    "mean of a norm": lambda graph: graph.node("BatchNormalization", "x", ONES, ONES, mean(graph), ONES),
    "scale": lambda graph: graph.node("QuantizeLinear", "x", mean(graph), ZERO),
}


@pytest.mark.parametrize("make", COMPUTED.values(), ids=COMPUTED)
def test_what_computes_a_constant_is_not_left_out(make: Callable[[Graph], str], tmp_path: Path) -> None:
    """Nothing else reads the pool and its convolution: they would be in no kernel."""
    graph = Graph()
    ((code, message, _),) = graph_refused(graph, tmp_path, make(graph))
    made = next(each.name for each in graph.nodes if each.op_type == "Flatten" and each.input[0] != "x")
    assert code == "SP1706"
    assert message.endswith(f" computes '{made}', which is a constant in every kernel")


@pytest.mark.parametrize(("size", "dims"), [(4, (1, 1, 4, 4)), (16, (16,)), (16, (1, 16)), (4, (1, 1, 16, 1))], ids=str)
def test_constants_that_are_not_one_for_each_channel(size: int, dims: tuple[int, ...], tmp_path: Path) -> None:
    """As many as there are channels, but they are added along the height or width."""
    graph = Graph((1, 16, size, size))
    output = graph.node("Add", graph.conv("x", 16, 16), np.ones(dims, np.float32))
    message = f"FILE: `Add` add1 combines 1×16×{size}×{size} with constants of shape {'×'.join(map(str, dims))}"
    assert graph_refused(graph, tmp_path, output) == [("SP1706", message, "")]


def test_a_constant_without_a_value(tmp_path: Path) -> None:
    graph = Graph()
    output = graph.node("Conv", "x", SQUARE, graph.node("Constant"))
    message = "FILE: no kernel covers the operator `Constant` (constant0)"
    assert graph_refused(graph, tmp_path, output) == [("SP1705", message, matched.COVERED)]


@pytest.mark.parametrize(("make", "message", "help"), UNFIT.values(), ids=UNFIT)
def test_forms_that_no_kernel_has(make: Callable[[Graph], str], message: str, help: str, tmp_path: Path) -> None:
    graph = Graph()
    assert graph_refused(graph, tmp_path, make(graph)) == [("SP1706", f"FILE: {message}", help)]


def test_a_map_that_is_not_square(tmp_path: Path) -> None:
    graph = Graph((1, 8, 16, 32))
    message, help = "FILE: `Conv` conv0 reads a map of 16×32", "kernels read square maps: make the input square"
    assert graph_refused(graph, tmp_path, graph.conv("x", 8, 8)) == [("SP1706", message, help)]


def test_several_errors_are_told_together(tmp_path: Path) -> None:
    graph = Graph()
    grouped = graph.node("Relu", graph.conv("x", 8, 8, groups=2))
    dilated = graph.conv("x", 8, 8, 3, pads=[2] * 4, dilations=[2, 2])
    found = graph_refused(graph, tmp_path, graph.node("Add", grouped, dilated), graph.node("Erf", "x"))
    assert [message for _, message, _ in found] == [
        "FILE: no kernel covers the operator `Erf` (erf4)",
        "FILE: `Conv` conv0 has 2 groups for 8 → 8 channels",
        "FILE: `Conv` conv2 has dilations of 2×2",
    ]


def quantised(graph: Graph, x: str, zero: np.generic = ZERO) -> str:
    return graph.node("DequantizeLinear", graph.node("QuantizeLinear", x, SCALE, zero), SCALE, zero)


def quantised_conv(graph: Graph, x: str, zero: np.generic = ZERO) -> str:
    weights = graph.node("DequantizeLinear", np.zeros((8, 8, 1, 1), np.int8), np.ones(8, np.float32), axis=0)
    return quantised(graph, graph.node("Conv", quantised(graph, x, zero), weights), zero)


def test_a_network_that_is_quantised_in_part(tmp_path: Path) -> None:
    graph = Graph()
    output = graph.conv(quantised_conv(graph, graph.conv("x", 8, 8)), 8, 8)
    message = "FILE is quantised in part: in float compute `Conv` conv0 and `Conv` conv7"
    help = "quantise every convolution, linear layer and sum, or none"
    assert graph_refused(graph, tmp_path, output) == [("SP1707", message, help)]


def test_a_sum_in_float(tmp_path: Path) -> None:
    graph = Graph()
    value = quantised_conv(graph, "x")
    output = quantised_conv(graph, graph.node("Add", value, graph.node("Relu", value)))
    ((code, message, _),) = graph_refused(graph, tmp_path, output)
    assert (code, message) == ("SP1707", "FILE is quantised in part: in float compute `Add` add7")


def test_a_norm_behind_integers_runs(tmp_path: Path) -> None:
    """Its convolution is rounded before it, so nothing can fold it."""
    graph = Graph()
    normed = graph.node("BatchNormalization", quantised_conv(graph, "x"), *[np.ones(8, np.float32)] * 4)
    message = "FILE: `BatchNormalization` batchnormalization6 is part of no kernel"
    assert graph_refused(graph, tmp_path, normed) == [("SP1706", message, matched.COVERED)]


def test_other_numbers(tmp_path: Path) -> None:
    graph = Graph(kind=TensorProto.FLOAT16)
    message, help = "the input x of FILE holds float16", "kernels are measured in float32 and in 8-bit integers"
    assert graph_refused(graph, tmp_path, graph.node("Relu", "x")) == [("SP1708", message, help)]
    graph = Graph()
    output = quantised_conv(graph, "x", np.uint16(0))
    assert graph_refused(graph, tmp_path, output) == [
        ("SP1708", "FILE has activations in uint16", "quantise activations to uint8")
    ]


def test_signed_activations_are_warned_of(tmp_path: Path) -> None:
    graph = Graph()
    path = graph.save(tmp_path / "network.onnx", quantised_conv(graph, "x", np.int8(0)))
    found = kernels_of_onnx(path)
    assert found.kernels == [Kernel("conv", 8, 8, 16)]
    (warning,) = found.warnings
    message = f"{path} has activations in int8; the prediction is for uint8, which has more integer kernels"
    assert (warning.code, warning.message) == ("SP1710", message)
    assert warning.help == "quantise with activation_type=QuantType.QUInt8"


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    """Whatever bytes change: never anything but a diagnostic."""
    whole = OnnxRuntime().kernel_model(Kernel("se", 8, 8, 4, squeeze=8), "int8")
    path, draw, refusals = tmp_path / "damaged.onnx", random.Random(0), 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(bytes(damaged[: draw.choice((len(damaged), draw.randrange(len(damaged))))]))
        try:
            kernels_of_onnx(path)
        except SpacelangError:
            refusals += 1
    assert refusals > 100
