"""Batch norm whose channels are the first of the largest network's."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ElasticBatchNorm2d(nn.BatchNorm2d):
    """As `nn.BatchNorm2d` of the first channels; the statistics are shared by all widths.

    So they fit none exactly: they are computed again for a network that is to be evaluated.
    """

    def forward(self, x: Tensor) -> Tensor:
        count = x.shape[1]
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        if self.training:
            self.num_batches_tracked.add_(1)
        return F.batch_norm(
            x,
            self.running_mean[:count],
            self.running_var[:count],
            self.weight[:count],
            self.bias[:count],
            self.training,
            self.momentum,
            self.eps,
        )

    @torch.no_grad()
    def cut(self, channels: int) -> nn.BatchNorm2d:
        """The static batch norm of this many channels."""
        norm = nn.BatchNorm2d(channels, self.eps, self.momentum, device="meta")
        for name, each in self.named_parameters():
            setattr(norm, name, nn.Parameter(each[:channels].clone()))
        for name, buffer in self.named_buffers():
            setattr(norm, name, (buffer[:channels] if buffer.dim() else buffer).clone())
        return norm
