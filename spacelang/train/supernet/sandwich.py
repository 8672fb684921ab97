"""One step of a supernet: the sandwich rule with in-place distillation (BigNAS, Yu et al. 2020; paper, 3.4 and D)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from spacelang import ir
from spacelang.networks.architecture import Architecture, largest, smallest
from spacelang.networks.sample import sample
from spacelang.nn import DropConnect, Supernet
from spacelang.train.data import Batch, resized
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.shared.seeds import numpy_generator
from spacelang.train.supernet.divergence import DIVERGENCES


class Losses(NamedTuple):
    """Means over the batch.

    Attributes:
        largest: cross entropy with the smoothed labels.
        others: the divergence from the largest's probabilities, the mean over the other architectures.
    """

    largest: Tensor
    others: Tensor


def sandwiches(space: ir.SearchSpace, random: int, steps: int, *words: int | str) -> list[tuple[Architecture, ...]]:
    """The architectures of this many steps: the largest, the smallest, `random` others; for a model, just itself.

    Args:
        words: name the steps; they decide what is drawn.
    """
    if space.kind == "model":
        return [(largest(space),)] * steps
    seed = int(numpy_generator("sandwiches", *words).integers(2**62))
    drawn = sample(space, random * steps, seed)
    ends = largest(space), smallest(space)
    return [(*ends, *drawn[at * random : (at + 1) * random]) for at in range(steps)]


def backward(
    supernet: Supernet,
    batch: Batch,
    architectures: Sequence[Architecture],
    settings: ir.Train,
    accelerator: Accelerator,
    scaled: Callable[[Tensor], Tensor] = lambda loss: loss,
) -> Losses:
    """Adds the gradients of all architectures, the largest first; each sees the batch at its own resolution.

    The largest learns from the labels, the others from its output in the same step. Dropout and drop-connect act in the
    largest alone: only there is capacity to spare (BigNAS, 3.2).

    Args:
        scaled: what of a loss gradients are taken; those that are returned are the losses themselves.
    """
    first, *others = architectures
    switch_dropout(supernet, on=True)
    logits = _logits(supernet, batch.images, first, accelerator)
    loss = F.cross_entropy(logits, batch.labels, label_smoothing=settings.label_smoothing)
    scaled(loss).backward()  # type: ignore[no-untyped-call]
    target = logits.detach().log_softmax(1)
    switch_dropout(supernet, on=False)
    distilled = loss.new_zeros(())
    for each in others:
        said = _logits(supernet, batch.images, each, accelerator)
        divergence = DIVERGENCES[settings.distillation](said, target)
        scaled(divergence).backward()  # type: ignore[no-untyped-call]
        distilled += divergence.detach() / len(others)
    return Losses(loss.detach(), distilled)


def _logits(supernet: Supernet, images: Tensor, architecture: Architecture, accelerator: Accelerator) -> Tensor:
    with accelerator.autocast():
        logits: Tensor = supernet(resized(images, architecture.resolution), architecture)
    return logits.float()


def switch_dropout(supernet: Supernet, *, on: bool) -> None:
    for each in supernet.modules():
        if isinstance(each, nn.Dropout | DropConnect):
            each.train(on)
