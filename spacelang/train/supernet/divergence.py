"""What a smaller network learns from the largest by: how far its probabilities are from the largest's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

ALPHAS = (-1.0, 1.0)
"""AlphaNet's (Wang et al. 2021, 4.2), and the published code's."""
MOST = 5.0
"""Importance weights are cut here (AlphaNet, algorithm 1)."""


def kl(said: Tensor, target: Tensor) -> Tensor:
    """The Kullback-Leibler divergence from the target to what is said, the mean over the batch.

    Args:
        said: batch × classes, logits.
        target: batch × classes, logarithms of probabilities.
    """
    return F.kl_div(said.log_softmax(1), target, reduction="batchmean", log_target=True)


def alpha(said: Tensor, target: Tensor) -> Tensor:
    """The adaptive α-divergence: for each image the greater of that of α = -1 and that of α = 1; arguments as `kl`.

    One punishes a student that is sure where the target isn't, the other one that misses what the target holds likely.
    The gradient is that of AlphaNet's algorithm 1: of the importance weights, cut at `MOST`, times log q; the value is
    the divergence itself with the same cut.
    """
    log_q = said.log_softmax(1)
    (loss, gradient), (other, others_gradient) = (_one(log_q, target, each) for each in ALPHAS)
    larger = loss > other
    value = torch.where(larger, loss, other).mean()
    surrogate = torch.where(larger, gradient, others_gradient).mean()
    return surrogate + (value - surrogate).detach()


def _one(log_q: Tensor, log_p: Tensor, order: float) -> tuple[Tensor, Tensor]:
    """(batch,) the divergence of one order, and what has its gradient."""
    q, p = log_q.exp(), log_p.exp()
    if order == 1.0:  # the limit: Kullback-Leibler
        return (p * (log_p - log_q)).sum(1).detach(), -(p * log_q).sum(1)
    importance = (order * (log_p - log_q)).exp().clamp(max=MOST)
    value = (q * (importance - 1)).sum(1) / (order * (order - 1))
    weights = (q * importance / order).detach()
    return value.detach(), -(weights * log_q).sum(1)


DIVERGENCES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"kl": kl, "alpha": alpha}
