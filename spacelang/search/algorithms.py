"""The algorithms: each proposes models in batches and is sent their losses. They depend on nothing else but a seed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from random import Random
from typing import Literal, NamedTuple

import numpy as np

from spacelang.search.encoding import Genes
from spacelang.search.problem import Model, Problem
from spacelang.search.ridge import Floats

Algorithm = Literal["surrogate", "evolution"]
Proposals = Generator[list[Model], list[float], None]

FIRST = 1 / 3
"""The share of the models that is drawn at random, to begin with."""
EXACT = 2 / 3
"""The share after which the search goes on by evolution, if the front still moves."""
ROUND = 5
"""Models of a round, for each target; half are the best by the surrogate, half by another fit that is as likely."""
STANDS = 2
"""After this many rounds without a better model for any target, the front counts as final."""
CHILDREN, CHILDREN_TRIES = 256, 3
"""Children of the front, of which the surrogate picks a round; as many as are found in a few chunks of them."""
PARENTS = 8
"""Models of each target that have children."""
POPULATION = 512
OFFSPRING = 256
"""Children in a round of evolution: half by mutation, half by crossover, as in Once-for-All."""
DEFAULT_MODELS = {"surrogate": 600, "evolution": POPULATION + 20 * OFFSPRING}


class Scored(NamedTuple):
    loss: float
    number: int
    """How many were scored before; of equal losses, the first counts."""
    model: Model


class Scores:
    """What is known so far."""

    def __init__(self, targets_ms: Sequence[float]) -> None:
        self.targets_ms = targets_ms
        self.known: dict[Genes, Scored] = {}

    def add(self, models: Sequence[Model], losses: Sequence[float]) -> None:
        for model, loss in zip(models, losses, strict=True):
            self.known.setdefault(model.genes, Scored(loss, len(self.known), model))

    def within(self, target_ms: float, count: int) -> list[Scored]:
        """The best models within a target, the best first."""
        return sorted(each for each in self.known.values() if each.model.latency_ms <= target_ms)[:count]

    def front(self) -> list[Scored | None]:
        """The best model of each target; None where none is within it."""
        return [next(iter(self.within(target, 1)), None) for target in self.targets_ms]

    @property
    def genes(self) -> set[Genes]:
        return set(self.known)


def surrogate(problem: Problem, scores: Scores, count: int, seed: int) -> Proposals:
    """Random models; then the exact best under an additive surrogate, fitted again after each round, until the front
    is final; then children of the front, picked by the surrogate, since choices may interact in ways a sum can't show.
    """
    random, rng = Random(seed), np.random.default_rng(seed)
    yield from _propose(scores, problem.random(max(1, round(count * FIRST)), random, set()))
    still = 0
    while len(scores.known) < count * EXACT and still < STANDS:
        before = scores.front()
        fit = _fit(problem, scores)
        found = _best(problem, scores, fit.coefficients, (ROUND + 1) // 2)
        more = _best(problem, scores, fit.drawn(rng), ROUND // 2, {each.genes for each in found})
        if not (found or more):
            break
        yield from _propose(scores, (found + more)[: count - len(scores.known)])
        still = 0 if scores.front() != before else still + 1
    while len(scores.known) < count:
        children = _children(problem, scores, random)[: count - len(scores.known)]
        if not children:
            return
        yield from _propose(scores, children)


class _Surrogate(NamedTuple):
    coefficients: Floats
    drawn: Callable[[np.random.Generator], Floats]


def _fit(problem: Problem, scores: Scores) -> _Surrogate:
    scored = sorted(scores.known.values(), key=lambda each: each.number)
    fit = problem.features.fit([each.model.genes for each in scored], [each.loss for each in scored])
    return _Surrogate(fit.coefficients, fit.drawn)


def _best(
    problem: Problem, scores: Scores, coefficients: Floats, count: int, others: set[Genes] | None = None
) -> list[Model]:
    known = scores.genes | (others or set())
    return problem.all_best(coefficients, problem.targets_ms, count, known)


def _children(problem: Problem, scores: Scores, random: Random) -> list[Model]:
    """For each target those children of its best models that the surrogate ranks highest."""
    coefficients = _fit(problem, scores).coefficients
    found: dict[Genes, Model] = {}
    for target in problem.targets_ms:
        parents = [each.model.genes for each in scores.within(target, PARENTS)]
        if not parents:
            continue
        known = scores.genes | set(found)
        children = problem.draw(CHILDREN, _breeder(problem, parents, random), target, known, CHILDREN_TRIES)
        predicted = problem.features.matrix([each.genes for each in children]) @ coefficients
        for at in np.argsort(predicted, kind="stable")[:ROUND].tolist():
            found[children[at].genes] = children[at]
    return list(found.values())


def _breeder(problem: Problem, parents: Sequence[Genes], random: Random) -> Callable[[], Genes]:
    """Makes mutations and crossovers alternately."""

    def make() -> Genes:
        one = random.choice(parents)
        if random.random() < 0.5:
            return problem.encoding.mutated(one, random)
        return problem.encoding.crossed(one, random.choice(parents), random)

    return make


def evolution(problem: Problem, scores: Scores, count: int, seed: int) -> Proposals:
    """Once-for-All's evolution, and the release's: half of a population of 512 are parents, of 128 mutations and 128
    crossovers in each round. With several targets, each has the same number of parents, the best within it.
    """
    random, encoding = Random(seed), problem.encoding
    yield from _propose(scores, problem.random(min(POPULATION, count), random, set()))
    targets = problem.targets_ms
    population = scores.genes
    while len(scores.known) < count:
        share = POPULATION // 2 // len(targets)
        best = [[each.model.genes for each in scores.within(target, len(scores.known))] for target in targets]
        parents = [[each for each in members if each in population][:share] for members in best]
        made: dict[Genes, Model] = {}
        for target, mothers in zip(targets, parents, strict=True):
            if not mothers:
                continue
            half = OFFSPRING // 2 // len(targets)

            def mutate(mothers: Sequence[Genes] = mothers) -> Genes:
                return encoding.mutated(random.choice(mothers), random)

            def cross(mothers: Sequence[Genes] = mothers) -> Genes:
                return encoding.crossed(random.choice(mothers), random.choice(mothers), random)

            for make in (mutate, cross):
                made |= {each.genes: each for each in problem.draw(half, make, target, scores.genes | set(made))}
        children = list(made.values())[: count - len(scores.known)]
        if not children:
            return
        yield from _propose(scores, children)
        population = {each for members in parents for each in members} | {each.genes for each in children}


def _propose(scores: Scores, models: list[Model]) -> Proposals:
    if models:
        scores.add(models, (yield models))


ALGORITHMS: dict[Algorithm, Callable[[Problem, Scores, int, int], Proposals]] = {
    "surrogate": surrogate,
    "evolution": evolution,
}
