"""Parts of blocks that are made of other layers: squeeze and excitation, shortcuts."""

from __future__ import annotations

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


class IdentityShortcut(nn.Module):
    """x + y where the shapes agree, else y."""

    def __init__(self, *, stride: int, act: str | None = None) -> None:
        super().__init__()
        self.stride = stride
        self.add = Add(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.stride != 1 or x.shape[1] != y.shape[1]:
            return y
        result: Tensor = self.add(x, y)
        return result


class ProjectShortcut(nn.Module):
    """x + y; where the shapes differ, x goes through a 1×1 convolution with the stride, and norm."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int, act: str | None = None) -> None:
        super().__init__()
        self.stride = stride
        self.conv = ElasticConv2d(channels_in, channels_out, kernel=1, stride=stride)
        self.add = Add(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.stride != 1 or x.shape[1] != y.shape[1]:
            x = self.conv(x, y.shape[1])
        result: Tensor = self.add(x, y)
        return result


class AvgPoolProjectShortcut(nn.Module):
    """As `ProjectShortcut`, but a mean pool takes the stride."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int, act: str | None = None) -> None:
        super().__init__()
        self.pool = StridePool2d(stride) if stride > 1 else None
        self.conv = ElasticConv2d(channels_in, channels_out, kernel=1)
        self.add = Add(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        differ = self.pool is not None or x.shape[1] != y.shape[1]
        if self.pool is not None:
            x = self.pool(x)
        if differ:
            x = self.conv(x, y.shape[1])
        result: Tensor = self.add(x, y)
        return result
