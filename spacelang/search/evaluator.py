"""How good a model is: cut out of the supernet, with its own batch norms, evaluated as the INT8 file that would ship.

The file is the exporter's, in onnxruntime's quantised operators, on one thread: what a model gets depends on the model
and the run, not on who computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx
from torch.nn import functional as F

from spacelang.latency.runtimes.onnxruntime.qoperator import qoperator
from spacelang.latency.runtimes.onnxruntime.session import Inference
from spacelang.networks.architecture import Architecture
from spacelang.nn import Supernet, set_precision
from spacelang.nn.lowering import lower
from spacelang.train.data import IN_ORDER, Data, Epoch, Split, batches, open_data, require_classes
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.shared.runtime import accelerator
from spacelang.train.supernet import read_supernet

CALIBRATION_BATCHES = 2
"""With eight, accuracies differ by 0.8 points, but the order of models stays the same."""
BATCH = 128
KEPT_BYTES = 1 << 30
"""Validation images that take no more are kept at each resolution; else they are read for each model."""


class Evaluation(NamedTuple):
    """On the validation images. top1: the share that is right."""

    cross_entropy: float
    top1: float


Done = Callable[[int, Evaluation], None]
"""Called with the index of a model, and how good it is."""


class Evaluator(Protocol):
    """Says how good models are. Equal models get equal answers."""

    def evaluate(self, architectures: Sequence[Architecture], done: Done) -> None:
        """Calls `done` for each model, in any order."""
        ...


@dataclass(frozen=True)
class Subset:
    """Some images of a split: `count` of them, evenly spread, so that each class has its share."""

    whole: Split
    chosen: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def labels(self) -> Tensor:
        return self.whole.labels[list(self.chosen)]

    def __len__(self) -> int:
        return len(self.chosen)

    def images(self, indices: Sequence[int], size: int, randoms: Sequence[torch.Generator] | None) -> Tensor:
        return self.whole.images([self.chosen[each] for each in indices], size, randoms)


def subset(split: Split, most: int) -> Subset:
    """At most this many images."""
    count = min(most, len(split))
    return Subset(split, tuple(at * len(split) // count for at in range(count)))


class SupernetEvaluator:
    """Evaluates models of a supernet in this process.

    Args:
        images: at most this many validation images.
    """

    def __init__(self, supernet: Supernet, data: Data, images: int) -> None:
        self._supernet, self._data = supernet, data
        self._channels = data.channels
        self._validation = subset(data.validation, images)
        self._kept: dict[int, list[tuple[NDArray[np.float32], Tensor]]] = {}
        self._calibration: dict[int, list[Tensor]] = {}

    def evaluate(self, architectures: Sequence[Architecture], done: Done) -> None:
        for at, each in enumerate(architectures):
            done(at, self.evaluate_one(each))

    def evaluate_one(self, architecture: Architecture) -> Evaluation:
        """Raises: SpacelangError: as `nn.lowering.lower`."""
        resolution = architecture.resolution
        steps = lower(self.network(architecture), self._channels, resolution)
        size = min(BATCH, len(self._validation))
        infer = Inference(qoperator(steps, batch=size).SerializeToString())
        loss, right = 0.0, 0
        for images, labels in self._read(resolution):
            logits = torch.from_numpy(infer(images)[: len(labels)].copy()).double()
            loss += float(F.cross_entropy(logits, labels, reduction="sum"))
            right += int((logits.argmax(1) == labels).sum())
        return Evaluation(loss / len(self._validation), right / len(self._validation))

    def network(self, architecture: Architecture) -> fx.GraphModule:
        """A model in INT8, cut out, with batch norms of its own.

        Raises: ValueError: if the supernet doesn't hold it.
        """
        network = self._supernet.cut(architecture).eval()
        set_precision(network, "int8")
        recalibrate(network, self._training(architecture.resolution))
        return network

    def _training(self, resolution: int) -> list[Tensor]:
        if resolution not in self._calibration:
            size = min(BATCH, len(self._data.train))
            read = batches(self._data.train, resolution, size, Epoch())
            self._calibration[resolution] = [each.images for each in islice(read, CALIBRATION_BATCHES)]
        return self._calibration[resolution]

    def _read(self, resolution: int) -> Iterator[tuple[NDArray[np.float32], Tensor]]:
        """Whole batches; the last one is filled up with zeros."""
        if resolution in self._kept:
            yield from self._kept[resolution]
            return
        size, made = min(BATCH, len(self._validation)), []
        keep = len(self._validation) * self._channels * resolution**2 * 4 <= KEPT_BYTES
        for images, labels in batches(self._validation, resolution, size, IN_ORDER):
            filled = np.zeros((size, *images.shape[1:]), np.float32)
            filled[: len(images)] = images.numpy()
            if keep:
                made.append((filled, labels))
            yield filled, labels
        if keep:
            self._kept[resolution] = made


class Source(NamedTuple):
    """What models are evaluated with; plain data, for a new process. data: as `open_data`."""

    run: Path
    data: str
    images: int


def open_evaluator(source: Source) -> SupernetEvaluator:
    """Raises: SpacelangError: as `read_supernet`, `open_data`, `require_classes`."""
    accelerator("cpu")
    run, supernet = read_supernet(source.run)
    data = open_data(source.data, run.space)
    require_classes(data, run.space)
    return SupernetEvaluator(supernet, data, source.images)
