"""What processes read ahead, in order."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

T = TypeVar("T")


def loaded(items: Dataset[T], numbers: Sequence[int], workers: int) -> Iterator[T]:
    """The items of these numbers, in their order, whatever the number of workers.

    Args:
        workers: processes; 0 makes the items in this one.
    """
    with warnings.catch_warnings():
        # It would warn of more workers than cores, which are right where workers wait for a disk.
        warnings.filterwarnings("ignore", "This DataLoader will create")
        loader = iter(
            DataLoader(
                items,
                batch_size=None,
                sampler=numbers,
                num_workers=min(workers, len(numbers)),
                generator=torch.Generator(),  # or it would draw from the global one
            )
        )
    yield from loader
