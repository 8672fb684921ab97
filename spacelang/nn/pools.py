"""Pools. Means are over what the window holds of the map; padding doesn't count."""

from __future__ import annotations

from copy import deepcopy

import torch.nn.functional as F
from torch import Tensor, nn

from spacelang.nn.activations import ending
from spacelang.nn.layers import Kernels
from spacelang.nn.static import Cut, Elastic


class _Pool2d(Elastic):
    """Over `kernel`×`kernel`, padded by kernel div 2."""

    def __init__(self, *, kernel: Kernels, stride: int = 1) -> None:
        super().__init__()
        self.kernels = (kernel,) if isinstance(kernel, int) else kernel
        self.stride = stride

    def _choose(self, kernel: int | None) -> int:
        if kernel is None and len(self.kernels) == 1:
            return self.kernels[0]
        if kernel not in self.kernels:
            raise ValueError(f"the kernel size is {kernel}, not one of {self.kernels}")
        return kernel


class MaxPool2d(_Pool2d):
    """Its outputs are among its inputs, so they need no quantiser."""

    def forward(self, x: Tensor, kernel: int | None = None) -> Tensor:
        """Raises: ValueError: if it isn't made for this kernel size."""
        chosen = self._choose(kernel)
        return F.max_pool2d(x, chosen, self.stride, chosen // 2)

    def cut(self, channels: int, kernel: int | None = None) -> Cut:
        chosen = self._choose(kernel)
        return Cut(nn.MaxPool2d(chosen, self.stride, chosen // 2), channels)


class AvgPool2d(_Pool2d):
    def __init__(self, *, kernel: Kernels, stride: int = 1) -> None:
        super().__init__(kernel=kernel, stride=stride)
        self.ending = ending(None)

    def forward(self, x: Tensor, kernel: int | None = None) -> Tensor:
        """Raises: ValueError: if it isn't made for this kernel size."""
        chosen = self._choose(kernel)
        result: Tensor = self.ending(F.avg_pool2d(x, chosen, self.stride, chosen // 2, count_include_pad=False))
        return result

    def cut(self, channels: int, kernel: int | None = None) -> Cut:
        chosen = self._choose(kernel)
        pool = nn.AvgPool2d(chosen, self.stride, chosen // 2, count_include_pad=False)
        return Cut(nn.Sequential(pool, *deepcopy(self.ending)), channels)


class _Mean(Elastic):
    """One of torch's mean pools, whatever the channels."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.pool = pool
        self.ending = ending(None)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.ending(self.pool(x))
        return result

    def cut(self, channels: int) -> Cut:
        return Cut(nn.Sequential(deepcopy(self.pool), *deepcopy(self.ending)), channels)


class StridePool2d(_Mean):
    """The mean over stride×stride without padding; the last window may hold less."""

    def __init__(self, stride: int) -> None:
        super().__init__(nn.AvgPool2d(stride, stride, ceil_mode=True))


class GlobalPool(_Mean):
    """The mean over the map: batch × channels × 1 × 1."""

    def __init__(self) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1))
