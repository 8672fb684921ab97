"""Accuracy of networks cut out of a supernet, after their batch norm was calibrated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from spacelang.networks.architecture import Architecture
from spacelang.nn import Precision, Supernet, set_precision
from spacelang.train.data import Batch, Data, Split, batches
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.supernet.processes import Processes

BATCH = 128
CALIBRATION_BATCHES = 8
"""About a thousand training images, without augmentation: as those that will come."""


@dataclass(frozen=True)
class Evaluator:
    """What networks are evaluated on, and with what. workers: processes that read images ahead."""

    data: Data
    accelerator: Accelerator
    processes: Processes
    workers: int

    def accuracies(
        self, supernet: Supernet, architecture: Architecture, precisions: Sequence[Precision]
    ) -> list[float]:
        """The share of validation images that one architecture gets right, in each precision.

        The supernet stays as it is. All processes must ask together; each looks at a part of the images.
        """
        calibration = list(self.calibration(architecture.resolution))
        networks = [self._network(supernet, architecture, each, calibration) for each in precisions]
        right = [0] * len(networks)
        for images, labels in self._validation(architecture.resolution):
            for at, network in enumerate(networks):
                right[at] += _count_right(network, images, labels)
        summed = self.processes.sums(right, self.accelerator.device)
        return [each / len(self.data.validation) for each in summed]

    def calibration(self, resolution: int) -> Iterator[Tensor]:
        """Batches of training images, read when asked for: the same ones for every network and in all processes."""
        size = min(BATCH, len(self.data.train))
        made = self._batches(self.data.train, resolution, size, shuffle=True)
        return (self.accelerator.place(each.images) for each in islice(made, CALIBRATION_BATCHES))

    def _validation(self, resolution: int) -> Iterator[Batch]:
        rank, world = self.processes.rank, self.processes.world
        made = self._batches(self.data.validation, resolution, BATCH, shuffle=False, rank=rank, world=world)
        return (Batch(*map(self.accelerator.place, each)) for each in made)

    def _batches(self, split: Split, resolution: int, size: int, **more: Any) -> Iterator[Batch]:
        return batches(split, resolution, size, seed=0, epoch=0, augment=False, workers=self.workers, **more)

    def _network(
        self, supernet: Supernet, architecture: Architecture, precision: Precision, calibration: Sequence[Tensor]
    ) -> nn.Module:
        network = supernet.cut(architecture).eval()
        set_precision(network, precision)
        recalibrate(network, calibration)
        return network


@torch.no_grad()
def _count_right(network: nn.Module, images: Tensor, labels: Tensor) -> int:
    return int((network(images).argmax(1) == labels).sum())
