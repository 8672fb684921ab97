"""How accurate a file or a network is on labelled images, and how fast it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacelang.report.progress import Update
from spacelang.train.data import IN_ORDER, Split, batches

BATCH = 64
TOP = 5
Predict = Callable[[NDArray[Any]], NDArray[np.float32]]
"""From normalised images, batch × channels × size × size, to logits, batch × classes."""


@dataclass(frozen=True)
class Accuracy:
    """How a file or a network does on validation images.

    Attributes:
        top1, top5: the share whose class is the first, or among the first five.
        cross_entropy: in nats, the mean.
        images_per_second: of the network alone, without reading images.
    """

    images: int
    top1: float
    top5: float
    cross_entropy: float
    images_per_second: float


@dataclass(frozen=True)
class Judged:
    accuracy: Accuracy
    classes: NDArray[np.int64]
    """The class given to each image."""

    def agreement(self, other: Judged) -> float:
        """The share of images that both put into the same class."""
        return float((self.classes == other.classes).mean())


def judge(
    predict: Predict, split: Split, resolution: int, limit: int | None, update: Update, workers: int = 0
) -> Judged:
    """Judge by the first `limit` images of a split, in order (all, if there are fewer)."""
    total = len(split) if limit is None else min(limit, len(split))
    logits, labels, seconds = [], [], 0.0
    done = 0
    for images, truth in batches(split, resolution, BATCH, IN_ORDER, workers=workers):
        kept = min(len(images), total - done)
        begun = time.perf_counter()
        logits.append(predict(images[:kept].numpy()))
        seconds += time.perf_counter() - begun
        labels.append(truth[:kept].numpy())
        done += kept
        update(done, total)
        if done == total:
            break
    return _judged(np.concatenate(logits).astype(np.float64), np.concatenate(labels), seconds)


def _judged(logits: NDArray[np.float64], labels: NDArray[np.int64], seconds: float) -> Judged:
    rank = (logits > logits[np.arange(len(labels)), labels][:, None]).sum(1)
    classes = logits.argmax(1)
    shifted = logits - logits.max(1, keepdims=True)
    entropy = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
    accuracy = Accuracy(
        images=len(labels),
        top1=float((classes == labels).mean()),
        top5=float((rank < TOP).mean()),
        cross_entropy=float(entropy.mean()),
        images_per_second=len(labels) / max(seconds, 1e-9),
    )
    return Judged(accuracy, classes)
