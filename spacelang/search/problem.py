"""What is searched: the models of a space, their latencies on a device, and the latencies that are aimed at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from random import Random
from typing import NamedTuple

import numpy as np

from spacelang import ir
from spacelang.evolve.settings import MAX_LATENCY_MS
from spacelang.latency.predict.networks import predict
from spacelang.latency.predict.predictor import LatencyEstimator
from spacelang.networks.architecture import Architecture
from spacelang.search.chain import Chain, Ways
from spacelang.search.encoding import Encoding, Genes
from spacelang.search.ridge import Features

CHUNK = 256
"""Models that are drawn, and whose latencies are predicted, at once."""
TRIES = 40
"""Chunks after which drawing at random is given up: nearly no model is fast enough."""


class Model(NamedTuple):
    """A model within some target. `genes`: those that change nothing are 0, so equal models are equal."""

    genes: Genes
    architecture: Architecture
    latency_ms: float


class Problem:
    """A space, a device, and targets in milliseconds, ascending."""

    def __init__(self, space: ir.SearchSpace, estimator: LatencyEstimator, targets_ms: Sequence[float]) -> None:
        self.space, self.estimator, self.targets_ms = space, estimator, tuple(sorted(targets_ms))
        self.encoding = Encoding(space)
        self.features = Features(self.encoding)
        self._latency: dict[Architecture, float] = {}

    @cached_property
    def chain(self) -> Chain:
        return Chain(self.encoding, self.estimator)

    @cached_property
    def fastest_ms(self) -> float:
        """The least latency that a model of the space has."""
        return Ways(self.chain, dict.fromkeys(self.features.number, 0.0), MAX_LATENCY_MS).fastest_ms

    def models(self, candidates: Iterable[Genes]) -> list[Model]:
        """The different models of these genes, in their order, with their latencies."""
        made = dict.fromkeys(map(self.encoding.decode, candidates))
        new = [each for each in made if each not in self._latency]
        if new:
            self._latency |= zip(new, predict(self.space, new, self.estimator).tolist(), strict=True)
        return [Model(self.encoding.encode(each), each, self._latency[each]) for each in made]

    def draw(
        self, count: int, make: Callable[[], Genes], limit_ms: float, known: set[Genes], tries: int = TRIES
    ) -> list[Model]:
        """Models that `make` makes, within a latency, that are not known yet; fewer if they are hard to find."""
        found: dict[Genes, Model] = {}
        for _ in range(tries):
            for each in self.models(make() for _ in range(CHUNK)):
                if each.latency_ms <= limit_ms and each.genes not in known:
                    found[each.genes] = each
            if len(found) >= count:
                break
        return list(found.values())[:count]

    def random(self, count: int, random: Random, known: set[Genes]) -> list[Model]:
        """Random models, as many within each target; where few are fast enough, the best under random losses."""
        found: list[Model] = []
        seen = set(known)
        for at, target in enumerate(self.targets_ms):
            share = count * (at + 1) // len(self.targets_ms) - len(found)
            found += self.draw(share, lambda: self.encoding.random(random), target, seen)
            seen |= {each.genes for each in found}
        rng = np.random.default_rng(random.getrandbits(63))
        for _ in range(2 * count):
            if len(found) >= count:
                break
            drawn = rng.standard_normal(len(self.features.number))
            found += self.best(drawn, self.targets_ms[len(found) % len(self.targets_ms)], 1, seen)
            seen |= {each.genes for each in found}
        return found

    def best(self, coefficients: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]], target_ms: float,
             count: int, known: set[Genes]) -> list[Model]:  # fmt: skip
        """The best models within one target under an additive loss that are not known yet, the best first."""
        return self.all_best(coefficients, (target_ms,), count, known)

    def all_best(self, coefficients: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]],
                 targets_ms: Sequence[float], count: int, known: set[Genes]) -> list[Model]:  # fmt: skip
        """As `best`, for each target; a model is found once."""
        losses = dict(zip(self.features.number, map(float, coefficients), strict=True))
        ways = Ways(self.chain, losses, max(targets_ms))
        found: dict[Genes, Model] = {}
        for target in targets_ms:
            new = 0
            for genes in ways.best(target):
                if genes in known or genes in found:
                    continue
                (model,) = self.models([genes])
                if model.latency_ms <= target:  # a chain's latencies are exact where all weights cost the same
                    found[genes] = model
                    new += 1
                if new == count:
                    break
        return list(found.values())
