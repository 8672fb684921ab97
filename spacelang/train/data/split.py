"""What training reads: a train and a validation split of labelled images, each image by its index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from spacelang.ir.nodes import SearchSpace
from spacelang.report.diagnostics import refuse
from spacelang.train.shared.seeds import generator


class Split(Protocol):
    """Labelled images, in a fixed order.

    Attributes:
        name: `train` or `validation`.
        labels: the class of each image; int64.
    """

    @property
    def name(self) -> str: ...

    @property
    def labels(self) -> Tensor: ...

    def __len__(self) -> int: ...

    def images(self, indices: Sequence[int], size: int, randoms: Sequence[torch.Generator] | None) -> Tensor:
        """These images, normalised: images × channels × size × size, float32.

        Args:
            randoms: for training, a generator for each image, which its augmentation is drawn from; None for none.

        Raises:
            SpacelangError: SP1208 if an image can't be read.
        """
        ...


@dataclass(frozen=True)
class Subset:
    """Some images of a split, by their indices in it."""

    whole: Split
    chosen: Tensor

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def labels(self) -> Tensor:
        return self.whole.labels[self.chosen]

    def __len__(self) -> int:
        return len(self.chosen)

    def images(self, indices: Sequence[int], size: int, randoms: Sequence[torch.Generator] | None) -> Tensor:
        return self.whole.images(self.chosen[torch.as_tensor(indices, dtype=torch.long)].tolist(), size, randoms)


def drawn_from(split: Split, count: int, *words: int | str) -> Split:
    """Some images of a split, in its order, drawn at random; all where there are no more.

    A greater count adds to the same images.

    Args:
        words: decide what is drawn.
    """
    if count >= len(split):
        return split
    order = torch.randperm(len(split), generator=generator("subset", split.name, *words))
    return Subset(split, order[:count].sort().values)


@dataclass(frozen=True)
class Data:
    """Images to train on, drawn for one space.

    Attributes:
        name: what it was opened by.
        channels: of the images, those that the space takes.
        classes: how many classes the labels tell apart.
        mean, std: what was subtracted from each channel of images in 0…1, and what they were then divided by.
        fingerprint: a hash of what the splits hold; checkpoints keep it. It doesn't depend on the space.
    """

    name: str
    channels: int
    classes: int
    train: Split
    validation: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str


def require_classes(data: Data, space: SearchSpace) -> None:
    """What training on labels needs; distillation doesn't look at them.

    Raises: SpacelangError: SP1202 if the space and the data don't have the same number of classes.
    """
    if data.classes != space.classes:
        refuse(
            "SP1202",
            f"{data.name} has {data.classes} classes, {space.name} has {space.classes}",
            f"write `classes {data.classes}` in {space.name}, or take other data",
        )


def resized(images: Tensor, size: int) -> Tensor:
    """A batch at another resolution, antialiased; itself where it has that resolution.

    Args:
        images: batch × channels × height × width.
    """
    if images.shape[-2:] == (size, size):
        return images
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True, align_corners=False)
