"""The operators of a network with everything forgotten that no latency depends on: steps.

Between ONNX, where one operation has many spellings, and `network.Op`, of which kernels are made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

INPUT = -1
"""In `Step.inputs`: the network's input."""


class Unfit(Exception):
    """An operator in a form that no kernel has; the arguments are what is the matter and how to mend it."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message, self.help = message, help


class Value(NamedTuple):
    """A tensor between operators.

    Attributes:
        step: which step computes it.
        dims: as the file has them, the batch of 1 in front.
        last: whether a map's channels come last.
        quantised: whether integers stand for it.
        scale: the one that these integers were made with; 0 where it isn't known.
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

        Raises: Unfit: if it is no square map.
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
        """What a step makes of it, a map in the same layout, or flat as it was."""
        if len(self.dims) == 2:
            return Value(step, (1, channels))
        return Value(step, (1, size, size, channels) if self.last else (1, channels, size, size), self.last)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation.

    Attributes:
        kind: of `network.OpKind` those but act and se; `norm`, a factor and an offset per channel; `mul`; `shift` and
            `scale`, by one number; `clip`, between 0 and a number; and the names of activations.
        inputs: the steps that it reads.
        value: the number of shift, scale and clip (infinite for relu).
        squeeze: the inner width of `se`.
        source: the operator and its name, for messages.
        integer: whether it computes in integers.
        quantised: whether it looks as if it did.
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
