"""Batch norm of a network that was cut out of shared weights.

Statistics shared by all widths, depths and resolutions fit none of them, so they are computed again for a network that
is evaluated or used, as in universally slimmable networks (Yu and Huang 2019). The paper doesn't mention it.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def recalibrate(network: nn.Module, inputs: Iterable[Tensor]) -> None:
    """Replace the statistics of every batch norm by their mean over these batches, each batch weighing the same.

    The network runs in its precision; quantisers don't change, dropout drops nothing. Networks without batch norm
    don't run at all.

    Args:
        network: a static network, such as `nn.cut` gives; its mode is left as it was.
        inputs: batches of what the network takes: images, or a teacher's maps. Of training data.

    Raises:
        ValueError: if there are no batches.
    """
    norms = [each for each in network.modules() if isinstance(each, nn.BatchNorm2d)]
    if not norms:
        return
    momenta, training = [each.momentum for each in norms], network.training
    network.eval()
    for each in norms:
        each.reset_running_stats()
        each.momentum = None  # in torch: the mean over all batches
        each.train()
    try:
        batches = 0
        for batch in inputs:
            network(batch)
            batches += 1
        if not batches:
            raise ValueError("there are no batches to take statistics from")
    finally:
        network.train(training)
        for each, momentum in zip(norms, momenta, strict=True):
            each.momentum = momentum
