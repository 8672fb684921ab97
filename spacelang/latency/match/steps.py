"""Steps: the operators of a network, without anything that no latency depends on.

They stand between ONNX, where one operation has many spellings, and `Op`, which kernels are made of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

INPUT = -1
"""In `Step.inputs`: the network's input."""


class Unfit(Exception):
    """An operator in a form that no kernel has; the arguments say what is wrong and how to mend it."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message, self.help = message, help


class Value(NamedTuple):
    """A tensor between operators.

    Attributes:
        step: which step computes it.
        dims: as in the file, beginning with the batch of 1.
        last: whether a map's channels come last.
        quantised: whether integers stand for it.
        scale: of these integers; 0 if it isn't known.
        pads: zeros around a map, which the window of the next convolution or pool reaches: top, left, bottom, right.
    """

    step: int
    dims: tuple[int, ...]
    last: bool = False
    quantised: bool = False
    scale: float = 0.0
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def channels(self) -> int:
        """Channels of a map, or numbers of a flat tensor."""
        return self.dims[3] if self.last and len(self.dims) == 4 else self.dims[1]

    @property
    def size(self) -> int:
        """Height and width; 1 for a flat tensor.

        Raises: Unfit: if it isn't a square map.
        """
        if len(self.dims) == 2:
            return 1
        if len(self.dims) != 4:
            raise Unfit(f"reads a tensor of shape {shape(self.dims)}", "kernels read maps (1×C×H×W) or 1×C")
        height, width = self.dims[1:3] if self.last else self.dims[2:4]
        if height != width:
            raise Unfit(f"reads a map of {height}×{width}", "kernels read square maps: make the input square")
        return height

    def resized(self, step: int, channels: int, size: int) -> Value:
        """The result of a step that reads it: a map in the same layout, or flat if it was flat."""
        if len(self.dims) == 2:
            return Value(step, (1, channels))
        return Value(step, (1, size, size, channels) if self.last else (1, channels, size, size), self.last)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation.

    Attributes:
        kind: an `OpKind` other than act and se; `norm`, a factor and an offset per channel; `mul`; `shift` and
            `scale`, by one number; `clip`, between 0 and a number; or the name of an activation.
        inputs: the steps that it reads.
        value: the number of shift, scale and clip (infinite for relu).
        squeeze: the inner width of `se`.
        source: the operator and its name, for messages.
        integer: whether it computes in integers.
        quantised: whether the file looks as if it did.
        weights: the `TensorProto` type of quantised weights; 0 for none.
        node: the number of the node that computes it.
    """

    kind: str
    inputs: tuple[int, ...]
    channels_in: int
    channels_out: int
    size_in: int
    size_out: int
    source: str
    kernel: int = 1
    stride: int = 1
    value: float = math.nan
    squeeze: int = 0
    integer: bool = False
    quantised: bool = False
    weights: int = 0
    node: int = -1


def shape(dims: tuple[int, ...]) -> str:
    return "×".join(map(str, dims)) or "no dimensions"
