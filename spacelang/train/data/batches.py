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


class Epoch(NamedTuple):
    """What an epoch takes of a split, and in which order.

    Attributes:
        seed, number: decide the order and what is varied.
        shuffle: a new order each epoch, whole batches only; else the split's order, all of it.
        augment: vary the images at random, in the way that suits their kind.
    """

    seed: int = 0
    number: int = 0
    shuffle: bool = True
    augment: bool = False


IN_ORDER = Epoch(shuffle=False)
"""Every image once, as it is: for validation."""


class Share(NamedTuple):
    """What one process (number `rank` of `world`) gets of an epoch: the processes take the batches in turns."""

    rank: int = 0
    world: int = 1


ALL = Share()


class _Failure(NamedTuple):
    """What a worker found wrong: exceptions with arguments of their own can't be sent between processes."""

    diagnostics: tuple[Diagnostic, ...]


def count_batches(split: Split, batch: int, *, shuffle: bool, share: Share = ALL) -> int:
    """How many batches of `batch` images one process gets in an epoch.

    With shuffle each process gets the same number of whole ones; else the last may be smaller, and processes of a low
    rank may get one more.

    Raises:
        SpacelangError: SP1203 if there aren't enough images for a single training batch.
    """
    rank, world = share
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
    epoch: Epoch,
    *,
    start: int = 0,
    share: Share = ALL,
    workers: int = 0,
) -> Iterator[Batch]:
    """One process's share of an epoch, from its batch number `start` on.

    The same for any number of workers: a batch is made by one of them, and what is random in an image depends on
    seed, epoch and image only.

    Args:
        size: height and width of the images.
        batch: how many images are in one.
        workers: processes that read ahead; 0 reads in this one.

    Raises:
        SpacelangError: SP1203 as `count_batches`; SP1208 if an image can't be read.
    """
    count = count_batches(split, batch, shuffle=epoch.shuffle, share=share)
    made = _Batches(split, size, batch, epoch)
    numbers = [index * share.world + share.rank for index in range(start, count)]
    for each in loaded(made, numbers, workers):
        if isinstance(each, _Failure):
            raise SpacelangError(each.diagnostics)
        yield each


class _Batches(Dataset[Batch | _Failure]):
    """An epoch's batches by their number, over all processes."""

    def __init__(self, split: Split, size: int, batch: int, epoch: Epoch) -> None:
        self.split, self.size, self.batch, self.epoch = split, size, batch, epoch
        if epoch.shuffle:
            words = ("order", split.name, epoch.seed, epoch.number)
            self.order = torch.randperm(len(split), generator=generator(*words))
        else:
            self.order = torch.arange(len(split))

    def __getitem__(self, number: int) -> Batch | _Failure:
        indices = self.order[number * self.batch : (number + 1) * self.batch]
        chosen = indices.tolist()
        words = ("augmentation", self.split.name, self.epoch.seed, self.epoch.number)
        randoms = [generator(*words, each) for each in chosen] if self.epoch.augment else None
        try:
            images = self.split.images(chosen, self.size, randoms)
        except SpacelangError as error:
            return _Failure(error.diagnostics)
        return Batch(images, self.split.labels[indices])
