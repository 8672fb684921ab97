"""A folder in ImageNet's layout: train/CLASS/*.jpg, val/CLASS/*.jpg (or validation/)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from spacelang.report.diagnostics import Report, refuse
from spacelang.train.data.images import IMAGENET, Unreadable, augmented, centred
from spacelang.train.data.scan import Classes, fingerprint, scan
from spacelang.train.data.split import Data


@dataclass(frozen=True)
class ImageSplit:
    """One split, class by class in alphabetical order.

    Attributes:
        paths: below `folder`, as bytes: in an array they take little memory, and workers share it.
        policy: whether AutoAugment is part of the augmentation.
    """

    name: str
    folder: Path
    paths: np.ndarray[tuple[int], np.dtype[np.bytes_]]
    labels: Tensor
    channels: int
    policy: bool = True

    def __len__(self) -> int:
        return len(self.paths)

    def path(self, index: int) -> Path:
        return self.folder / os.fsdecode(self.paths[index])

    def images(self, indices: Sequence[int], size: int, randoms: Sequence[torch.Generator] | None) -> Tensor:
        chances: Sequence[torch.Generator | None] = randoms or [None] * len(indices)
        images = [self._image(index, size, random) for index, random in zip(indices, chances, strict=True)]
        return IMAGENET.normalised(torch.stack(images), self.channels)

    def _image(self, index: int, size: int, random: torch.Generator | None) -> Tensor:
        path = self.path(index)
        try:
            return centred(path, size) if random is None else augmented(path, size, random, policy=self.policy)
        except Unreadable as error:
            refuse(
                "SP1208",
                f"the image {path} can't be read: {error}",
                f"mend or remove it; `spacelang data {self.folder.parent} --read` finds all that are broken",
            )


def open_folder(root: Path, channels: int) -> Data:
    """The images of a folder, in 1 or 3 channels. Everything wrong with its layout is reported at once.

    Images are opened when they are needed, so a broken one is found then. The fingerprint is of paths and sizes: to
    read the contents of an ImageNet takes hours.

    Raises:
        SpacelangError: SP1201, SP1204, SP1205, SP1206, SP1209: what is wrong with the folder; SP1207 for other
            channels.
    """
    if channels not in IMAGENET.means:
        refuse("SP1207", f"photographs of {channels} channels are asked for", "a folder has them in 1 or 3")
    report = Report()
    found = scan(root, report)
    report.raise_if_failed()
    splits = {name: _split(name, folder, classes, channels) for name, (folder, classes) in found.items()}
    return Data(
        name=os.fspath(root),
        channels=channels,
        classes=len(found["train"][1]),
        train=splits["train"],
        validation=splits["validation"],
        mean=IMAGENET.means[channels],
        std=IMAGENET.stds[channels],
        fingerprint=fingerprint(found),
    )


def _split(name: str, folder: Path, classes: Classes, channels: int) -> ImageSplit:
    paths = [os.fsencode(f"{each}/{path}") for each, files in classes.items() for path in files]
    labels = torch.arange(len(classes)).repeat_interleave(torch.tensor([len(each) for each in classes.values()]))
    return ImageSplit(name, folder, np.array(paths), labels, channels)
