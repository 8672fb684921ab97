"""One kernel has many spellings in ONNX; each is read as that kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from spacelang.latency.match import kernels_of_onnx
from spacelang.networks.kernels import Kernel
from tests.latency.match.graphs import Graph

SCALE, ZERO = np.float32(0.02), np.uint8(0)
Spelling = Callable[[Graph, str], str]


def kernels(graph: Graph, path: Path, *outputs: str, opset: int = 17) -> list[Kernel]:
    return kernels_of_onnx(graph.save(path / "network.onnx", *outputs, opset=opset)).kernels


def clipped(graph: Graph, x: str) -> str:
    """clip(x + 3, 0, 6)"""
    return graph.node("Clip", graph.node("Add", x, 3.0), 0.0, 6.0)


def times(gate: Spelling) -> Spelling:
    return lambda graph, x: graph.node("Mul", gate(graph, x), x)


HARD_SIGMOIDS: dict[str, Spelling] = {
    "operator": lambda graph, x: graph.node("HardSigmoid", x, alpha=1 / 6),
    "divided by six": lambda graph, x: graph.node("Div", clipped(graph, x), 6.0),
    "times a sixth": lambda graph, x: graph.node("Mul", 1 / 6, clipped(graph, x)),
    "clip at one": lambda graph, x: graph.node("Clip", graph.node("Add", graph.node("Mul", x, 1 / 6), 0.5), 0.0, 1.0),
}
HARD_SWISHES: dict[str, Spelling] = {
    "operator": lambda graph, x: graph.node("HardSwish", x),
    **{f"times {name}": times(gate) for name, gate in HARD_SIGMOIDS.items()},
    "divided last": lambda graph, x: graph.node("Div", graph.node("Mul", x, clipped(graph, x)), 6.0),
    "multiplied last": lambda graph, x: graph.node("Mul", graph.node("Mul", x, clipped(graph, x)), 1 / 6),
}


@pytest.mark.parametrize("spelling", HARD_SWISHES.values(), ids=HARD_SWISHES)
def test_every_spelling_of_hard_swish_is_one_kernel(spelling: Spelling, tmp_path: Path) -> None:
    graph = Graph()
    assert kernels(graph, tmp_path, spelling(graph, graph.conv("x", 8, 16))) == [
        Kernel("conv", 8, 16, 16), Kernel("hswish", 16, 16, 16),
    ]  # fmt: skip


@pytest.mark.parametrize("spelling", HARD_SIGMOIDS.values(), ids=HARD_SIGMOIDS)
def test_every_spelling_of_hard_sigmoid_is_one_kernel(spelling: Spelling, tmp_path: Path) -> None:
    graph = Graph()
    assert kernels(graph, tmp_path, spelling(graph, "x")) == [Kernel("hsigmoid", 8, 8, 16)]


def test_x_times_its_sigmoid_is_one_kernel(tmp_path: Path) -> None:
    graph = Graph()
    assert kernels(graph, tmp_path, graph.node("Mul", graph.node("Sigmoid", "x"), "x")) == [Kernel("swish", 8, 8, 16)]


POOLS: dict[str, Spelling] = {
    "operator": lambda graph, x: graph.node("GlobalAveragePool", x),
    "mean over axes": lambda graph, x: graph.node("ReduceMean", x, axes=[2, 3]),
    "mean over axes from the end": lambda graph, x: graph.node("ReduceMean", x, axes=[-1, -2]),
    "window as large as the map": lambda graph, x: graph.node("AveragePool", x, kernel_shape=[16, 16]),
}


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
@pytest.mark.parametrize("gate", [*HARD_SIGMOIDS.values(), lambda graph, x: graph.node("Sigmoid", x)])
def test_squeeze_and_excite(pool: Spelling, gate: Spelling, tmp_path: Path) -> None:
    graph = Graph()
    squeezed = graph.node("Relu", graph.conv(pool(graph, "x"), 8, 4))
    output = graph.node("Mul", "x", gate(graph, graph.conv(squeezed, 4, 8)))
    assert kernels(graph, tmp_path, output) == [Kernel("se", 8, 8, 16, squeeze=4)]


def test_squeeze_and_excite_of_linear_layers(tmp_path: Path) -> None:
    """As SENet has it: flat between the mean and the product."""
    graph = Graph()
    flat = graph.node("Flatten", graph.node("GlobalAveragePool", "x"))
    squeezed = graph.node("Relu", graph.node("Gemm", flat, np.zeros((4, 8), np.float32), transB=1))
    excited = graph.node("Add", graph.node("MatMul", squeezed, np.zeros((4, 8), np.float32)), np.zeros(8, np.float32))
    gate = graph.node("Reshape", graph.node("Sigmoid", excited), np.array([1, 8, 1, 1]))
    assert kernels(graph, tmp_path, graph.node("Mul", gate, "x")) == [Kernel("se", 8, 8, 16, squeeze=4)]


def test_what_a_pattern_shares_with_others_is_counted_too(tmp_path: Path) -> None:
    """A second reader of the pooled map keeps the pool alive."""
    graph = Graph()
    mean = graph.node("GlobalAveragePool", "x")
    gate = graph.node("Sigmoid", graph.conv(graph.node("Relu", graph.conv(mean, 8, 4)), 4, 8))
    head = graph.node("Gemm", graph.node("Flatten", mean), np.zeros((8, 10), np.float32))
    found = kernels(graph, tmp_path, graph.node("Mul", "x", gate), head)
    assert sorted(found) == [Kernel("linear", 8, 10, 1), Kernel("pool", 8, 8, 16), Kernel("se", 8, 8, 16, squeeze=4)]


CLAMPS: dict[str, tuple[str, int, Spelling]] = {
    "relu": ("relu", 17, lambda graph, x: graph.node("Relu", x)),
    "clip from below": ("relu", 17, lambda graph, x: graph.node("Clip", x, 0.0)),
    "clip": ("relu6", 17, lambda graph, x: graph.node("Clip", x, 0.0, 6.0)),
    "clip by attributes": ("relu6", 10, lambda graph, x: graph.node("Clip", x, min=0.0, max=6.0)),
}


@pytest.mark.parametrize(("act", "opset", "clamp"), CLAMPS.values(), ids=CLAMPS)
def test_clamps_are_fused(act: str, opset: int, clamp: Spelling, tmp_path: Path) -> None:
    graph = Graph()
    first = clamp(graph, graph.conv("x", 8, 8, kernel=3, groups=8))
    output = clamp(graph, graph.node("Add", first, "x"))
    expected = [Kernel("dwconv", 8, 8, 16, 3, act=act), Kernel("add", 8, 8, 16, act=act)]
    assert kernels(graph, tmp_path, output, opset=opset) == expected


def test_batch_norm_is_folded(tmp_path: Path) -> None:
    graph = Graph()
    ones = [np.ones(12, np.float32)] * 4
    normed = graph.node("BatchNormalization", graph.conv("x", 8, 12, kernel=5, strides=[2, 2]), *ones)
    assert kernels(graph, tmp_path, graph.node("Relu", normed)) == [Kernel("conv", 8, 12, 16, 5, 2, "relu")]


@pytest.mark.parametrize("dims", [(1, 12, 1, 1), (12, 1, 1)], ids=str)
def test_a_factor_and_an_offset_for_each_channel_are_folded(dims: tuple[int, ...], tmp_path: Path) -> None:
    graph = Graph()
    scaled = graph.node("Mul", graph.conv("x", 8, 12), np.ones(dims, np.float32))
    assert kernels(graph, tmp_path, graph.node("Add", np.ones(dims, np.float32), scaled)) == [Kernel("conv", 8, 12, 16)]


def test_biases_are_folded(tmp_path: Path) -> None:
    graph = Graph()
    made = graph.node("Conv", "x", np.zeros((12, 8, 1, 1), np.float32), np.ones(12, np.float32))
    flat = graph.node("Flatten", graph.node("GlobalAveragePool", made))
    output = graph.node("Gemm", flat, np.zeros((12, 5), np.float32), np.ones(5, np.float32))
    assert kernels(graph, tmp_path, output) == [
        Kernel("conv", 8, 12, 16), Kernel("pool", 12, 12, 16), Kernel("linear", 12, 5, 1),
    ]  # fmt: skip


def test_pools_and_a_linear_layer_on_a_flattened_map(tmp_path: Path) -> None:
    graph = Graph()
    pooled = graph.node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    pooled = graph.node("AveragePool", pooled, kernel_shape=[2, 2], strides=[2, 2])
    flat = graph.node("Reshape", graph.node("Dropout", pooled), np.array([0, -1]))
    assert kernels(graph, tmp_path, graph.node("Gemm", flat, np.zeros((128, 10), np.float32))) == [
        Kernel("maxpool", 8, 8, 16, 3, 2), Kernel("avgpool", 8, 8, 8, 2, 2), Kernel("linear", 128, 10, 1),
    ]  # fmt: skip


def test_a_target_of_reshape_that_is_computed(tmp_path: Path) -> None:
    """`x.view(x.size(0), -1)`, as torch exports it with a dynamic batch."""
    graph = Graph(("batch", 8, 16, 16))
    size = graph.node("Unsqueeze", graph.node("Gather", graph.node("Shape", "x"), np.array(0)), np.array([0]))
    target = graph.node("Concat", size, np.array([-1]), axis=0)
    mean = graph.node("GlobalAveragePool", "x")
    output = graph.node("Gemm", graph.node("Reshape", mean, target), np.zeros((8, 10), np.float32))
    assert kernels(graph, tmp_path, output) == [Kernel("pool", 8, 8, 16), Kernel("linear", 8, 10, 1)]


def test_padding_that_is_named_or_on_one_side(tmp_path: Path) -> None:
    """As converters from TensorFlow write it."""
    graph = Graph()
    first = graph.conv("x", 8, 8, kernel=3, strides=[2, 2], pads=[0, 0, 1, 1])
    output = graph.node("Conv", first, np.zeros((8, 8, 3, 3), np.float32), auto_pad="SAME_UPPER", strides=[2, 2])
    assert kernels(graph, tmp_path, output) == [Kernel("conv", 8, 8, 16, 3, 2), Kernel("conv", 8, 8, 8, 3, 2)]


def test_an_input_with_channels_last(tmp_path: Path) -> None:
    graph = Graph((1, 16, 16, 8))
    output = graph.conv(graph.node("Transpose", "x", perm=[0, 3, 1, 2]), 8, 4)
    assert kernels(graph, tmp_path, output) == [Kernel("conv", 8, 4, 16)]


def test_numbers_that_are_quantised(tmp_path: Path) -> None:
    """A hard swish whose 3, 6 and 1/6 are integers with a scale; its value is rounded in between."""
    graph = Graph()

    def rounded(x: str) -> str:
        return graph.node("DequantizeLinear", graph.node("QuantizeLinear", x, SCALE, ZERO), SCALE, ZERO)

    def number(value: float) -> str:
        return graph.node("DequantizeLinear", np.uint8(255), np.float32(value / 255), ZERO)

    weights = graph.node("DequantizeLinear", np.zeros((16, 8, 1, 1), np.int8), np.ones(16, np.float32), axis=0)
    value = rounded(graph.node("Conv", rounded("x"), weights))
    shifted = rounded(graph.node("Add", value, number(3)))
    product = rounded(graph.node("Mul", value, rounded(graph.node("Clip", shifted, 0.0, 6.0))))
    path = graph.save(tmp_path / "network.onnx", rounded(graph.node("Mul", product, number(1 / 6))))
    found = kernels_of_onnx(path)
    assert (found.kernels, found.precision) == ([Kernel("conv", 8, 16, 16), Kernel("hswish", 16, 16, 16)], "int8")


def test_weights_that_are_quantised_alone_run_in_float(tmp_path: Path) -> None:
    graph = Graph()
    weights = graph.node("DequantizeLinear", np.zeros((16, 8, 1, 1), np.int8), np.ones(16, np.float32), axis=0)
    path = graph.save(tmp_path / "network.onnx", graph.node("Conv", "x", weights))
    assert kernels_of_onnx(path, floats=True).floats == [Kernel("conv", 8, 16, 16)]


def test_weights_in_a_file_beside_the_model(tmp_path: Path) -> None:
    graph = Graph()
    path = graph.save(
        tmp_path / "network.onnx", graph.conv("x", 8, 999, kernel=3), save_as_external_data=True, location="weights"
    )  # fmt: skip
    assert kernels_of_onnx(path).kernels == [Kernel("conv", 8, 999, 16, 3)]


def test_padding_of_its_own(tmp_path: Path) -> None:
    """As converters from TensorFlow write it, with amounts that are computed from the size."""
    graph = Graph()
    size = graph.node("Cast", graph.node("Slice", graph.node("Shape", "x"), *map(np.array, ([2], [4], [0]))), to=1)
    steps = graph.node("Sub", graph.node("Ceil", graph.node("Div", size, 2.0)), 1.0)
    total = graph.node("Sub", graph.node("Add", graph.node("Mul", steps, 2.0), 3.0), size)
    amounts = graph.node("Cast", graph.node("Max", total, 0.0), to=7)
    nothing = graph.node("ConstantOfShape", np.array([6]))
    none = graph.node("Cast", nothing, to=7)
    padded = graph.node("Pad", "x", graph.node("Concat", none, amounts, axis=0))
    output = graph.conv(padded, 8, 8, 3, strides=[2, 2], pads=[0] * 4)
    assert kernels(graph, tmp_path, output) == [Kernel("conv", 8, 8, 16, 3, 2)]


def test_weights_that_are_standardised_in_the_graph(tmp_path: Path) -> None:
    graph = Graph((1, 64, 8, 8))
    weights = graph.constant(np.ones((64, 64, 3, 3), np.float32))
    centred = graph.node("Sub", weights, graph.node("ReduceMean", weights, axes=[1, 2, 3]))
    spread = graph.node("Sqrt", graph.node("ReduceMean", graph.node("Mul", centred, centred), axes=[1, 2, 3]))
    output = graph.node("Conv", "x", graph.node("Div", centred, graph.node("Add", spread, 1.0)), pads=[1] * 4)
    assert kernels(graph, tmp_path, output) == [Kernel("conv", 64, 64, 8, 3)]


def test_unused_outputs_and_nodes_are_no_kernels(tmp_path: Path) -> None:
    graph = Graph()
    graph.node("Softmax", "x")
    assert kernels(graph, tmp_path, graph.conv("x", 8, 4)) == [Kernel("conv", 8, 4, 16)]


def test_an_integer_input(tmp_path: Path) -> None:
    graph = Graph(kind=TensorProto.UINT8)
    weights = np.zeros((4, 8, 1, 1), np.int8)
    grid = (SCALE, ZERO)
    output = graph.node("QLinearConv", "x", *grid, weights, np.float32(1), np.int8(0), *grid)
    found = kernels_of_onnx(graph.save(tmp_path / "network.onnx", output))
    assert (found.kernels, found.precision) == ([Kernel("conv", 8, 4, 16)], "int8")
