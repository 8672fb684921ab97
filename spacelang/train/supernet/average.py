"""The moving average of a network's weights over the steps of a phase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from spacelang.nn import Quantiser

PREFIX = "average."
"""Of the names of its tensors in a checkpoint."""


class Average:
    """After each step decay × average + (1 - decay) × weights. With a decay of 0 there is none.

    Batch norms' statistics aren't averaged: they are computed again where a network is evaluated.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._parameters = dict(network.named_parameters())
        self._decay = decay
        self._average: dict[str, Tensor] = {}

    def restart(self) -> None:
        """From the weights as they are."""
        if self._decay:
            self._average = {name: each.detach().clone() for name, each in self._parameters.items()}

    @torch.no_grad()
    def follow(self, late: Sequence[Quantiser]) -> None:
        """After a step. late: quantisers that may have got their first range in it, which their average starts from."""
        fresh = {parameter for each in late if each.initialised for parameter in each.parameters()}
        for name, average in self._average.items():
            weight = self._parameters[name]
            average.lerp_(weight, 1.0 if weight in fresh else 1 - self._decay)

    @torch.no_grad()
    def settle(self) -> None:
        """Make it the weights."""
        for name, average in self._average.items():
            self._parameters[name].copy_(average)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Within, the network has the average for weights."""
        weights = {name: self._parameters[name].detach().clone() for name in self._average}
        self.settle()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, weight in weights.items():
                    self._parameters[name].copy_(weight)

    def tensors(self) -> dict[str, Tensor]:
        """What `restore` needs."""
        return {f"{PREFIX}{name}": each for name, each in self._average.items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """tensors: of a checkpoint, by name; others are ignored."""
        for name, weight in self._parameters.items():
            if (kept := tensors.get(f"{PREFIX}{name}")) is not None:
                self._average[name] = kept.to(weight.device).clone()
