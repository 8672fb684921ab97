"""Which files of a folder can't be read as images. It takes as long as an epoch, so it is done when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from torch.utils.data import Dataset

from spacelang.report.progress import Update
from spacelang.train.data.folder import ImageSplit
from spacelang.train.data.images import Unreadable, read
from spacelang.train.data.loading import loaded
from spacelang.train.data.split import Data

CHUNK = 32
"""Images that a worker reads at a time."""


class Broken(NamedTuple):
    """A file, and why it can't be read."""

    path: Path
    reason: str


def broken_images(data: Data, workers: int = 0, update: Update | None = None) -> tuple[Broken, ...]:
    """Decodes every image once; those that can't be, in order. Images that don't come from files are sound.

    Args:
        workers: processes that read; 0 reads in this one.
    """
    found: list[Broken] = []
    splits = [each for each in (data.train, data.validation) if isinstance(each, ImageSplit)]
    total, done = sum(map(len, splits)), 0
    for split in splits:
        chunks = _Chunks(split)
        for number, broken in enumerate(loaded(chunks, range(len(chunks)), workers), start=1):
            found += broken
            if update:
                update(done + min(number * CHUNK, len(split)), total, f"{len(found)} broken")
        done += len(split)
    return tuple(found)


class _Chunks(Dataset[list[Broken]]):
    def __init__(self, split: ImageSplit) -> None:
        self.split = split

    def __len__(self) -> int:
        return -(-len(self.split) // CHUNK)

    def __getitem__(self, number: int) -> list[Broken]:
        broken: list[Broken] = []
        for index in range(number * CHUNK, min((number + 1) * CHUNK, len(self.split))):
            path = self.split.path(index)
            try:
                read(path)
            except Unreadable as error:
                broken.append(Broken(path, str(error)))
        return broken
