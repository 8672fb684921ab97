"""One image of a file: decoded, cropped, varied for training, normalised."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

READABLE = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Endings of the files that are read, in lower case."""
LUMA = (0.299, 0.587, 0.114)
"""How bright red, green and blue are (ITU-R BT.601), as Pillow takes them too."""
CENTRE = 0.875
"""The part of the shorter side that validation looks at: 224 of 256."""
AREA = (0.08, 1.0)
RATIO = (3 / 4, 4 / 3)
"""A training crop's part of the area, and its width over its height (Szegedy et al. 2015)."""
TRIES = 10

Box = tuple[float, float, float, float]


class Unreadable(ValueError):
    """Why a file can't be read as an image."""


@dataclass(frozen=True)
class Normalisation:
    """means, stds: of each channel of images in 0…1, by the number of channels."""

    means: Mapping[int, tuple[float, ...]]
    stds: Mapping[int, tuple[float, ...]]

    def normalised(self, images: Tensor, channels: int) -> Tensor:
        """RGB images in 0…1 as `channels` channels of mean 0 and deviation 1."""
        if channels == 1:
            images = (images * torch.tensor(LUMA).view(3, 1, 1)).sum(-3, keepdim=True)
        mean, std = (torch.tensor(each[channels]).view(-1, 1, 1) for each in (self.means, self.stds))
        return (images - mean) / std


def _grey(values: tuple[float, ...]) -> float:
    return sum(weight * each for weight, each in zip(LUMA, values, strict=True))


MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET = Normalisation({3: MEAN, 1: (_grey(MEAN),)}, {3: STD, 1: (_grey(STD),)})


def centred(path: Path, size: int) -> Tensor:
    """The middle of an image for validation: 3 × size × size in 0…1.

    Raises: Unreadable: as `read`.
    """
    image = read(path)
    side = CENTRE * min(image.size)
    return _tensor(image, _middle(*image.size, side, side), size)


def augmented(path: Path, size: int, random: torch.Generator, *, policy: bool = True) -> Tensor:
    """A part of an image for training, perhaps mirrored, then changed by AutoAugment: 3 × size × size in 0…1.

    The policy is the one found for ImageNet (Cubuk et al. 2019). All chance comes from `random`.

    Args:
        policy: without it, the part is only cut out and mirrored.

    Raises: Unreadable: as `read`.
    """
    image = read(path)
    part = _tensor(image, crop(*image.size, random), size)
    if torch.rand((), generator=random) < 0.5:
        part = part.flip(-1)
    if not policy:
        return part
    seed = int(torch.randint(2**62, (), generator=random))
    with torch.random.fork_rng(devices=[]):  # kornia draws from the global generator
        torch.default_generator.manual_seed(seed)
        changed: Tensor = _autoaugment()(part.unsqueeze(0))
    return changed.squeeze(0)


def crop(width: int, height: int, random: torch.Generator) -> Box:
    """A random part of an image: left, top, right, bottom. Where none of ten fits, the largest of a fitting shape."""
    for _ in range(TRIES):
        area, ratio, across, down = torch.rand(4, generator=random).tolist()
        wanted = width * height * (AREA[0] + area * (AREA[1] - AREA[0]))
        shape = math.exp(math.log(RATIO[0]) + ratio * (math.log(RATIO[1]) - math.log(RATIO[0])))
        wide, high = round(math.sqrt(wanted * shape)), round(math.sqrt(wanted / shape))
        if 0 < wide <= width and 0 < high <= height:
            left, top = math.floor(across * (width - wide + 1)), math.floor(down * (height - high + 1))
            return (left, top, left + wide, top + high)
    return _middle(width, height, min(width, height * RATIO[1]), min(height, width / RATIO[0]))


def _middle(width: int, height: int, wide: float, high: float) -> Box:
    left, top = (width - wide) / 2, (height - high) / 2
    return (left, top, left + wide, top + high)


def read(path: Path) -> Image.Image:
    """An image as RGB. Colours under transparency are shown, grey is repeated, 16 bits become 8.

    Raises: Unreadable: if it can't be decoded, whatever the reason.
    """
    try:
        with Image.open(path) as image:
            return _rgb(image)
    except Exception as error:  # decoders of broken files fail in many ways
        reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
        raise Unreadable(reason.replace(f" {str(path)!r}", "").rstrip(".")) from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise ValueError("its pixels have 32 bits; 8 or 16 are read")
    elif "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _tensor(image: Image.Image, box: Box, size: int) -> Tensor:
    drawn = image.resize((size, size), Image.Resampling.BICUBIC, box=box)
    return torch.from_numpy(np.array(drawn)).permute(2, 0, 1).float() / 255


@cache
def _autoaugment() -> nn.Module:
    from kornia.augmentation.auto import AutoAugment

    return AutoAugment("imagenet", transformation_matrix_mode="skip")
