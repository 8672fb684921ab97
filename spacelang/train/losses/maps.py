"""What goes into a stage and what should come out: the teacher's maps, at every resolution, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from torch import Tensor

from spacelang.train.data import IN_ORDER, Batch, Data, Epoch, batches, resized
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.teacher import Teacher

KEPT_BYTES = 256 << 20
"""Maps of a stage that take no more are kept for all its architectures; larger ones are computed again each time."""


class Pair(NamedTuple):
    """before, after: the teacher's maps around a stage, batch × channels × height × width."""

    resolution: int
    before: Tensor
    after: Tensor


class Images(NamedTuple):
    """The images that losses are measured on, and how they are read.

    Attributes:
        size: the largest resolution of the space, at which images are read.
        batch: how many images are in a batch.
        calibration_batches: how many batches of training images batch norms are calibrated with.
        seed: decides which images these are.
        readers: processes that read images ahead.
    """

    data: Data
    size: int
    batch: int
    calibration_batches: int
    seed: int
    readers: int = 0

    def calibration(self) -> Iterator[Batch]:
        """A few batches of training images, as they are."""
        made = batches(self.data.train, self.size, self.batch, Epoch(self.seed), workers=self.readers)
        return islice(made, self.calibration_batches)

    def validation(self) -> Iterator[Batch]:
        """The whole validation set."""
        return batches(self.data.validation, self.size, self.batch, IN_ORDER, workers=self.readers)


class Maps:
    """The teacher's maps around one stage, of which `stage` is the index."""

    def __init__(self, teacher: Teacher, images: Images, stage: int, device: Accelerator) -> None:
        self.stage, self._teacher, self._images, self._device = stage, teacher, images, device
        self._kept: dict[tuple[str, int], list[Pair]] = {}
        self._room = KEPT_BYTES

    def calibration(self, resolution: int) -> Iterator[Tensor]:
        """What enters the stage, of a few batches of training images as they are."""
        return (each.before for each in self._pairs("calibration", self._images.calibration, (resolution,)))

    def validation(self, resolutions: Sequence[int]) -> Iterator[Pair]:
        """All of the validation set at each of these resolutions; each image is read once."""
        return self._pairs("validation", self._images.validation, resolutions)

    def _pairs(self, name: str, read: Callable[[], Iterator[Batch]], resolutions: Sequence[int]) -> Iterator[Pair]:
        keys = [(name, each) for each in resolutions]
        for key in keys:
            yield from self._kept.get(key, ())
        missing = [key for key in keys if key not in self._kept]
        made: dict[tuple[str, int], list[Pair]] = {key: [] for key in missing}
        for batch in read() if missing else ():
            images = self._device.place(batch.images)
            for key in missing:
                pair = Pair(key[1], *self._teacher.between(resized(images, key[1]), self.stage, self.stage + 1))
                yield pair
                if key in made:
                    made[key].append(pair)
                    self._room -= _bytes(pair)
                if self._room < 0:
                    self._room += sum(map(_bytes, made.pop(key, ())))
        self._kept |= made


def _bytes(pair: Pair) -> int:
    return pair.before.nbytes + pair.after.nbytes
