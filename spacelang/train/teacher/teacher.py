"""A frozen network whose feature maps students learn to give, cut to the stages of a space."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol, Self, cast

import torch
from torch import Tensor, nn

Normalisation = tuple[Sequence[float], Sequence[float]]


class Point(NamedTuple):
    """A feature map: its channels, and how many times smaller than the image it is."""

    name: str
    channels: int
    reduction: int


class Backbone(Protocol):
    """What a teacher runs: a module with feature maps at points in the order that they are computed."""

    @property
    def points(self) -> Sequence[Point]: ...

    def maps(self, images: Tensor, positions: Sequence[int]) -> list[Tensor]:
        """The maps at some points, by ascending position; nothing after the last of them is run."""
        ...


class Found(NamedTuple):
    """A network that may become a teacher.

    Attributes:
        normalisation: mean and standard deviation of each channel that its images have, in 0…1.
        preferred: positions of points to cut at where they suffice; None for all.
    """

    backbone: nn.Module
    points: Sequence[Point]
    normalisation: Normalisation
    preferred: Collection[int] | None = None


class Teacher(nn.Module):
    """A frozen backbone with one point before the first stage and one after every stage.

    It stays in evaluation and keeps no gradients, whatever the module that holds it is switched to.

    Attributes:
        name: what it was opened by.
        fingerprint: a hash of its weights and its cut.
        points: stages + 1 of them; stage i turns the map at point i into that at point i + 1.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        name: str,
        backbone: nn.Module,
        points: Sequence[Point],
        positions: Sequence[int],
        affine: tuple[Sequence[float], Sequence[float]] | None = None,
    ) -> None:
        """`affine`: scale and shift of each channel, from the data's normalisation to the one of the backbone."""
        super().__init__()
        self.name = name
        self.points = tuple(points)
        self.positions = tuple(positions)
        self.backbone = backbone.eval().requires_grad_(False)
        self._maps = cast(Backbone, backbone).maps
        scale, shift = affine or ((1.0,), (0.0,))
        self.register_buffer("scale", torch.tensor(scale).view(-1, 1, 1), persistent=False)
        self.register_buffer("shift", torch.tensor(shift).view(-1, 1, 1), persistent=False)
        self._plain = affine is None
        self.fingerprint = hash_of(backbone.state_dict(), repr((self.points, self.positions, affine)))

    def train(self, mode: bool = True) -> Self:
        return super().train(False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The maps at all points.

        Args:
            images: batch × channels × size × size, normalised as the data it was opened for.
        """
        return self.between(images, 0, len(self.points) - 1)

    @torch.no_grad()
    def between(self, images: Tensor, first: int, last: int) -> tuple[Tensor, ...]:
        """The maps at the points `first` to `last`, both included; what comes after `last` isn't run."""
        if not self._plain:
            images = images * self.scale + self.shift
        return tuple(self._maps(images, self.positions[first : last + 1]))


def hash_of(tensors: Mapping[str, Tensor], more: str = "") -> str:
    """SHA-256 of names, types, shapes and bytes of tensors, and of a text."""
    digest = hashlib.sha256(more.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
