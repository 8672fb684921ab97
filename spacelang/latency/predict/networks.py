"""Latencies of many networks of a space at once: what they share is computed once.

A layer's kernels depend on its block, its numbers, the channels around it and its stride; sizes only scale them. So a
layer is written out once (a template), its kernels are collected once for each size, and each different kernel goes
through the regressors once, however many networks contain it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from spacelang import ir
from spacelang.latency.predict.columns import Floats, activations, by_kind, weights
from spacelang.latency.predict.predictor import LatencyEstimator
from spacelang.latency.predict.whole import VALUE_BY_VALUE, WIDEST, Work
from spacelang.networks.architecture import Architecture, StageChoice, head_widths
from spacelang.networks.census import virtual_resolution
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import head_ops, layer_ops
from spacelang.networks.walk import LayerShape, MapShape, layer_shapes, walk
from spacelang.report.diagnostics import Report

Total = Callable[[Floats], Floats]
"""Turns a value for each different kernel into their sum in each network."""


_Scaled = tuple[tuple[str, int, int], int, tuple[int, int, str, int]]
"""A kernel without its size: the fields before it, what divides the size of the layer's input, the fields after it."""


class Latencies(NamedTuple):
    """Latencies of networks, in milliseconds.

    Attributes:
        ms: (networks,) in all.
        by_kind: (networks,) for each kind of kernel, what its kernels take.
        border: (networks,) what no kernel takes: the image is quantised and transposed, the answer dequantised.
    """

    ms: Floats
    by_kind: dict[str, Floats]
    border: Floats


class Kernels:
    """Collects the kernels of layers of a space, each different one once.

    Attributes:
        found: the different kernels, with their index.
    """

    def __init__(self, space: ir.SearchSpace) -> None:
        self.space = space
        self.found: dict[Kernel, int] = {}
        self._blocks = space.blocks_by_name
        self._size = virtual_resolution(space)
        """The size of the layers' inputs when they are written out: strides divide it without rounding."""
        self._templates: dict[tuple[object, ...], list[_Scaled]] = {}
        self._layers: dict[tuple[object, ...], int] = {}
        self._parts: list[list[int]] = []

    def layer(self, stage: ir.Stage, candidate: ir.Candidate, numbers: tuple[ir.Number, ...], shape: LayerShape) -> int:
        """The number of a layer. Raises: ShapeError: as `layer_ops`."""
        key = (stage.name, candidate.id, numbers, shape)
        known = self._layers.get(key)
        if known is None:
            template = self._template(stage, candidate, numbers, shape._replace(size=self._size))
            known = self._layers[key] = self._add(
                Kernel._make((*before, -(-shape.size // divisor), *after)) for before, divisor, after in template
            )
        return known

    def head(self, widths: tuple[int, ...], entry: MapShape) -> int:
        """The number of a head. Raises: ShapeError: as `head_ops`."""
        key = (widths, entry)
        known = self._layers.get(key)
        if known is None:
            ops = head_ops(self.space.head, widths, *entry, self.space.classes)
            known = self._layers[key] = self._add(kernels_of(ops))
        return known

    def _template(
        self, stage: ir.Stage, candidate: ir.Candidate, numbers: tuple[ir.Number, ...], shape: LayerShape
    ) -> list[_Scaled]:
        """A layer's kernels, for any size of its input."""
        key = (stage.name, candidate.id, numbers, shape)
        known = self._templates.get(key)
        if known is None:
            block = self._blocks[candidate.block]
            ops = layer_ops(block, numbers, candidate.acts, shape)
            known = self._templates[key] = [(each[:3], self._size // each.size, each[4:]) for each in kernels_of(ops)]
        return known

    def _add(self, kernels: Iterable[Kernel]) -> int:
        found = self.found
        self._parts.append([found.setdefault(each, len(found)) for each in kernels])
        return len(self._parts) - 1

    def total(self, groups: Sequence[Sequence[int]]) -> Total:
        """A function that sums up kernels' values over groups of layers, such as the layers of each network."""
        lengths = [len(each) for each in self._parts]
        parts = np.fromiter((at for each in self._parts for at in each), np.int64, sum(lengths))
        layer = np.repeat(np.arange(len(lengths)), lengths)
        sizes = [len(each) for each in groups]
        owner = np.repeat(np.arange(len(groups)), sizes)
        members = np.fromiter((at for each in groups for at in each), np.int64, sum(sizes))

        def total(of_kernels: Floats) -> Floats:
            per_layer = np.bincount(layer, of_kernels[parts], len(lengths))
            return np.bincount(owner, per_layer[members], len(groups)).astype(np.float64)

        return total


def latencies(
    space: ir.SearchSpace,
    architectures: Sequence[Architecture],
    estimator: LatencyEstimator,
    report: Report | None = None,
) -> Latencies:
    """Latencies of networks, in all and by kind of kernel.

    Args:
        report: gets a warning where kernels lie far from what was measured.

    Raises:
        SpacelangError: SP1603: if nothing was learned about a kind of kernel.
        ShapeError: as `layer_ops`.
    """
    kernels = Kernels(space)
    total = kernels.total([_layers_of(kernels, each) for each in architectures])
    values = np.array([space.channels * each.resolution**2 for each in architectures], float)
    return _assembled(list(kernels.found), total, values, estimator, report)


def latencies_of_kernels(
    networks: Sequence[Sequence[Kernel]],
    values: Sequence[float] | Floats,
    estimator: LatencyEstimator,
    report: Report | None = None,
) -> Latencies:
    """Latencies of networks that are known by their kernels only.

    Args:
        values: (networks,) how many numbers the image has: channels × height × width.

    Raises:
        SpacelangError: as `latencies`.
    """
    kernels, total = shared(networks)
    return _assembled(kernels, total, np.asarray(values, float), estimator, report)


def shared(networks: Sequence[Sequence[Kernel]]) -> tuple[list[Kernel], Total]:
    """The different kernels of networks, and a function that sums up their values in each."""
    found = {kernel: at for at, kernel in enumerate(dict.fromkeys(each for network in networks for each in network))}
    owner = np.repeat(np.arange(len(networks)), [len(each) for each in networks])
    flat = np.array([found[each] for network in networks for each in network], np.int64)

    def total(of_kernels: Floats) -> Floats:
        return np.bincount(owner, of_kernels[flat], len(networks)).astype(np.float64)

    return list(found), total


def _assembled(
    kernels: list[Kernel], total: Total, values: Floats, estimator: LatencyEstimator, report: Report | None
) -> Latencies:
    whole, work = estimator.whole, work_of(kernels, estimator, report)
    own, held, border = whole.kernels_ms(work), total(work.weights), whole.border_ms(values)
    fetching = whole.fetching_ms(held)
    of_weight = fetching / np.maximum(held, 1)
    """(networks,) the time to fetch a weight, on average over all weights of a network."""
    parts = {}
    kinds = np.array([each.kind for each in kernels], dtype=object)
    for kind in sorted(set(kinds.tolist())):
        mine = kinds == kind
        parts[kind] = total(np.where(mine, own, 0)) + of_weight * total(np.where(mine, work.weights, 0))
    return Latencies(total(own) + fetching + border, parts, border)


def predict(
    space: ir.SearchSpace,
    architectures: Sequence[Architecture],
    estimator: LatencyEstimator,
    report: Report | None = None,
) -> Floats:
    """(networks,) milliseconds. Arguments and errors are those of `latencies`."""
    return latencies(space, architectures, estimator, report).ms


def work_of(kernels: Sequence[Kernel], estimator: LatencyEstimator, report: Report | None = None) -> Work:
    """(kernels,) the work of kernels. Raises: SpacelangError: SP1603, for every kind that nothing was learned about."""
    found = Report()
    estimator.check(kernels, found)
    found.raise_if_failed()
    if report is not None:
        report.diagnostics += found.diagnostics
    moved, touched, held, wide = np.zeros((4, len(kernels)))
    for kind, index, of in by_kind(kernels):
        moved[index], held[index] = activations(kind, of), weights(kind, of)
        touched[index] = moved[index] * (kind in VALUE_BY_VALUE)
        wide[index] = held[index] * ((kind == "dwconv") & (of.kernel > WIDEST))
    return Work(estimator.predict_kernels(kernels), moved, touched, held, wide)


def _layers_of(kernels: Kernels, architecture: Architecture) -> list[int]:
    space = kernels.space
    stages, entry = walk(space, architecture)
    made = [number for each in stages for number in _numbers(kernels, *each)]
    return [*made, kernels.head(head_widths(space, architecture), entry)]


def stage_layers(kernels: Kernels, stage: ir.Stage, choice: StageChoice, entry: MapShape) -> tuple[list[int], MapShape]:
    """The numbers of a stage's layers, and what leaves the stage."""
    at, left = layer_shapes(choice.layers, stage.stride, entry)
    return _numbers(kernels, stage, choice, at), left


def _numbers(kernels: Kernels, stage: ir.Stage, choice: StageChoice, at: Sequence[LayerShape]) -> list[int]:
    candidate = stage.candidate(choice.candidate)
    return [
        kernels.layer(stage, candidate, layer.numbers, shape) for layer, shape in zip(choice.layers, at, strict=True)
    ]
