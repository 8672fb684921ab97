"""scikit-learn's digits: 1 797 real images of 8×8, which ship with the package. The embedded default."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spacelang.train.data.split import Data

NAME = "digits"
CLASSES = 10
VALIDATION_PART = 5
"""One image in this many, of each class, is for validation."""
BRIGHTEST = 16.0
ROTATION = math.radians(10)
SCALE = 0.1
SHIFT = 0.08
"""The most that a training image is rotated, scaled and shifted (both relative to its size): it stays the same digit.
It is never mirrored, which could make it another one."""


class Digits:
    """One split, in memory at 8×8; `images` draws it larger, bicubically."""

    def __init__(self, name: str, small: Tensor, labels: Tensor, channels: int) -> None:
        self.name = name
        self.labels = labels
        self._small = small
        self._channels = channels

    def __len__(self) -> int:
        return len(self.labels)

    def images(self, indices: Sequence[int], size: int, randoms: Sequence[torch.Generator] | None) -> Tensor:
        chosen = self._small[torch.as_tensor(indices, dtype=torch.long)]
        if randoms is None:
            drawn = F.interpolate(chosen, (size, size), mode="bicubic", align_corners=False)
        else:
            grid = F.affine_grid(_placements(randoms), [len(indices), 1, size, size], align_corners=False)
            drawn = F.grid_sample(chosen, grid, mode="bicubic", padding_mode="border", align_corners=False)
        return drawn.expand(-1, self._channels, -1, -1).contiguous()


def _placements(randoms: Sequence[torch.Generator]) -> Tensor:
    """How each image lies in its square: images × 2 × 3, as `affine_grid` takes it."""
    drawn = torch.stack([torch.rand(4, generator=each) for each in randoms]) * 2 - 1
    angle, scale = drawn[:, 0] * ROTATION, 1 + drawn[:, 1] * SCALE
    cos, sin = angle.cos() * scale, angle.sin() * scale
    # A shift of the whole width is 2 in the coordinates of a grid.
    shift = drawn[:, 2:] * 2 * SHIFT
    return torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)


def open_digits(channels: int) -> Data:
    """The digits, which are grey, so the same in each channel."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels, labels = np.asarray(bunch.images, np.float32), np.asarray(bunch.target, np.int64)
    held_out = _held_out(labels)
    mean, std = (float(each) for each in (pixels[~held_out].mean(), pixels[~held_out].std()))
    small = torch.from_numpy((pixels - mean) / std).unsqueeze(1)

    def split(name: str, part: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Digits:
        return Digits(name, small[part], torch.from_numpy(labels[part]), channels)

    return Data(
        name=NAME,
        channels=channels,
        classes=CLASSES,
        train=split("train", ~held_out),
        validation=split("validation", held_out),
        mean=(mean / BRIGHTEST,) * channels,
        std=(std / BRIGHTEST,) * channels,
        fingerprint=hashlib.sha256(pixels.tobytes() + labels.tobytes() + held_out.tobytes()).hexdigest(),
    )


def _held_out(
    labels: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which images are for validation: the last of every five in a class, in the set's own order."""
    held_out = np.zeros(len(labels), bool)
    for each in range(CLASSES):
        held_out[np.flatnonzero(labels == each)[VALIDATION_PART - 1 :: VALIDATION_PART]] = True
    return held_out
