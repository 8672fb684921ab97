"""Activations, and what every operator ends with: an activation and quantisers."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from torch import Tensor, nn

from spacelang.networks.kernels import FUSED_ACTIVATIONS
from spacelang.nn.quantiser import Quantiser
from spacelang.nn.static import Cut, Elastic

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hswish": nn.Hardswish,
    "swish": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "hsigmoid": nn.Hardsigmoid,
}


def ending(act: str | None) -> nn.Sequential:
    """The activation and the quantiser of the output; one before it too where that runs by itself.

    Without that one, an integer runtime would compute the preceding operator in floating point.
    """
    if act is None:
        return nn.Sequential(Quantiser())
    activation = ACTIVATIONS[act]()
    if act in FUSED_ACTIVATIONS:
        return nn.Sequential(activation, Quantiser(after=act))
    return nn.Sequential(Quantiser(), activation, Quantiser(after=act))


class Fixed(Elastic):
    """A layer that is the same for every width."""

    def cut(self, channels: int, *choice: Any, **more: Any) -> Cut:
        return Cut(deepcopy(self), channels)


class Activation(Fixed):
    """An activation by itself, of a quantised map."""

    def __init__(self, act: str) -> None:
        super().__init__()
        self.act = ACTIVATIONS[act]()
        self.quantiser = Quantiser(after=act)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.quantiser(self.act(x))
        return result

    def cut(self, channels: int, *choice: Any, **more: Any) -> Cut:
        return Cut(nn.Sequential(deepcopy(self.act), deepcopy(self.quantiser)), channels)


class InputQuantiser(Fixed):
    """What comes in from outside: the image, or a teacher's feature map."""

    def __init__(self) -> None:
        super().__init__()
        self.quantiser = Quantiser()

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.quantiser(x)
        return result

    def cut(self, channels: int, *choice: Any, **more: Any) -> Cut:
        return Cut(deepcopy(self.quantiser), channels)


class Add(Fixed):
    """The sum of two maps."""

    def __init__(self, act: str | None = None) -> None:
        super().__init__()
        self.ending = ending(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        result: Tensor = self.ending(x + y)
        return result


class Multiply(Fixed):
    """The product of a map and a factor for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = ending(None)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        result: Tensor = self.ending(x * y)
        return result


class Dropout(Fixed):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(rate)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.dropout(x)
        return result

    def cut(self, channels: int, *choice: Any, **more: Any) -> Cut:
        return Cut(deepcopy(self.dropout), channels)
