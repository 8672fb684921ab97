"""Accuracy of networks cut out of a supernet, after their batch norm was calibrated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from spacelang.networks.architecture import Architecture
from spacelang.nn import Precision, Supernet, set_precision
from spacelang.train.data import IN_ORDER, Batch, Data, Epoch, Share, batches
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
        made = batches(self.data.train, resolution, size, Epoch(), workers=self.workers)
        return (self.accelerator.place(each.images) for each in islice(made, CALIBRATION_BATCHES))

    def _validation(self, resolution: int) -> Iterator[Batch]:
        share = Share(self.processes.rank, self.processes.world)
        made = batches(self.data.validation, resolution, BATCH, IN_ORDER, share=share, workers=self.workers)
        return (Batch(*map(self.accelerator.place, each)) for each in made)

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
