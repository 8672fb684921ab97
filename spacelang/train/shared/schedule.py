"""The two phases of training a quantised-for-all supernet, and how each is optimised (paper, D)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn, optim

from spacelang import ir
from spacelang.nn import Precision

RATED_BATCH = 256
"""Images in a step for which the learning rates are written down."""
GRADIENT_CLIP = 1.0
"""Gradient values are cut at ±1, as in AlphaNet, whose settings the paper follows."""


@dataclass(frozen=True)
class Phase:
    """peak: the learning rate of its first step."""

    precision: Precision
    epochs: int
    peak: float

    def learning_rate(self, step: int, steps: int) -> float:
        """Of one of so many steps: half a cosine, from the peak to nearly 0."""
        return self.peak * (1 + math.cos(math.pi * step / steps)) / 2


def phases(settings: ir.Train) -> tuple[Phase, ...]:
    """Those that have an epoch: in floating point, then with quantisers."""
    scale = settings.batch / RATED_BATCH
    both = (
        Phase("fp32", settings.epochs, settings.learning_rate * scale),
        Phase("int8", settings.quantised_epochs, settings.learning_rate_quantised * scale),
    )
    return tuple(each for each in both if each.epochs)


def optimiser(network: nn.Module, settings: ir.Train) -> optim.SGD:
    """SGD with momentum. Only the weights of convolutions and linear layers decay.

    Norms, biases and quantisers don't: towards 0 is no simpler network for them, and for a scale no network at all.
    """
    decaying = [each for each in network.parameters() if each.dim() > 1]
    others = [each for each in network.parameters() if each.dim() <= 1]
    groups = [{"params": decaying, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return optim.SGD(groups, lr=0.0, momentum=settings.momentum)
