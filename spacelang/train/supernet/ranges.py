"""Where the quantisers of a supernet get their first ranges: the same in every process."""

from __future__ import annotations

import torch
from torch import Tensor

from spacelang import ir
from spacelang.networks.architecture import largest, smallest
from spacelang.networks.sample import sample
from spacelang.nn import Quantiser, Supernet
from spacelang.train.data import resized
from spacelang.train.supernet.processes import Processes
from spacelang.train.supernet.sandwich import switch_dropout

SAMPLED = 32
"""Architectures that are tried for quantisers which neither the largest nor the smallest reaches."""


def waiting(supernet: Supernet) -> list[Quantiser]:
    """The quantisers that are on and don't have a first range yet."""
    return [each for each in supernet.modules() if isinstance(each, Quantiser) and each.active and not each.initialised]


@torch.no_grad()
def start_quantisers(supernet: Supernet, space: ir.SearchSpace, images: Tensor) -> None:
    """Run images through architectures until every quantiser has a range; batch norm uses the batch's statistics.

    Args:
        images: at the largest resolution; the same in every process.
    """
    switch_dropout(supernet.train(), on=False)
    for each in (largest(space), smallest(space), *sample(space, SAMPLED, seed=0)):
        supernet(resized(images, each.resolution), each)
        if not waiting(supernet):
            return


def agree(late: list[Quantiser], processes: Processes) -> None:
    """Quantisers that were first reached in a step took their ranges from parts of a batch: all take the first's."""
    if processes.world > 1:
        processes.share(part for each in late for part in each.parameters())
        for each in late:
            each.initialised = bool(each.scale != 0)
