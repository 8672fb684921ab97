"""Images to train on: scikit-learn's digits, or a folder in ImageNet's layout.

data = open_data("digits", space)
for images, labels in batches(data.train, 32, 64, Epoch(augment=True)):
    ...
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from spacelang.ir.nodes import SearchSpace
from spacelang.report.arguments import can_be_path
from spacelang.report.diagnostics import refuse
from spacelang.train.data.batches import ALL, IN_ORDER, Batch, Epoch, Share, batches, count_batches
from spacelang.train.data.digits import NAME as DIGITS
from spacelang.train.data.digits import open_digits
from spacelang.train.data.folder import ImageSplit, open_folder
from spacelang.train.data.reading import Broken, broken_images
from spacelang.train.data.split import Data, Split, drawn_from, require_classes, resized

__all__ = [
    "ALL",
    "DIGITS",
    "IN_ORDER",
    "Batch",
    "Broken",
    "Data",
    "Epoch",
    "Share",
    "Split",
    "anywhere",
    "batches",
    "broken_images",
    "count_batches",
    "cropped_only",
    "drawn_from",
    "open_data",
    "open_images",
    "require_classes",
    "resized",
]


def cropped_only(split: Split) -> Split:
    """Photographs without AutoAugment; other images as they are."""
    return replace(split, policy=False) if isinstance(split, ImageSplit) else split


def anywhere(where: str) -> str:
    """The same images, as a process that runs in another directory finds them."""
    return where if where == DIGITS or not can_be_path(where) else str(Path(where).resolve())


def open_data(where: str, space: SearchSpace) -> Data:
    """The images for a space: `digits`, or a folder with train/ and val/ that hold one folder a class.

    Raises:
        SpacelangError: as `open_folder`, all that is wrong with the folder at once.
    """
    return open_images(where, space.channels)


def open_images(where: str, channels: int) -> Data:
    """As `open_data`, where no space is at hand."""
    if not can_be_path(where):
        refuse(
            "SP1201", f"no folder can be called {where[:40]!r}", "give `digits`, or a folder with `train/` and `val/`"
        )
    return open_digits(channels) if where == DIGITS else open_folder(Path(where), channels)
