"""The exact witness: onnxruntime's operators equal it bit for bit, on random grids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spacelang.latency.runtimes.onnxruntime.qdq import qdq
from spacelang.latency.runtimes.onnxruntime.qoperator import qoperator
from spacelang.latency.runtimes.onnxruntime.session import open_session
from spacelang.networks.kernels import Kernel
from spacelang.steps import INPUT, Grid, Map, Step, Steps, Weights, Window, kernel_steps
from spacelang.steps.network import HSIGMOID, SIGMOID, StepKind
from spacelang.steps.witness import run_integers

SIZE, CHANNELS, BATCH = 14, 19, 2
WINDOWS = (Window(3, 2, 1, 1), Window(3, 1, 1, 1), Window(2, 2), Window(5, 1, 2, 2))
WEIGHTED = ("conv", "dwconv", "linear")


def grid(rng: np.random.Generator) -> Grid:
    scale = float(np.float32(np.exp(rng.uniform(-6, -1))))
    return Grid(scale, int(rng.choice([0, 128, int(rng.integers(256))])))


def weights(rng: np.random.Generator, shape: tuple[int, ...], given: Grid, made: Grid) -> Weights:
    """Such that the outputs fill their range."""
    spread = made.scale / given.scale / np.prod(shape[1:]) ** 0.5 / 60
    scales = (spread * np.exp(rng.uniform(-0.7, 0.7, shape[0]))).astype(np.float32)
    bias = rng.integers(-30000, 30000, shape[0]).astype(np.int32)
    return Weights(rng.integers(-127, 128, shape).astype(np.int8), bias, scales)


def one_step(kind: StepKind, seed: int) -> Steps:
    """An operator on random grids."""
    rng = np.random.default_rng(seed)
    first, second, made = (grid(rng) for _ in range(3))
    inputs, shape = [Map(CHANNELS, SIZE, first)], (CHANNELS, SIZE)
    window = numbers = None
    if kind in ("add", "mul"):
        inputs.append(Map(CHANNELS, SIZE if kind == "add" else 1, second))
    if kind in ("conv", "dwconv", "avgpool", "maxpool"):
        windows = [each for each in WINDOWS if each.kernel % 2 or "pool" in kind]
        window = windows[seed % len(windows)]
        shape = (33 if kind == "conv" else CHANNELS, SIZE // window.stride)
    if kind == "pool":
        shape = (CHANNELS, 1)
    if kind == "linear":
        inputs, shape = [Map(700, 1, first)], (CHANNELS, 1)
    if kind in WEIGHTED:
        size = window.kernel if window else 1
        sizes = (shape[0], 700) if kind == "linear" else (shape[0], 1 if kind == "dwconv" else CHANNELS, size, size)
        numbers = weights(rng, sizes, first, made)
    made = {"maxpool": first, "sigmoid": SIGMOID, "hsigmoid": HSIGMOID}.get(kind, made)
    act = ("", "relu", "relu6")[seed % 3] if kind in ("conv", "dwconv", "add") else ""
    step = Step(kind, kind, tuple(INPUT - at for at in range(len(inputs))), Map(*shape, made), act, window, numbers)
    return Steps(tuple(inputs), (step,))


def in_onnxruntime(steps: Steps, inputs: list[NDArray[np.uint8]]) -> NDArray[Any]:
    session = open_session(qoperator(steps, "maps", batch=BATCH).SerializeToString())
    given = {port.name: each.transpose(0, 2, 3, 1) for port, each in zip(session.get_inputs(), inputs, strict=True)}
    (output,) = session.run(None, given)
    return np.asarray(output.transpose(0, 3, 1, 2) if output.ndim == 4 else output[:, :, None, None])


def in_qdq(steps: Steps, inputs: list[NDArray[np.uint8]]) -> NDArray[Any]:
    session = open_session(qdq(steps, "maps", batch=BATCH).SerializeToString())
    (output,) = session.run(None, {port.name: each for port, each in zip(session.get_inputs(), inputs, strict=True)})
    return np.asarray(output if output.ndim == 4 else output[:, :, None, None])


@pytest.mark.parametrize(
    "kind",
    [
        "conv", "dwconv", "linear", "add", "mul", "pool", "avgpool", "maxpool",
        "relu", "relu6", "sigmoid", "swish", "hsigmoid", "hswish",
    ],
)  # fmt: skip
def test_an_operator_bit_for_bit(kind: StepKind) -> None:
    spread = []
    for seed in range(12):
        steps, rng = one_step(kind, seed), np.random.default_rng(seed)
        inputs = [rng.integers(0, 256, (BATCH, each.channels, each.size, each.size), np.uint8) for each in steps.inputs]
        expected = run_integers(steps, inputs)[-1]
        np.testing.assert_array_equal(in_onnxruntime(steps, inputs), expected)
        np.testing.assert_array_equal(in_qdq(steps, inputs), expected)
        spread.append(len(np.unique(expected)))
    assert max(spread) > (25 if kind in ("linear", "pool") else 60)


def test_clamps_that_the_range_does_not_make() -> None:
    given = Map(CHANNELS, SIZE, Grid(0.05, 128))
    step = Step("add", "sum", (INPUT, INPUT - 1), Map(CHANNELS, SIZE, Grid(0.1, 40)), "relu6")
    shifted = Steps((given, given), (step,))
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 256, (BATCH, each.channels, each.size, each.size), np.uint8) for each in shifted.inputs]
    found = in_onnxruntime(shifted, inputs)
    np.testing.assert_array_equal(found, run_integers(shifted, inputs)[-1])
    np.testing.assert_array_equal(found, in_qdq(shifted, inputs))
    assert (found.min(), found.max()) == (40, 100)


def test_a_convolution_by_its_definition() -> None:
    """Σ (x - zero point) · w, pixel by pixel."""
    steps = kernel_steps(Kernel("conv", 5, 7, 6, kernel=3, stride=2), "int8")
    (step,), (given,) = steps.steps, steps.inputs
    assert step.weights is not None
    assert step.weights.scales is not None
    assert given.grid is not None
    assert step.made.grid is not None
    x = np.random.default_rng(0).integers(0, 256, (1, 5, 6, 6), np.uint8)
    found = run_integers(steps, [x])[0]
    padded = np.pad(x.astype(np.int64) - given.grid.zero_point, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for row, column in np.ndindex(3, 3):
        window = padded[0, :, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        sums = np.einsum("iyx,oiyx->o", window, step.weights.values.astype(np.int64)) + step.weights.bias
        exact = sums * (step.weights.scales.astype(np.float64) * given.grid.scale / step.made.grid.scale)
        rounded = np.rint(exact) + step.made.grid.zero_point
        assert np.abs(found[0, :, row, column] - rounded.clip(0, 255)).max() <= (np.abs(exact % 1 - 0.5) < 1e-3).max()
