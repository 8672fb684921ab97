"""What goes into a stage and what should come out: the teacher's maps, at every resolution, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from spacelang.train.data import IN_ORDER, Batch, Data, Epoch, Split, batches, resized
from spacelang.train.losses.signal import Signal
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.teacher import Teacher

KEPT_BYTES = 256 << 20
"""Maps of a stage that take no more stay in a processor's memory; on a GPU, half of what is free is the limit."""

Use = Literal["calibration", "measuring"]
"""What images are for: the batch norms of each architecture, or its loss."""


class Pair(NamedTuple):
    """before, after: the teacher's maps around a stage, batch × channels × height × width, float32."""

    before: Tensor
    after: Tensor


class Images(NamedTuple):
    """The images that losses are measured on, and how they are read.

    Attributes:
        measured: those that losses are of.
        size: the largest resolution of the space, at which images are read.
        batch: how many images are in a batch.
        calibration_batches: how many batches of training images batch norms are calibrated with.
        seed: decides which images these are.
        readers: processes that read images ahead.
    """

    data: Data
    measured: Split
    size: int
    batch: int
    calibration_batches: int
    seed: int
    readers: int = 0

    def batches(self, use: Use) -> Iterator[Batch]:
        """For calibration a few batches of training images, as they are; for measuring all that are measured."""
        if use == "measuring":
            return batches(self.measured, self.size, self.batch, IN_ORDER, workers=self.readers)
        made = batches(self.data.train, self.size, self.batch, Epoch(self.seed), workers=self.readers)
        return islice(made, self.calibration_batches)


class Source(Protocol):
    """Where a stage's maps come from."""

    def pairs(self, use: Use, resolution: int, stage: int) -> Iterator[Pair]:
        """On the device, batch by batch."""
        ...


class Taught:
    """Maps from a pass of the teacher, each time they are asked for."""

    def __init__(self, teacher: Teacher, images: Images, device: Accelerator) -> None:
        self._teacher, self._images, self._device = teacher, images, device

    def pairs(self, use: Use, resolution: int, stage: int) -> Iterator[Pair]:
        for batch in self._images.batches(use):
            images = resized(self._device.place(batch.images), resolution)
            with self._device.autocast():
                before, after = self._teacher.between(images, stage, stage + 1)
            yield Pair(before.float(), after.float())


class Maps:
    """The teacher's maps around one stage, of which `stage` is the index; kept in memory if there is room."""

    def __init__(self, source: Source, stage: int, device: Accelerator) -> None:
        self.stage, self._source = stage, source
        self._kept: dict[tuple[Use, int], list[Pair]] = {}
        self._signals: dict[int, Signal] = {}
        self._room = _room(device)

    def calibration(self, resolution: int) -> Iterator[Tensor]:
        """What enters the stage, of a few batches of training images as they are."""
        return (each.before for each in self._pairs("calibration", resolution))

    def measuring(self, resolution: int) -> Iterator[Pair]:
        """Of all the images that losses are measured on."""
        return self._pairs("measuring", resolution)

    def signal(self, resolution: int) -> Signal:
        """Of the maps after the stage, over all the images that losses are measured on."""
        if resolution not in self._signals:
            signal = Signal()
            for each in self.measuring(resolution):
                signal.add(each.after)
            self._signals[resolution] = signal
        return self._signals[resolution]

    def _pairs(self, use: Use, resolution: int) -> Iterator[Pair]:
        key = use, resolution
        if key in self._kept:
            yield from self._kept[key]
            return
        made: list[Pair] | None = []
        for pair in self._source.pairs(use, resolution, self.stage):
            if made is not None:
                made.append(pair)
                self._room -= _bytes(pair)
                if self._room < 0:
                    self._room += sum(map(_bytes, made))
                    made = None
            yield pair
        if made is not None:
            self._kept[key] = made


def _room(device: Accelerator) -> int:
    if device.device.type == "cuda":
        return int(torch.cuda.mem_get_info(device.device)[0] // 2)
    return KEPT_BYTES


def _bytes(pair: Pair) -> int:
    return pair.before.nbytes + pair.after.nbytes
