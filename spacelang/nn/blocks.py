"""Parts of blocks that are made of other layers: squeeze and excitation, shortcuts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spacelang.nn.activations import Add, Multiply
from spacelang.nn.layers import ElasticConv2d
from spacelang.nn.pools import GlobalPool, StridePool2d


class SqueezeExcite(nn.Module):
    """Global mean, conv 1 to `squeeze` with bias, relu, conv 1 back with bias, hard sigmoid, multiply."""

    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__()
        self.pool = GlobalPool()
        self.reduce = ElasticConv2d(channels, squeeze, kernel=1, norm=False, bias=True, act="relu")
        self.expand = ElasticConv2d(squeeze, channels, kernel=1, norm=False, bias=True, act="hsigmoid")
        self.multiply = Multiply()

    def forward(self, x: Tensor, squeeze: int) -> Tensor:
        factor = self.expand(self.reduce(self.pool(x), squeeze), x.shape[1])
        result: Tensor = self.multiply(x, factor)
        return result


class DropConnect(nn.Module):
    """Leaves out the branch of a block, for each image by chance (stochastic depth, Huang et al. 2016).

    Only in training mode.

    Attributes:
        rate: how often; 0 until `set_drop_connect`. What is left is scaled up by it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rate = 0.0

    def forward(self, y: Tensor) -> Tensor:
        if not (self.training and self.rate and isinstance(y, Tensor)):  # while a network is cut, it is a wire
            return y
        kept = torch.rand(len(y), 1, 1, 1, device=y.device) >= self.rate
        return y * kept / (1 - self.rate)


def set_drop_connect(network: nn.Module, rate: float) -> None:
    """Give the last block this rate, and those before it less, falling to 0 on a line (EfficientNet)."""
    found = [each for each in network.modules() if isinstance(each, DropConnect)]
    for at, each in enumerate(found, start=1):
        each.rate = rate * at / len(found)


class IdentityShortcut(nn.Module):
    """x + y where the shapes agree, else y."""

    def __init__(self, *, stride: int, act: str | None = None) -> None:
        super().__init__()
        self.stride = stride
        self.drop = DropConnect()
        self.add = Add(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.stride != 1 or x.shape[1] != y.shape[1]:
            return y
        result: Tensor = self.add(x, self.drop(y))
        return result


class ProjectShortcut(nn.Module):
    """x + y; where the shapes differ, x goes through a 1×1 convolution with the stride, and norm."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int, act: str | None = None) -> None:
        super().__init__()
        self.stride = stride
        self.conv = ElasticConv2d(channels_in, channels_out, kernel=1, stride=stride)
        self.drop = DropConnect()
        self.add = Add(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.stride != 1 or x.shape[1] != y.shape[1]:
            x = self.conv(x, y.shape[1])
        result: Tensor = self.add(x, self.drop(y))
        return result


class AvgPoolProjectShortcut(nn.Module):
    """As `ProjectShortcut`, but a mean pool takes the stride."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int, act: str | None = None) -> None:
        super().__init__()
        self.pool = StridePool2d(stride) if stride > 1 else None
        self.conv = ElasticConv2d(channels_in, channels_out, kernel=1)
        self.drop = DropConnect()
        self.add = Add(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        differ = self.pool is not None or x.shape[1] != y.shape[1]
        if self.pool is not None:
            x = self.pool(x)
        if differ:
            x = self.conv(x, y.shape[1])
        result: Tensor = self.add(x, self.drop(y))
        return result


Shortcut = IdentityShortcut | ProjectShortcut | AvgPoolProjectShortcut


def begin_as_shortcuts(network: nn.Module) -> None:
    """Set γ of the last batch norm to 0 in each block with a shortcut, so that it begins as that (Goyal et al. 2017).

    Blocks that end in an activation stay as they are: a relu of nothing but zeros passes no gradient.
    """
    for block in network.modules():
        shortcut = getattr(block, "shortcut", None)
        convolutions = [each for each in block.children() if isinstance(each, ElasticConv2d)]
        if convolutions and isinstance(shortcut, Shortcut):
            first, last = convolutions[0], convolutions[-1]
            # An identity is there in the largest network.
            always = not isinstance(shortcut, IdentityShortcut) or (
                shortcut.stride == 1 and first.channels_in == last.channels_out
            )
            if always and last.norm is not None and last.act is None:
                nn.init.zeros_(last.norm.weight)
