"""The exact witness: integer steps computed in plain numpy, as a definition that runtimes are compared with.

Everything is computed in integers except one rounding per operator. That is done in float32, as onnxruntime does it on
x86 with AVX2, so that onnxruntime's outputs are the same bit for bit. With x the input's integers less its zero point,
s the scales, z the zero point of the output, and r(·) rounding half to even:

    conv, linear   clamp(r((Σ x·w + bias) · (s_x·s_w / s_y)) + z)         the sum exact, the factor one per channel
    add            clamp(r(a·(s_a/s_y) + b·(s_b/s_y) + fixed))           a, b include their zero points; fixed subtracts
    them mul            clamp(r(x·y · (s_x·s_y / s_out) + z)) pool           clamp(r(Σ x · (s_x / (s_y·count))) + z)
    avgpool        clamp(r(mean / s_y) + z)                              the mean of the numbers that the window holds
    maxpool        the greatest integer sigmoid        clamp(r(σ(s_x·x) / s_y) + z) hsigmoid       add of x and 3 on the
    grid 6/255: its integers are those of the result on 1/255 hswish         mul of x and its hsigmoid swish
    mul of x and its sigmoid on the grid 1/256 relu, relu6    mul of x and 1

onnxruntime's sigmoid approximates the exponential to about 2e-7: an entry of its table of 256 may be 1 off where the
exact value lies within that of a half. Processors without AVX2 and FMA round a sum differently: 1 off at such ties.
XNNPACK and TFLite compute the same with factors in fixed point: at most 1 apart, and nearly always equal; sums, means
and hard sigmoids differ where the exact value is halfway between two integers, as ratios such as 1.7 often make it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacelang.steps.network import GATE, HIGHEST, HSIGMOID, INPUT, SIGMOID, THREE, Grid, Map, Step, Steps

Maps = NDArray[np.uint8]
"""Batch × channels × height × width."""
EXACT_TERMS = 512
"""The sum of this many products of 8-bit numbers is below 2²⁴, which float32 holds exactly: a fast exact product of
matrices is made of parts of this length."""
TIE = 1e-4
"""A value closer than this to the middle between two integers may be rounded either way."""
f32 = np.float32


def run(steps: Steps, images: NDArray[np.float32]) -> list[Maps]:
    """The output of every step. images: batch × channels × size × size."""
    return run_integers(steps, [quantise(images, _grid(steps.inputs[0]))])


def logits(steps: Steps, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's outputs for images: batch × outputs."""
    return dequantise(run(steps, images)[-1], _grid(steps.output)).reshape(len(images), -1)


def run_integers(steps: Steps, inputs: Sequence[Maps]) -> list[Maps]:
    """The output of every step, from integers on the grids of `steps.inputs`."""
    made = {INPUT - at: each for at, each in enumerate(inputs)}
    for index, step in enumerate(steps.steps):
        made[index] = execute(step, steps.read(step), [made[each] for each in step.inputs])
    return [made[index] for index in range(len(steps.steps))]


def execute(step: Step, maps: Sequence[Map], inputs: Sequence[Maps]) -> Maps:
    """One step. maps: the maps that its inputs stand for."""
    made = EXECUTED[step.kind](step, maps, *inputs)
    low, high = step.clamp
    return made.clip(low, high) if (low, high) != (0, HIGHEST) else made


def quantise(numbers: NDArray[np.float32], grid: Grid) -> Maps:
    return _round(numbers.astype(f32) / f32(grid.scale), grid.zero_point)


def dequantise(integers: Maps, grid: Grid) -> NDArray[np.float32]:
    return _less_zero(integers, grid).astype(f32) * f32(grid.scale)


def accumulate(step: Step, x: NDArray[Any]) -> NDArray[np.int64]:
    """Σ x·w + bias of a convolution or linear layer: exact. x: integers less their zero point."""
    assert step.weights is not None
    values, bias = step.weights.values, step.weights.bias
    if step.kind == "dwconv":
        sums = sum(window * values[None, :, 0, y, x, None, None] for (y, x), window in _taps(step, x))
    elif step.kind == "linear":
        sums = _product(x.reshape(len(x), -1), values.T)[:, :, None, None]
    else:
        weights = values.reshape(*values.shape[:2], -1).transpose(0, 2, 1).reshape(len(values), -1)
        product = _product(columns(step, x), weights.T)
        sums = product.reshape(len(x), step.made.size, step.made.size, -1).transpose(0, 3, 1, 2)
    return np.asarray(sums + bias.astype(np.int64).reshape(1, -1, 1, 1))


def columns(step: Step, x: NDArray[Any], fill: int = 0) -> NDArray[Any]:
    """What each output pixel of a convolution reads, one row each: the window pixel by pixel, channel by channel."""
    if step.kind == "linear":
        return x.reshape(len(x), -1)
    windows = np.stack([window for _, window in _taps(step, x, fill)], axis=1)
    return windows.transpose(0, 3, 4, 1, 2).reshape(-1, windows.shape[1] * windows.shape[2])


def _product(rows: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.int64]:
    """The product of two matrices of small integers, exact."""
    total = np.zeros((len(rows), weights.shape[1]), np.int64)
    for begin in range(0, rows.shape[1], EXACT_TERMS):
        part = slice(begin, begin + EXACT_TERMS)
        total += (rows[:, part].astype(f32) @ weights[part].astype(f32)).astype(np.int64)
    return total


def _taps(step: Step, x: NDArray[Any], fill: int = 0) -> list[tuple[tuple[int, int], NDArray[Any]]]:
    """For each pixel of the window, the values under it as the window moves over the padded map."""
    window, size = step.window, step.made.size
    assert window is not None
    pads = (window.before, window.after)
    padded = np.pad(x, ((0, 0), (0, 0), pads, pads), constant_values=fill)
    span = (size - 1) * window.stride + 1
    return [
        ((row, column), padded[:, :, row : row + span : window.stride, column : column + span : window.stride])
        for row in range(window.kernel)
        for column in range(window.kernel)
    ]


def _weighted(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    """conv, dwconv and linear."""
    assert step.weights is not None
    assert step.weights.scales is not None
    given, made = _grid(maps[0]), _grid(step.made)
    sums = accumulate(step, _less_zero(x, given).astype(np.int32))
    factors = f32(given.scale) * step.weights.scales / f32(made.scale)
    return _round(sums.astype(f32) * factors.reshape(1, -1, 1, 1), made.zero_point)


def _add(step: Step, maps: Sequence[Map], x: Maps, y: Maps) -> Maps:
    return sum_of(x, _grid(maps[0]), y, _grid(maps[1]), _grid(step.made))


def sum_of(x: Maps, of_x: Grid, y: Maps | np.uint8, of_y: Grid, made: Grid) -> Maps:
    """x + y; y may be one number. Products and sums of float32 that are rounded once are computed in float64."""
    by_x, by_y = f32(of_x.scale) / f32(made.scale), f32(of_y.scale) / f32(made.scale)
    zeros = _fused(by_x, of_x.zero_point, by_y * f32(of_y.zero_point))
    fixed = f32(made.zero_point) - zeros
    summed = _fused(x, by_x, _fused(y, by_y, fixed))
    return _saturated(np.rint(summed))


def _fused(x: Any, y: Any, z: Any) -> Any:
    """x·y + z, rounded once to float32."""
    return (np.asarray(x, np.float64) * np.float64(y) + np.asarray(z, np.float64)).astype(f32)


def _multiply(step: Step, maps: Sequence[Map], x: Maps, y: Maps) -> Maps:
    return product_of(x, _grid(maps[0]), y, _grid(maps[1]), _grid(step.made))


def product_of(x: Maps, of_x: Grid, y: Maps | np.uint8, of_y: Grid, made: Grid) -> Maps:
    """x · y; y may be one factor per channel, or one number."""
    factor = f32(of_x.scale) * f32(of_y.scale) / f32(made.scale)
    products = _less_zero(x, of_x) * _less_zero(y, of_y)
    return _saturated(np.rint(products.astype(f32) * factor + f32(made.zero_point)))


def _pool(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    given, made = _grid(maps[0]), _grid(step.made)
    sums = _less_zero(x, given).sum((2, 3), keepdims=True)
    factor = f32(given.scale) / (f32(made.scale) * f32(x.shape[2] * x.shape[3]))
    return _round(sums.astype(f32) * factor, made.zero_point)


def _average_pool(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    total = np.zeros((), f32)
    for _, window in _taps(step, dequantise(x, _grid(maps[0]))):
        total = total + window
    return quantise(total / held(step, maps[0].size), _grid(step.made))


def held(step: Step, size: int) -> NDArray[np.float32]:
    """How many pixels of the map the window covers at each of its places."""
    ones = np.ones((1, 1, size, size), f32)
    return np.asarray(sum(window for _, window in _taps(step, ones)), f32)


def halfway(step: Step, maps: Sequence[Map], inputs: Sequence[Maps]) -> NDArray[np.bool_]:
    """Where the exact value of a sum or a mean is halfway between two integers, as a hard sigmoid of 0 is.

    There, what a runtime gives depends on how it rounds its factors: XNNPACK and TFLite may take the other one. For
    other operators such values are too rare to matter.
    """
    if step.kind not in ("add", "pool", "hsigmoid"):
        return np.zeros((1, 1, 1, 1), np.bool_)
    made = GATE if step.kind == "hsigmoid" else _grid(step.made)
    numbers = [_less_zero(x, _grid(each)) * np.float64(_grid(each).scale) for x, each in zip(inputs, maps, strict=True)]
    three = 3 if step.kind == "hsigmoid" else 0
    exact = numbers[0].mean((2, 3), keepdims=True) if step.kind == "pool" else sum(numbers, start=np.float64(three))
    return np.asarray(np.abs(exact / made.scale % 1 - 0.5) < TIE)


def _max_pool(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    return np.asarray(np.max([window for _, window in _taps(step, x)], axis=0), np.uint8)


def _sigmoid(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    return sigmoid_of(x, _grid(maps[0]), _grid(step.made))


def sigmoid_of(x: Maps, of_x: Grid, made: Grid) -> Maps:
    numbers = dequantise(np.arange(HIGHEST + 1, dtype=np.uint8), of_x).astype(np.float64)
    return quantise((0.5 * (1 + np.tanh(numbers / 2))).astype(f32), made)[x]


def _swish(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    given = _grid(maps[0])
    return product_of(x, given, sigmoid_of(x, given, SIGMOID), SIGMOID, _grid(step.made))


def _hard_sigmoid(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    return sum_of(x, _grid(maps[0]), np.uint8(HIGHEST), THREE, GATE)


def _hard_swish(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    return product_of(x, _grid(maps[0]), _hard_sigmoid(step, maps, x), HSIGMOID, _grid(step.made))


def _clamp(step: Step, maps: Sequence[Map], x: Maps) -> Maps:
    return product_of(x, _grid(maps[0]), np.uint8(HIGHEST), HSIGMOID, _grid(step.made))


def _less_zero(integers: Maps | np.uint8, grid: Grid) -> NDArray[np.int32]:
    return np.asarray(integers, np.int32) - grid.zero_point


def _round(numbers: NDArray[np.float32], zero_point: int) -> Maps:
    return _saturated(np.rint(numbers) + f32(zero_point))


def _saturated(integers: NDArray[np.float32]) -> Maps:
    return np.asarray(integers.clip(0, HIGHEST).astype(np.uint8))


def _grid(each: Map) -> Grid:
    assert each.grid is not None, "the steps are float"
    return each.grid


EXECUTED: dict[str, Callable[..., Maps]] = {
    "conv": _weighted,
    "dwconv": _weighted,
    "linear": _weighted,
    "add": _add,
    "mul": _multiply,
    "pool": _pool,
    "avgpool": _average_pool,
    "maxpool": _max_pool,
    "relu": _clamp,
    "relu6": _clamp,
    "sigmoid": _sigmoid,
    "swish": _swish,
    "hsigmoid": _hard_sigmoid,
    "hswish": _hard_swish,
}
