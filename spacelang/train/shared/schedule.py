"""The two phases of training a quantised-for-all supernet, and how each is optimised (paper, D)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn, optim

from spacelang import ir
from spacelang.nn import Precision

RATED_BATCH = 256
"""The batch size that the learning rates are given for."""


def cosine(part: float) -> float:
    """The learning rate after a part (0 to 1) of a training, as a share of its peak: half a cosine, from 1 to 0.

    torch's `CosineAnnealingLR` gives the same, step after step; this one can start at any step.
    """
    return (1 + math.cos(math.pi * part)) / 2


@dataclass(frozen=True)
class Phase:
    """A training in one precision.

    Attributes:
        peak: the highest learning rate, from which half a cosine leads to 0.
        warmup: the share of the steps in which it rises to that peak, on a line.
    """

    precision: Precision
    epochs: int
    peak: float
    warmup: float = 0.0

    def learning_rate(self, step: int, steps: int) -> float:
        """The learning rate of a step, of all `steps` of the phase."""
        rising = round(self.warmup * steps)
        if step < rising:
            return self.peak * (step + 1) / (rising + 1)
        return self.peak * cosine((step - rising) / (steps - rising))


def with_epochs(*phases: Phase) -> tuple[Phase, ...]:
    """The phases that last for an epoch or more."""
    return tuple(each for each in phases if each.epochs)


def phases(settings: ir.Train) -> tuple[Phase, ...]:
    """In floating point, then with quantisers; without those that have no epoch."""
    scale = settings.batch / RATED_BATCH
    return with_epochs(
        Phase("fp32", settings.epochs, settings.learning_rate * scale, settings.warmup),
        Phase(
            "int8",
            settings.quantised_epochs,
            settings.learning_rate_quantised * scale,
            settings.warmup_quantised,
        ),
    )


def optimiser(network: nn.Module, settings: ir.Train) -> optim.SGD:
    """SGD with momentum. Only the weights of convolutions and linear layers decay.

    Norms, biases and quantisers don't: pulling them to 0 doesn't make a network simpler, and a scale of 0 breaks it.
    """
    decaying = [each for each in network.parameters() if each.dim() > 1]
    others = [each for each in network.parameters() if each.dim() <= 1]
    groups = [{"params": decaying, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    nesterov = settings.nesterov == "on" and settings.momentum > 0  # torch takes no other
    return optim.SGD(groups, lr=0.0, momentum=settings.momentum, nesterov=nesterov)
