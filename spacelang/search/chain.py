"""The best models under an additive loss within a latency, exactly and in order.

Layers are chosen one after another. A state is what the next layer has to know: the resolution, the channels it
receives, and within a stage the values that all its layers share, or that the stage has ended. For each state, the
front of the remaining layers tells the least loss that they can add within any latency. That is an exact bound for
every partial model, so a best-first search completes the models in the order of their losses.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import count, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacelang.language.shapes import size_after
from spacelang.latency.predict.networks import Kernels, work_of
from spacelang.latency.predict.predictor import LatencyEstimator
from spacelang.networks.architecture import LayerChoice, head_choices
from spacelang.networks.walk import LayerShape, MapShape
from spacelang.search.encoding import Encoding, Genes, Stage

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
ENDED = (-1,)
"""In place of shared values: the stage has ended, and its other layers are left out."""
LATENCY_UNIT, LOSS_UNIT = 1e-6, 1e-6
"""Nanoseconds, of a latency in milliseconds; sums of whole numbers are exact."""


class State(NamedTuple):
    """`shared`: the indices of the values that all layers of the stage share; empty before its first layer."""

    resolution: int
    channels: int
    shared: tuple[int, ...] = ()


class Option(NamedTuple):
    """What a state can be followed by: a layer, the head, or no layer.

    Attributes:
        genes: with their values.
        features: the additive loss' parts, by their gene and value.
        layer: the number of its kernels; None if there is no layer.
    """

    leave: State
    genes: tuple[tuple[int, int], ...]
    features: tuple[tuple[int, int], ...]
    layer: int | None


class Rows(NamedTuple):
    """The options of a state. `leave`: the number of the state after each. latency, loss: in units."""

    options: list[Option]
    leave: Ints
    latency: Ints
    loss: Ints


class Front(NamedTuple):
    """latency: ascending. loss: the least within it, descending."""

    latency: list[int]
    loss: list[int]

    def least(self, latency: int) -> int | None:
        """The least loss within a latency; None if there is none."""
        at = bisect_right(self.latency, latency) - 1
        return self.loss[at] if at >= 0 else None


class _Partial(NamedTuple):
    """A model whose first layers are chosen, ordered by the least loss that it can have.

    Attributes:
        tie: the order in which they were made.
        at, state: the place that is next, and the number of the state there.
        latency, loss: in units, of what is chosen.
    """

    bound: int
    tie: int
    at: int
    state: int
    latency: int
    loss: int
    genes: tuple[tuple[int, int], ...]


class Chain:
    """All ways through a space, layer by layer, with their latencies on a device. Making one takes a while."""

    def __init__(self, encoding: Encoding, estimator: LatencyEstimator) -> None:
        self.encoding = encoding
        self.space = encoding.space
        self._kernels = Kernels(self.space)
        self.slots: list[dict[State, list[Option]]] = []
        states = [State(each, self.space.channels) for each in self.space.resolutions]
        sizes = {each: each for each in self.space.resolutions}
        number = 0
        for stage in encoding.stages:
            for at in range(len(stage.layers)):
                number += 1
                slot = {each: self._options(stage, at, each, sizes[each.resolution], number) for each in states}
                states = self._close(slot)
                if at == 0:
                    sizes = {one: size_after(size, stage.declared.stride) for one, size in sizes.items()}
        self._close({each: self._heads(each, sizes[each.resolution]) for each in states})
        self._latencies(estimator)

    def _close(self, slot: dict[State, list[Option]]) -> list[State]:
        self.slots.append(slot)
        return sorted({option.leave for options in slot.values() for option in options})

    def _options(self, stage: Stage, at: int, state: State, size: int, number: int) -> list[Option]:
        """What may come at one place of a stage. `size`: of what enters the stage, or its second layer."""
        last, options = at == len(stage.layers) - 1, []
        depth = stage.declared.depth
        ended = state.shared == ENDED
        if ended or at in depth:
            left = State(state.resolution, state.channels, () if last else ENDED)
            chosen = () if ended else ((stage.depth, depth.index(at)),)
            options.append(Option(left, chosen, (), None))
        if not ended:
            options += self._layers(stage, at, state, size, number)
        return options

    def _layers(self, stage: Stage, at: int, state: State, size: int, number: int) -> Iterator[Option]:
        layer, last = stage.layers[at], at == len(stage.layers) - 1
        given = iter(state.shared)
        ranges = [
            [next(given)] if at and alike else range(len(values))
            for alike, values in zip(stage.shared, layer.values, strict=True)
        ]
        stride = 1 if at else stage.declared.stride
        for indices in product(*ranges):
            width, *numbers = (values[index] for values, index in zip(layer.values, indices, strict=True))
            choice = LayerChoice(int(width), tuple(numbers))
            shape = LayerShape(state.channels, choice.width, stride, size)
            made = self._kernels.layer(stage.declared, stage.candidate, choice.numbers, shape)
            new = tuple(
                (gene, index)
                for gene, index, alike in zip(layer.genes, indices, stage.shared, strict=True)
                if not (at and alike)
            )
            shared = tuple(index for index, alike in zip(indices, stage.shared, strict=True) if alike)
            end = ((stage.depth, len(stage.declared.depth) - 1),) if last else ()
            leave = State(state.resolution, choice.width, () if last else shared)
            yield Option(leave, (*new, *end), ((-number, 0), *new), made)

    def _heads(self, state: State, size: int) -> list[Option]:
        choices = head_choices(self.space)
        resolution = (self.encoding.resolution, self.space.resolutions.index(state.resolution))
        made = []
        for indices in product(*(range(len(each.values)) for each in choices)):
            widths = tuple(int(each.values[index]) for each, index in zip(choices, indices, strict=True))
            genes = (resolution, *zip(self.encoding.head, indices, strict=True))
            made.append(Option(State(0, 0), genes, genes, self._kernels.head(widths, MapShape(state.channels, size))))
        return made

    def _latencies(self, estimator: LatencyEstimator) -> None:
        """Sets the latency of each layer. Fetching weights costs time only beyond those that caches keep; here the same
        number is kept for every network."""
        kernels, whole = self._kernels, estimator.whole
        work = work_of(list(kernels.found), estimator)
        layers = max(each.layer for options in self.slots[-1].values() for each in options if each.layer is not None)
        total = kernels.total([[each] for each in range(layers + 1)])
        own, weights = total(whole.kernels_ms(work)), total(work.weights)
        ends = [_ends(slot, weights) for slot in self.slots]
        smallest, largest = (sum(each[at] for each in ends) for at in (0, 1))
        weight_ms, kept = (0.0, 0.0) if largest <= whole.kept else (whole.weight_ms, min(whole.kept, smallest))
        self._layer_ms = own + weight_ms * weights
        values = np.array([self.space.channels * each**2 for each in self.space.resolutions], float)
        border = whole.border_ms(values) - weight_ms * kept
        self.start: dict[int, int] = dict(
            zip(self.space.resolutions, _units(border, LATENCY_UNIT).tolist(), strict=True)
        )

    def rows(self, at: int, losses: Mapping[tuple[int, int], float], after: dict[State, int]) -> dict[State, Rows]:
        """One place's options with their losses, which are shifted so that the least is 0: all models alike."""
        made = {}
        for state, options in self.slots[at].items():
            loss = np.array([sum(losses[each] for each in option.features) for option in options])
            latency = [0.0 if option.layer is None else self._layer_ms[option.layer] for option in options]
            leave = np.array([after[option.leave] for option in options])
            made[state] = Rows(options, leave, _units(np.array(latency), LATENCY_UNIT), _units(loss, LOSS_UNIT))
        least = min(int(each.loss.min()) for each in made.values())
        return {state: each._replace(loss=each.loss - least) for state, each in made.items()}


class Ways:
    """A chain with an additive loss. Several targets share its fronts.

    Args:
        losses: what each gene's value, or layer, adds (`Encoding.active`).
        limit_ms: no latency above it matters.
    """

    def __init__(self, chain: Chain, losses: Mapping[tuple[int, int], float], limit_ms: float) -> None:
        self._chain, self._limit = chain, _unit(limit_ms) + len(chain.slots)
        self._rows: list[list[Rows]] = []
        self._fronts = [[Front([0], [0])]]
        after = {State(0, 0): 0}
        for at in reversed(range(len(chain.slots))):
            rows = chain.rows(at, losses, after)
            self._rows.insert(0, list(rows.values()))
            self._fronts.insert(0, [self._front(each, self._fronts[0]) for each in rows.values()])
            after = {state: number for number, state in enumerate(rows)}
        self._first = after

    def _front(self, rows: Rows, after: list[Front]) -> Front:
        parts = [(after[leave], at) for at, leave in enumerate(rows.leave.tolist())]
        latency = np.concatenate([np.array(front.latency, np.int64) + rows.latency[at] for front, at in parts])
        loss = np.concatenate([np.array(front.loss, np.int64) + rows.loss[at] for front, at in parts])
        near = latency <= self._limit
        latency, loss = latency[near], loss[near]
        order = np.lexsort((loss, latency))
        latency, loss = latency[order], loss[order]
        keep = np.ones(len(loss), bool)
        keep[1:] = loss[1:] < np.minimum.accumulate(loss)[:-1]
        return Front(latency[keep].tolist(), loss[keep].tolist())

    def best(self, target_ms: float) -> Iterator[Genes]:
        """The models within a target, those of the least loss first.

        Latencies are rounded place by place, so a model that is slower by a few nanoseconds may be among them.
        """
        target, ties = _unit(target_ms) + len(self._rows), count()
        heap: list[_Partial] = []

        def push(at: int, state: int, latency: int, loss: int, genes: tuple[tuple[int, int], ...]) -> None:
            rest = self._fronts[at][state].least(target - latency)
            if rest is not None:
                heapq.heappush(heap, _Partial(loss + rest, next(ties), at, state, latency, loss, genes))

        for state, number in self._first.items():
            push(0, number, self._chain.start[state.resolution], 0, ())
        while heap:
            _, _, at, number, spent, loss, genes = heapq.heappop(heap)
            if at == len(self._rows):
                yield self._chain.encoding.completed(genes)
                continue
            rows = self._rows[at][number]
            steps = zip(rows.options, rows.leave.tolist(), rows.latency.tolist(), rows.loss.tolist(), strict=True)
            for option, leave, more_latency, more_loss in steps:
                push(at + 1, leave, spent + more_latency, loss + more_loss, (*genes, *option.genes))

    @property
    def fastest_ms(self) -> float:
        """The least latency of all models."""
        fronts = ((state, self._fronts[0][number]) for state, number in self._first.items())
        ends = (self._chain.start[state.resolution] + front.latency[0] for state, front in fronts if front.latency)
        return LATENCY_UNIT * min(ends)


def _ends(slot: dict[State, list[Option]], weights: Floats) -> tuple[float, float]:
    """The least and the most weights that one place may have."""
    held = [0.0 if each.layer is None else float(weights[each.layer]) for options in slot.values() for each in options]
    return min(held), max(held)


def _units(values: Floats, unit: float) -> Ints:
    return np.rint(values / unit).astype(np.int64)


def _unit(milliseconds: float) -> int:
    return int(_units(np.array(milliseconds), LATENCY_UNIT))
