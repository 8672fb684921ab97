"""What a step is: an operator on uint8 feature maps, with the grid of its output, its weights and its window.

The integers of a map stand for numbers by `Grid`: scale · (q - zero_point). Weights are int8 with one scale per output
channel and no zero point, biases int32 on the grid (input scale · weight scale). The same steps also describe a float
network: its maps have no grid, and its weights and biases are float32.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

INPUT = -1
"""In `Step.inputs`: the network's input. A second input, if there is one, is -2."""
HIGHEST = 255

Precision = Literal["int8", "fp32"]
PRECISIONS: tuple[Precision, Precision] = ("int8", "fp32")
StepKind = Literal[
    "conv", "dwconv", "linear", "add", "mul", "pool", "avgpool", "maxpool",
    "relu", "relu6", "hswish", "swish", "sigmoid", "hsigmoid",
]  # fmt: skip
"""`pool` is the global mean; `mul` multiplies a map by a factor for each channel. An activation is a separate step
unless a convolution or a sum applies it (`Step.act`)."""

ACTIVATIONS = frozenset({"relu", "relu6", "hswish", "swish", "sigmoid", "hsigmoid"})


class Grid(NamedTuple):
    """How uint8 integers stand for numbers: scale · (q - zero_point). The scale is a float32."""

    scale: float
    zero_point: int = 0


SIGMOID = Grid(float(np.float32(1 / 256)))
"""The grid of every sigmoid's output; TFLite prescribes it."""
HSIGMOID = Grid(float(np.float32(1 / 255)))
"""The grid of every hard sigmoid's output: clamp(x + 3, 0, 6) in steps of 6/255 holds the same integers."""
GATE = Grid(float(np.float32(6 / 255)))
"""The grid of clamp(x + 3, 0, 6), and the coarsest grid after a relu6."""
THREE = Grid(float(np.float32(3 / 255)))
"""On this grid, 255 is the 3 of a hard sigmoid."""


class Map(NamedTuple):
    """A feature map without its batch: channels × size × size. `grid`: None in a float network."""

    channels: int
    size: int
    grid: Grid | None = None


class Window(NamedTuple):
    """The square window of a convolution or pool. `before`, `after`: pixels of padding on either side of the map."""

    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0

    def same(self, size: int, out: int) -> bool:
        """Whether TensorFlow's `SAME` pads a map of this size as the window does. out: the size of the output."""
        whole = max(0, (out - 1) * self.stride + self.kernel - size)
        return (self.before, self.after) == (whole // 2, whole - whole // 2)


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The weights of a convolution (outputs × inputs per group × k × k) or a linear layer (outputs × inputs).

    Attributes:
        values: int8; in a float network float32.
        bias: one for each output: int32 in units of (input scale · weight scale); in a float network float32.
        scales: float32, one for each output; None in a float network.
    """

    values: NDArray[Any]
    bias: NDArray[Any]
    scales: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One operator.

    Attributes:
        name: its place in the network; unique.
        inputs: indices of the steps that it reads, `INPUT` for the network's input. The first input of `mul` is the
            map.
        made: its output.
        act: relu or relu6 if the operator clamps its output; otherwise empty.
        window: of convolutions and of `avgpool` and `maxpool`.
        weights: of convolutions and linear layers.
    """

    kind: StepKind
    name: str
    inputs: tuple[int, ...]
    made: Map
    act: str = ""
    window: Window | None = None
    weights: Weights | None = None

    @property
    def clamp(self) -> tuple[int, int]:
        """The least and greatest integer of the output: narrower than 0…255 if relu or relu6 cuts off more."""
        if self.made.grid is None or not self.act:
            return 0, HIGHEST
        scale, zero = self.made.grid
        highest = min(HIGHEST, zero + round(6 / scale)) if self.act == "relu6" else HIGHEST
        return zero, highest


@dataclass(frozen=True, slots=True)
class Steps:
    """A network. Its output is that of the last step; every step reads steps before it.

    Attributes:
        inputs: one map, the image; more if the steps are a part of a network.
    """

    inputs: tuple[Map, ...]
    steps: tuple[Step, ...]

    def map(self, index: int) -> Map:
        """The map that an index in `Step.inputs` stands for."""
        return self.steps[index].made if index >= 0 else self.inputs[INPUT - index]

    def read(self, step: Step) -> tuple[Map, ...]:
        """The maps that a step reads."""
        return tuple(map(self.map, step.inputs))

    def flat(self, index: int) -> bool:
        """Whether this is a vector, without height and width: a linear layer's output, or an activation of one."""
        while index >= 0 and self.steps[index].kind in ACTIVATIONS:
            index = self.steps[index].inputs[0]
        return index >= 0 and self.steps[index].kind == "linear"

    @property
    def output(self) -> Map:
        return self.steps[-1].made

    @property
    def precision(self) -> Precision:
        return "fp32" if self.inputs[0].grid is None else "int8"

    def alone(self, index: int) -> Steps:
        """A network of one step, which reads what that step reads here; an input that it reads twice stays one."""
        step = self.steps[index]
        distinct = tuple(dict.fromkeys(step.inputs))
        renumbered = tuple(INPUT - distinct.index(each) for each in step.inputs)
        return Steps(tuple(map(self.map, distinct)), (replace(step, inputs=renumbered),))
