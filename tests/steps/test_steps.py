"""Steps of kernels and networks: what they say of shapes, clamps and names."""

from __future__ import annotations

import numpy as np
import pytest

from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layers
from spacelang.networks.sample import sample
from spacelang.steps import INPUT, Grid, Map, Step, Steps, kernel_steps, network_steps
from tests.nn.networks import spec


@pytest.mark.parametrize(
    ("act", "grid", "clamp"),
    [
        ("", Grid(0.1, 20), (0, 255)),
        ("relu", Grid(0.1, 0), (0, 255)),
        ("relu", Grid(0.1, 20), (20, 255)),
        ("relu6", Grid(6 / 255, 0), (0, 255)),
        ("relu6", Grid(6.016 / 255, 0), (0, 254)),
        ("relu6", Grid(0.1, 20), (20, 80)),
    ],
)
def test_the_clamp_of_a_fused_activation(act: str, grid: Grid, clamp: tuple[int, int]) -> None:
    assert Step("add", "sum", (INPUT, INPUT), Map(8, 4, grid), act).clamp == clamp


def test_squeeze_and_excite_is_five_steps() -> None:
    steps = kernel_steps(Kernel("se", 32, 32, 7, squeeze=8), "int8")
    assert [(each.kind, each.made.channels, each.made.size) for each in steps.steps] == [
        ("pool", 32, 1),
        ("conv", 8, 1),
        ("conv", 32, 1),
        ("hsigmoid", 32, 1),
        ("mul", 32, 7),
    ]
    assert steps.steps[4].inputs == (INPUT, 3)


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_a_network_has_the_kernels_of_its_space(precision: str) -> None:
    space = spec("mobilenetv3")
    (architecture,) = sample(space, 1, seed=0)
    steps = network_steps(space, architecture, precision)  # type: ignore[arg-type]
    kernels = [kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops)]
    plain = [each for each in kernels if each.kind != "se"]
    excited = len(kernels) - len(plain)
    assert len(steps.steps) == len(plain) + 5 * excited
    assert len({each.name for each in steps.steps}) == len(steps.steps)
    assert all(each < at for at, step in enumerate(steps.steps) for each in step.inputs)
    assert steps.precision == precision
    assert steps.flat(len(steps.steps) - 1)
    assert steps.output.channels == space.classes


def test_numbers_are_the_same_each_time() -> None:
    kernel = Kernel("conv", 5, 7, 6, kernel=3)
    first, second = (kernel_steps(kernel, "int8").steps[0].weights for _ in range(2))
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.values, second.values)


def test_a_step_alone_reads_what_it_reads_in_the_network() -> None:
    grids = Grid(0.1, 3), Grid(0.2, 4), Grid(0.3, 5)
    first = Step("relu", "first", (INPUT,), Map(8, 4, grids[1]))
    product = Step("mul", "product", (INPUT, 0), Map(8, 4, grids[2]))
    steps = Steps((Map(8, 4, grids[0]),), (first, product))
    alone = steps.alone(1)
    assert alone.inputs == (Map(8, 4, grids[0]), Map(8, 4, grids[1]))
    assert alone.steps[0].inputs == (INPUT, INPUT - 1)
    twice = Steps((Map(8, 4, grids[0]),), (Step("add", "sum", (INPUT, INPUT), Map(8, 4, grids[1])),)).alone(0)
    assert twice.inputs == (Map(8, 4, grids[0]),)
    assert twice.steps[0].inputs == (INPUT, INPUT)
