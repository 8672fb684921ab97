"""The network of the teacher `trained`: as many parts as the space has stages, each with the stage's stride."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from spacelang.ir.nodes import SearchSpace
from spacelang.train.teacher.cut import reductions
from spacelang.train.teacher.teacher import Point

NARROWEST, WIDEST = 32, 256
CHANNELS_PER_REDUCTION = 16


class SmallNet(nn.Module):
    """A stem and residual parts with a linear end, so that a map has no dead channels; then a classifier.

    Attributes:
        points: the stem's output and each part's.
    """

    def __init__(self, space: SearchSpace, classes: int) -> None:
        super().__init__()
        names = ("stem", *(each.name for each in space.stages))
        self.points = tuple(
            Point(name, min(max(CHANNELS_PER_REDUCTION * each, NARROWEST), WIDEST), each)
            for name, each in zip(names, reductions(space), strict=True)
        )
        first, last = self.points[0], self.points[-1]
        parts: list[nn.Module] = [_stem(space.channels, first.channels, [each.stride for each in space.stem])]
        for point, before, stage in zip(self.points[1:], self.points, space.stages, strict=False):
            parts.append(_Residual(before.channels, point.channels, stage.stride))
        self.parts = nn.ModuleList(parts)
        self.head = nn.Sequential(
            nn.BatchNorm2d(last.channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(last.channels, classes),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        return cast(Tensor, self.head(self.maps(images, [len(self.points) - 1])[0]))

    def maps(self, images: Tensor, positions: Sequence[int]) -> list[Tensor]:
        found, value = [], images
        for index in range(positions[-1] + 1):
            value = self.parts[index](value)
            if index in positions:
                found.append(value)
        return found


def _stem(channels_in: int, channels: int, strides: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index, stride in enumerate([each for each in strides if each > 1] or [1]):
        if index:
            layers.append(nn.ReLU())
        layers += [_conv(channels if index else channels_in, channels, stride), nn.BatchNorm2d(channels)]
    return nn.Sequential(*layers)


class _Residual(nn.Module):
    """Two convolutions, each after norm and activation, added to the projected input."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(channels_in), nn.ReLU(), _conv(channels_in, channels, stride),
            nn.BatchNorm2d(channels), nn.ReLU(), _conv(channels, channels, 1),
        )  # fmt: skip
        same = stride == 1 and channels_in == channels
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1, stride, bias=False)

    def forward(self, value: Tensor) -> Tensor:
        return cast(Tensor, self.body(value) + self.shortcut(value))


def _conv(channels_in: int, channels: int, stride: int) -> nn.Conv2d:
    # Where the stride is larger than the kernel, pixels would be skipped.
    kernel = max(3, stride | 1)
    return nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, bias=False)
