"""Measured stage architectures in columns, and the latencies of one device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spacelang.networks.architecture import LayerChoice

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MAX_LOSS = 1e4
"""A greater loss is a mistake: an output of zeros has the loss 1."""


class Cell(NamedTuple):
    """A choice for one stage: `stage` is its index, `block` the search id, `window` the index of the width list."""

    stage: int
    block: int
    window: int


@dataclass(frozen=True, eq=False)
class Rows:
    """Measured stage architectures, in columns of equal length, except that those of the layers are longer.

    Attributes:
        stage, block, window: the cell of each row.
        resolution: of the network's input image, in pixels.
        channels_in: the channels that the stage receives.
        loss: of the distilled stage (NSR), in INT8 where the table was built here.
        depth: how many layers each row has; `width` and `numbers` hold them row after row.
        width: (layers,) the output channels.
        numbers: (layers, parameters) the block's numeric parameters in order; NaN where a block has fewer.
        loss_fp32: of the same stage without quantisers; None where nobody measured it, as in published tables.
    """

    stage: IntArray
    block: IntArray
    window: IntArray
    resolution: IntArray
    channels_in: IntArray
    loss: FloatArray
    depth: IntArray
    width: IntArray
    numbers: FloatArray
    loss_fp32: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.stage)

    @cached_property
    def starts(self) -> IntArray:
        """(rows + 1,) where each row's layers begin."""
        return np.concatenate(([0], np.cumsum(self.depth)))

    @cached_property
    def last_width(self) -> IntArray:
        """(rows,) the channels that the stage hands on."""
        return self.width[self.starts[1:] - 1]

    @property
    def ordered(self) -> bool:
        """Whether the rows are in the order by cell."""
        places = np.stack((self.stage, self.block, self.window))
        step = np.diff(places, axis=1)
        falls = (step[0] < 0) | ((step[0] == 0) & ((step[1] < 0) | ((step[1] == 0) & (step[2] < 0))))
        return not falls.any()

    @cached_property
    def order(self) -> IntArray:
        """The order by cell that keeps rows of one cell as they are."""
        return np.lexsort((self.window, self.block, self.stage))

    def take(self, index: IntArray) -> Rows:
        """The rows of these indices, in this order."""
        depth = self.depth[index]
        layer = np.repeat(self.starts[index] - np.concatenate(([0], np.cumsum(depth)[:-1])), depth)
        layer += np.arange(len(layer))
        columns = {name: getattr(self, name)[index] for name in PER_ROW}
        fp32 = None if self.loss_fp32 is None else self.loss_fp32[index]
        return Rows(**columns, width=self.width[layer], numbers=self.numbers[layer], loss_fp32=fp32)

    def of_stage(self, stage: int) -> tuple[IntArray, Rows]:
        """The indices of a stage's rows, and these rows."""
        members = np.flatnonzero(self.stage == stage)
        if not len(members) or members[-1] - members[0] != len(members) - 1:
            return members, self.take(members)
        part = slice(members[0], members[-1] + 1)
        layers = slice(self.starts[part.start], self.starts[part.stop])
        columns = {name: getattr(self, name)[part] for name in PER_ROW}
        fp32 = None if self.loss_fp32 is None else self.loss_fp32[part]
        return members, Rows(**columns, width=self.width[layers], numbers=self.numbers[layers], loss_fp32=fp32)

    def layers(self, row: int) -> tuple[LayerChoice, ...]:
        """The layers of one row."""
        part = slice(self.starts[row], self.starts[row + 1])
        return tuple(
            LayerChoice(width, tuple(int(each) if each.is_integer() else each for each in numbers if each == each))
            for width, numbers in zip(self.width[part].tolist(), self.numbers[part].tolist(), strict=True)
        )


PER_ROW = ("stage", "block", "window", "resolution", "channels_in", "loss", "depth")


@dataclass(frozen=True, eq=False)
class Latencies:
    """What one device adds to a table.

    Attributes:
        device: its name.
        fixed_ms: by resolution, the latency of stem and head in their smallest setting.
        rows_ms: (rows,) of each row's stage.
    """

    device: str
    fixed_ms: Mapping[int, float]
    rows_ms: FloatArray


def usable(loss: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether each loss is one that a row may have."""
    return np.isfinite(loss) & (loss > 0) & (loss <= MAX_LOSS)
