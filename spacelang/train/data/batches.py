"""Batches of a split, in an order that depends on the seed and the epoch only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from spacelang.report.diagnostics import Diagnostic, SpacelangError, refuse
from spacelang.train.data.loading import loaded
from spacelang.train.data.split import Split
from spacelang.train.shared.seeds import generator


class Batch(NamedTuple):
    """images: batch × channels × size × size, float32, normalised. labels: int64."""

    images: Tensor
    labels: Tensor


class _Failure(NamedTuple):
    """What a worker found wrong: exceptions with arguments of their own don't survive the way between processes."""

    diagnostics: tuple[Diagnostic, ...]


def count_batches(split: Split, batch: int, *, shuffle: bool, rank: int = 0, world: int = 1) -> int:
    """How many batches of `batch` images one process of `world` gets in an epoch.

    With shuffle each process gets the same number of whole ones; else the last may be smaller, and processes of a low
    rank may get one more.

    Raises:
        SpacelangError: SP1203 if there aren't images enough for a single batch of training.
    """
    if not shuffle:
        return len(range(rank, -(-len(split) // batch), world))
    count = len(split) // batch // world
    if not count:
        processes = f" in each of {world} processes" if world > 1 else ""
        refuse(
            "SP1203",
            f"a batch of {batch}{processes} is more than the {len(split)} images for training",
            f"take a batch of at most {len(split) // world}" if len(split) >= world else "take fewer processes",
        )
    return count


def batches(
    split: Split,
    size: int,
    batch: int,
    *,
    seed: int,
    epoch: int,
    shuffle: bool,
    augment: bool,
    start: int = 0,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
) -> Iterator[Batch]:
    """One epoch of one process: its batches number `start` and following.

    The same for any number of workers: a batch is made by one of them, and what is random in an image depends on
    seed, epoch and image only. Processes take the batches in turns.

    Args:
        size: height and width of the images.
        shuffle: a new order each epoch, whole batches only; else the split's order, all of it.
        augment: vary the images at random, as is right for their kind.
        workers: processes that read ahead; 0 reads in this one.

    Raises:
        SpacelangError: SP1203 as `count_batches`; SP1208 if an image can't be read.
    """
    count = count_batches(split, batch, shuffle=shuffle, rank=rank, world=world)
    made = _Batches(split, size, batch, seed, epoch, shuffle, augment)
    numbers = [index * world + rank for index in range(start, count)]
    for each in loaded(made, numbers, workers):
        if isinstance(each, _Failure):
            raise SpacelangError(each.diagnostics)
        yield each


class _Batches(Dataset[Batch | _Failure]):
    """An epoch's batches by their number, over all processes."""

    def __init__(
        self, split: Split, size: int, batch: int, seed: int, epoch: int, shuffle: bool, augment: bool
    ) -> None:
        self.split, self.size, self.batch = split, size, batch
        self.seed, self.epoch, self.augment = seed, epoch, augment
        if shuffle:
            self.order = torch.randperm(len(split), generator=generator("order", split.name, seed, epoch))
        else:
            self.order = torch.arange(len(split))

    def __getitem__(self, number: int) -> Batch | _Failure:
        indices = self.order[number * self.batch : (number + 1) * self.batch]
        chosen = indices.tolist()
        words = ("augmentation", self.split.name, self.seed, self.epoch)
        randoms = [generator(*words, each) for each in chosen] if self.augment else None
        try:
            images = self.split.images(chosen, self.size, randoms)
        except SpacelangError as error:
            return _Failure(error.diagnostics)
        return Batch(images, self.split.labels[indices])
