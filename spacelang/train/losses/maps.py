"""What goes into a stage and what should come out: the teacher's maps, at every resolution, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from torch import Tensor

from spacelang.train.data import Data, Split, batches, resized
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.teacher import Teacher

KEPT_BYTES = 256 << 20
"""Maps of a stage that take no more are kept for all its architectures; larger ones are computed again each time."""


class Pair(NamedTuple):
    """before, after: the teacher's maps around a stage, batch × channels × height × width."""

    resolution: int
    before: Tensor
    after: Tensor


class Maps:
    """The teacher's maps around one stage.

    Args:
        stage: its index.
        size: the largest resolution of the space, at which images are read.
        batch: how many images are in a batch.
        calibration_batches: how many batches of training images batch norms are calibrated with.
        seed: of the choice of these images.
        readers: processes that read images ahead.
    """

    def __init__(
        self,
        teacher: Teacher,
        data: Data,
        stage: int,
        *,
        size: int,
        batch: int,
        calibration_batches: int,
        seed: int,
        device: Accelerator,
        readers: int = 0,
    ) -> None:
        self.stage, self._readers = stage, readers
        self._teacher, self._data, self._device = teacher, data, device
        self._size, self._batch, self._calibration_batches, self._seed = size, batch, calibration_batches, seed
        self._kept: dict[tuple[str, int], list[Pair]] = {}
        self._room = KEPT_BYTES

    def calibration(self, resolution: int) -> Iterator[Tensor]:
        """What enters the stage, of a few batches of training images as they are."""
        return (each.before for each in self._pairs(self._data.train, (resolution,)))

    def validation(self, resolutions: Sequence[int]) -> Iterator[Pair]:
        """All of the validation set at each of these resolutions; each image is read once."""
        return self._pairs(self._data.validation, resolutions)

    def _pairs(self, split: Split, resolutions: Sequence[int]) -> Iterator[Pair]:
        keys = [(split.name, each) for each in resolutions]
        for key in keys:
            yield from self._kept.get(key, ())
        missing = [key for key in keys if key not in self._kept]
        made: dict[tuple[str, int], list[Pair]] = {key: [] for key in missing}
        for images in self._images(split) if missing else ():
            for key in missing:
                pair = Pair(key[1], *self._teacher.between(resized(images, key[1]), self.stage, self.stage + 1))
                yield pair
                if key in made:
                    made[key].append(pair)
                    self._room -= _bytes(pair)
                if self._room < 0:
                    self._room += sum(map(_bytes, made.pop(key, ())))
        self._kept |= made

    def _images(self, split: Split) -> Iterator[Tensor]:
        training = split.name == self._data.train.name
        read = batches(
            split,
            self._size,
            self._batch,
            seed=self._seed,
            epoch=0,
            shuffle=training,
            augment=False,
            workers=self._readers,
        )
        for images, _ in islice(read, self._calibration_batches if training else None):
            yield self._device.place(images)


def _bytes(pair: Pair) -> int:
    return pair.before.nbytes + pair.after.nbytes
