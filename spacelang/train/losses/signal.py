"""The loss of distillation over a whole data set, which is too large for one batch."""

from __future__ import annotations

import torch
from torch import Tensor

from spacelang.nn.loss import signal_of


class Signal:
    """The teacher's variance in each channel, summed up batch by batch in float64.

    Values are taken relative to the first of their channel: what is constant then has a variance of exactly 0.
    """

    def __init__(self) -> None:
        self.values = 0
        self._origin: Tensor | None = None
        self._sum = self._squares = torch.zeros(())

    def add(self, teacher: Tensor) -> None:
        """teacher: batch × channels × height × width."""
        if self._origin is None:
            self._origin = teacher[:1, :, :1, :1].double()
        relative = teacher - self._origin
        self.values += teacher.numel() // teacher.shape[1]
        self._sum = self._sum.to(relative.device) + relative.sum((0, 2, 3))
        self._squares = self._squares.to(relative.device) + relative.square().sum((0, 2, 3))

    @property
    def variance(self) -> Tensor:
        """(channels,)"""
        return self._squares / self.values - (self._sum / self.values).square()


def noise(student: Tensor, teacher: Tensor) -> Tensor:
    """(channels,) the squared errors of a batch, added up in float64."""
    return (student - teacher).square().sum((0, 2, 3), dtype=torch.float64)


def nsr(noises: Tensor, signal: Signal) -> float:
    """What `nn.nsr_loss` gives for all batches as one: noise over variance, the mean over channels that vary.

    Args:
        noises: (channels,) the sum of `noise` over the batches that `signal` was given.
    """
    variance = signal_of(signal.variance)
    live = variance > 0
    if not live.any():
        return 0.0
    return float((noises / signal.values / variance)[live].mean())
