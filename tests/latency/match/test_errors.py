"""What can't be predicted is refused: each message in full, all of a file's at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from spacelang.latency.match import kernels_of_onnx, matched, reading, running
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


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nothing.onnx"
    help = "name a file in ONNX's format"
    assert refused(path) == [("SP1701", "FILE can't be read: No such file or directory", help)]
    assert refused(tmp_path) == [("SP1701", "FILE can't be read: Is a directory", help)]


@pytest.mark.parametrize("content", [b"stage stage1 {}", b"\x08\x09\x3a\xff\xff\xff", bytes(range(256))])
def test_a_file_that_is_not_onnx_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.onnx"
    path.write_bytes(content)
    assert refused(path) == [("SP1701", "FILE isn't an ONNX model, or is damaged", "export it again")]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.touch()
    assert refused(path) == [("SP1701", "FILE doesn't hold an ONNX graph", "export it again")]


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
def test_an_input_that_is_not_one_image_of_fixed_size_is_refused(
    shape: Shape, message: str, help: str, tmp_path: Path
) -> None:
    graph = Graph(shape)
    assert graph_refused(graph, tmp_path, graph.node("Relu", "x")) == [("SP1704", message, help)]


def test_two_inputs_are_refused(tmp_path: Path) -> None:
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
        "`Reshape` reshape0 reshapes 1×8×16×16 to 1×2×4×16×16",
        "kernels flatten maps to 1×C or keep them whole",
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
        lambda graph: graph.node("Mul", "x", graph.conv("x", 8, 8)),
        "`Mul` mul1 isn't part of any kernel",
        matched.COVERED,
    ),
    "norm before": (
        lambda graph: graph.conv(graph.node("BatchNormalization", "x", *[np.ones(8, np.float32)] * 4), 8, 8),
        "`BatchNormalization` batchnormalization0 isn't part of any kernel",
        matched.NORMALISED,
    ),
    "normalised image": (
        lambda graph: graph.conv(
            graph.node("Div", graph.node("Sub", "x", np.ones((1, 8, 1, 1), np.float32)), 255.0), 8, 8
        ),
        "`Sub` sub0 isn't part of any kernel",
        matched.NORMALISED,
    ),
    "padding by other numbers": (
        lambda graph: graph.conv(graph.node("Pad", "x", np.array([0, 0, 1, 1, 0, 0, 1, 1]), 1.0), 8, 8),
        "`Pad` pad0 pads with something other than zeros",
        "kernels pad with zeros",
    ),
    "padding that nothing reaches": (
        lambda graph: graph.node("Relu", graph.node("Pad", "x", np.array([0, 0, 1, 1, 0, 0, 1, 1]))),
        "`Relu` relu1 reads a map with zeros around it",
        "kernels pad the maps of convolutions and pools",
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
    message = "FILE: onnxruntime runs 2 of 3 convolutions in float: `Conv` conv0, `Conv` conv7"
    assert graph_refused(graph, tmp_path, output) == [("SP1707", message, f"{running.WHOLE}; {running.SLOWER}")]


def test_a_sum_in_float(tmp_path: Path) -> None:
    graph = Graph()
    value = quantised_conv(graph, "x")
    output = quantised_conv(graph, graph.node("Add", value, graph.node("Relu", value)))
    ((code, message, _),) = graph_refused(graph, tmp_path, output)
    assert (code, message) == ("SP1707", "FILE: onnxruntime runs 1 of 1 sums in float: `Add` add7")


def convolutions(graph: Graph, bias_scale: float, weights: np.generic = np.int8(0)) -> str:
    """Four QDQ convolutions, whose biases should have the scale 0.02 · 0.01."""
    value, grid = graph.node("QuantizeLinear", "x", SCALE, ZERO), (SCALE, ZERO)
    for _ in range(4):
        integers = np.full((64, 64, 3, 3), 1, weights.dtype)
        read = graph.node("DequantizeLinear", integers, np.float32(0.01), weights)
        bias = graph.node("DequantizeLinear", np.ones(64, np.int32), np.float32(bias_scale))
        made = graph.node("Conv", graph.node("DequantizeLinear", value, *grid), read, bias, pads=[1] * 4)
        value = graph.node("QuantizeLinear", made, *grid)
    return graph.node("DequantizeLinear", value, *grid)


CONV = Kernel("conv", 64, 64, 56, kernel=3)


def test_a_bias_with_another_scale_makes_a_float_convolution(tmp_path: Path) -> None:
    """The two files look alike; the second takes several times as long."""
    right, wrong = Graph((1, 64, 56, 56)), Graph((1, 64, 56, 56))
    path = right.save(tmp_path / "right.onnx", convolutions(right, 0.0002))
    assert kernels_of_onnx(path).kernels == [CONV] * 4
    ((code, message, help),) = graph_refused(wrong, tmp_path, convolutions(wrong, 0.0003))
    named = "`Conv` conv4, `Conv` conv9, `Conv` conv14 and 1 more"
    assert (code, message) == ("SP1707", f"FILE: onnxruntime runs 4 of 4 convolutions in float: {named}")
    assert "quant_pre_process" in help
    assert "may take 2 to 10 times as long" in help


def test_what_runs_in_float_is_let_in_with_a_warning(tmp_path: Path) -> None:
    graph = Graph((1, 64, 56, 56))
    path = graph.save(tmp_path / "network.onnx", convolutions(graph, 0.0003))
    found = kernels_of_onnx(path, floats=True)
    assert (found.precision, found.floats) == ("int8", [CONV] * 4)
    assert [each.code for each in found.warnings] == ["SP1711"]
    assert {each.kind for each in found.kernels} == {"requantise"}


def test_unsigned_weights_are_refused(tmp_path: Path) -> None:
    graph = Graph((1, 64, 56, 56))
    ((code, message, help),) = graph_refused(graph, tmp_path, convolutions(graph, 0.0002, np.uint8(0)))
    assert (code, message) == (
        "SP1708",
        "FILE: 4 of 4 integer layers have unsigned weights (U8U8), and kernels are measured with signed ones (U8S8)",
    )
    assert help.startswith("quantise with weight_type=QuantType.QInt8")


def test_weights_of_four_bits(tmp_path: Path) -> None:
    graph = Graph()
    integers = onnx.helper.make_tensor("four", TensorProto.INT4, (8, 8, 1, 1), np.zeros(64, np.int8))
    graph.weights.append(integers)
    zero = onnx.helper.make_tensor("zero", TensorProto.INT4, (), [0])
    graph.weights.append(zero)
    weights = graph.node("DequantizeLinear", "four", np.float32(0.1), "zero")
    output = quantised(graph, graph.node("Conv", quantised(graph, "x"), weights))
    path = graph.save(tmp_path / "network.onnx", output, opset=21)
    ((code, message, help),) = refused(path)
    assert (code, message) == ("SP1707", "FILE: onnxruntime runs 1 of 1 convolutions in float: `Conv` conv3")
    assert help == f"int4 weights: quantise with weight_type=QuantType.QInt8; {running.SLOWER}"


def test_numbers_that_are_requantised_are_counted(tmp_path: Path) -> None:
    """A clamp between two integer convolutions, each with a scale of its own, runs in float."""
    graph = Graph((1, 8, 16, 16))
    clamped = graph.node("Clip", quantised_conv(graph, "x"), 0.0, 1.0)
    between = graph.node("QuantizeLinear", clamped, np.float32(0.5), ZERO)
    output = quantised_conv(graph, graph.node("DequantizeLinear", between, np.float32(0.5), ZERO))
    kernels = kernels_of_onnx(graph.save(tmp_path / "network.onnx", output)).kernels
    assert kernels.count(Kernel("requantise", 8, 8, 16)) >= 1


@pytest.mark.parametrize("kind", ["FusedConv", "nchwc.Conv"])
def test_what_onnxruntime_optimised_before(kind: str, tmp_path: Path) -> None:
    graph = Graph()
    domain, _, name = f"com.microsoft.{kind}".rpartition(".")
    output = graph.node(name, "x", np.zeros((8, 8, 1, 1), np.float32), domain=domain)
    message = f"FILE: no kernel covers the operator `com.microsoft.{kind}` ({name.lower()}0)"
    assert graph_refused(graph, tmp_path, output) == [("SP1705", message, matched.BEFORE)]


def test_all_of_a_kind_are_counted_also_after_the_first(tmp_path: Path) -> None:
    """As in ShuffleNet and RegNet: what reads the first bad operator is looked at too."""
    graph = Graph()
    value = "x"
    for _ in range(3):
        value = graph.node("Concat", graph.conv(value, 8, 8, groups=2), graph.node("Slice", value, *SLICE), axis=1)
        value = graph.conv(value, 16, 8)
    found = graph_refused(graph, tmp_path, value)
    assert [(code, message) for code, message, _ in found] == [
        ("SP1705", "FILE: no kernel covers the operator `Concat` (concat2, concat6, concat10)"),
        ("SP1705", "FILE: no kernel covers the operator `Slice` (slice1, slice5, slice9)"),
        ("SP1706", "FILE: `Conv` conv0 has 2 groups for 8 → 8 channels (so do `Conv` conv4, `Conv` conv8)"),
    ]


SLICE = (np.array([0]), np.array([8]), np.array([1]))


def test_files_that_are_something_else(tmp_path: Path) -> None:
    pointer, nothing = tmp_path / "pointer.onnx", Graph((1, 3, 0, 0))
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 14\n")
    message = "FILE is a Git LFS pointer: the model itself wasn't fetched"
    assert refused(pointer) == [("SP1701", message, "git lfs pull")]
    assert graph_refused(nothing, tmp_path, nothing.node("Relu", "x")) == [
        (
            "SP1704",
            "the input x of FILE is 1×3×0×0: it holds nothing",
            "export the network again with the size of a real image",
        )
    ]


def test_weights_that_are_cut_off(tmp_path: Path) -> None:
    graph = Graph()
    path = graph.save(
        tmp_path / "network.onnx", graph.conv("x", 8, 999, kernel=3), save_as_external_data=True, location="weights"
    )  # fmt: skip
    (tmp_path / "weights").write_bytes(b"")
    message = "FILE: the weights of w0 end at byte 287,712 of weights, which has 0"
    assert refused(path) == [("SP1703", message, "copy that file again")]


def test_what_onnxruntime_cannot_load(tmp_path: Path) -> None:
    graph = Graph()
    ((code, message, help),) = graph_refused(graph, tmp_path, graph.conv("x", 8, 8, another=1))
    assert (code, help) == ("SP1712", "export the network again")
    assert message.startswith("onnxruntime can't load FILE: ")


def test_a_norm_after_integers_runs(tmp_path: Path) -> None:
    """Its convolution is rounded before it, so nothing can fold it."""
    graph = Graph()
    normed = graph.node("BatchNormalization", quantised_conv(graph, "x"), *[np.ones(8, np.float32)] * 4)
    message = "FILE: `BatchNormalization` batchnormalization6 isn't part of any kernel"
    assert graph_refused(graph, tmp_path, normed) == [("SP1706", message, matched.COVERED)]


def test_numbers_of_other_types_are_refused(tmp_path: Path) -> None:
    graph = Graph(kind=TensorProto.FLOAT16)
    message, help = "the input x of FILE holds float16", "kernels are measured in float32 and in 8-bit integers"
    assert graph_refused(graph, tmp_path, graph.node("Relu", "x")) == [("SP1708", message, help)]
    graph = Graph()
    output = quantised_conv(graph, "x", np.uint16(0))
    assert graph_refused(graph, tmp_path, output) == [
        ("SP1708", "FILE has activations in uint16", "quantise activations to uint8")
    ]


def test_signed_activations_that_onnxruntime_makes_unsigned(tmp_path: Path) -> None:
    graph = Graph()
    path = graph.save(tmp_path / "network.onnx", quantised_conv(graph, "x", np.int8(0)))
    assert kernels_of_onnx(path).kernels == [Kernel("conv", 8, 8, 16)]


def test_signed_activations_are_refused(tmp_path: Path) -> None:
    """In the form of operators they stay what they are."""
    graph = Graph(kind=TensorProto.INT8)
    grid, weights = (SCALE, np.int8(0)), np.zeros((8, 8, 1, 1), np.int8)
    output = graph.node("QLinearConv", "x", *grid, weights, np.float32(1), np.int8(0), *grid)
    ((code, message, help),) = graph_refused(graph, tmp_path, output)
    assert (code, message) == (
        "SP1710",
        "FILE: 1 of 1 integer layers have signed activations (S8S8), and kernels are measured with unsigned ones "
        "(U8S8)",
    )
    assert help.startswith("quantise with activation_type=QuantType.QUInt8")


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
