"""The teacher's maps of a table's images, computed once for all stages, resolutions and workers, and kept on the disk.

maps.json                            what they are of; written last
calibration-224-0003.safetensors     of one batch at one resolution, all points of the teacher
measuring-224-0003.safetensors
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from spacelang.files import write_atomic
from spacelang.train.data import resized
from spacelang.train.losses.maps import Images, Pair, Use
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.teacher import Teacher

USES: tuple[Use, ...] = ("calibration", "measuring")
MARK = "maps.json"


class Kept:
    """Maps in half precision, which is what takes half the disk; a loss differs by less than 0.1 %.

    Values beyond half precision's range are scaled by a power of two. What is read is the same whoever computed it.
    """

    def __init__(self, folder: Path, device: Accelerator) -> None:
        self.folder, self._device = folder, device

    def fill(self, key: str, teacher: Teacher, images: Images, resolutions: tuple[int, ...]) -> None:
        """Compute them, unless they are there. Of several processes that ask at once, one does and the others wait.

        Args:
            key: a hash of all that the maps depend on.

        Raises:
            OSError: if they can't be written.
        """
        mark = self.folder / MARK
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.folder}.lock"):
            if mark.exists() and mark.read_text() == key:
                return
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            for use in USES:
                self._fill(use, teacher, images, resolutions)
            write_atomic(mark, key)

    def _fill(self, use: Use, teacher: Teacher, images: Images, resolutions: tuple[int, ...]) -> None:
        for number, batch in enumerate(images.batches(use)):
            placed = self._device.place(batch.images)
            for resolution in resolutions:
                with self._device.autocast():
                    maps = teacher(resized(placed, resolution))
                save_file(_halved(maps), self._file(use, resolution, number))

    def pairs(self, use: Use, resolution: int, stage: int) -> Iterator[Pair]:
        number = 0
        while (path := self._file(use, resolution, number)).exists():
            with safe_open(path, "pt") as file:
                before, after = (self._whole(file, at) for at in (stage, stage + 1))
            yield Pair(before, after)
            number += 1

    def _whole(self, file: Any, point: int) -> Tensor:
        half: Tensor = file.get_tensor(str(point))
        return self._device.place(half).float() * float(file.get_tensor(f"{point}.scale"))

    def _file(self, use: Use, resolution: int, number: int) -> Path:
        return self.folder / f"{use}-{resolution}-{number:04}.safetensors"


def _halved(maps: tuple[Tensor, ...]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for at, each in enumerate(maps):
        scale = _scale(float(each.abs().max()))
        found[str(at)] = (each.float() / scale).half().cpu().contiguous()
        found[f"{at}.scale"] = torch.tensor(scale)
    return found


def _scale(largest: float) -> float:
    """A power of two, 1 where half precision holds the largest value."""
    limit = torch.finfo(torch.float16).max
    return 2.0 ** max(0, math.ceil(math.log2(largest / limit))) if largest > limit else 1.0
