"""The algorithms on made-up losses."""

from __future__ import annotations

import numpy as np
import pytest

from spacelang.search.algorithms import ALGORITHMS, Algorithm, Scores
from spacelang.search.encoding import Genes
from spacelang.search.ridge import rank_correlation
from tests.search.spaces import Landscape, everything, problem_of

MODELS = everything(problem_of())
LATENCIES = np.array([each.latency_ms for each in MODELS])
TARGETS = tuple(np.quantile(LATENCIES, [0.1, 0.4, 0.9]).tolist())


def search(algorithm: Algorithm, landscape: Landscape, count: int, seed: int = 0) -> Scores:
    scores = Scores(landscape.problem.targets_ms)
    proposals = ALGORITHMS[algorithm](landscape.problem, scores, count, seed)
    try:
        models = next(proposals)
        while True:
            models = proposals.send(landscape.losses([each.genes for each in models]))
    except StopIteration:
        return scores


def order(scores: Scores) -> list[Genes]:
    return list(scores.known)


@pytest.mark.parametrize("algorithm", ["surrogate", "evolution"])
def test_a_seed_gives_the_same_search_again(algorithm: Algorithm) -> None:
    first, again, other = (search(algorithm, Landscape(problem_of(TARGETS)), 60, seed) for seed in (0, 0, 1))
    assert order(first) == order(again) != order(other)


@pytest.mark.parametrize("algorithm", ["surrogate", "evolution"])
@pytest.mark.parametrize("count", [1, 7, 60])
def test_no_model_is_scored_twice_and_none_beyond_the_count(algorithm: Algorithm, count: int) -> None:
    scores = search(algorithm, Landscape(problem_of(TARGETS)), count)
    assert len(scores.known) == count
    assert all(each.model.latency_ms <= TARGETS[-1] for each in scores.known.values())


def test_a_space_that_is_searched_to_its_end_stops() -> None:
    fastest = float(np.sort(LATENCIES)[9])
    for algorithm in ALGORITHMS:
        scores = search(algorithm, Landscape(problem_of((fastest,))), 50)
        assert 0 < len(scores.known) <= 10


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_surrogate_finds_the_front_with_few_models(seed: int) -> None:
    landscape = Landscape(problem_of(TARGETS), seed)
    losses = np.array(landscape.losses([each.genes for each in MODELS]))
    found = [each.loss for each in search("surrogate", landscape, 120, seed).front() if each]
    pairs = zip(TARGETS, found, strict=True)
    better = [int((losses[target >= LATENCIES] < loss - 1e-9).sum()) for target, loss in pairs]
    assert len(MODELS) == 6912
    assert max(better) < 10


def test_targets_that_nothing_meets_have_no_front() -> None:
    scores = search("surrogate", Landscape(problem_of((1e-6, TARGETS[1]))), 40)
    first, second = scores.front()
    assert first is None
    assert second is not None


def test_rank_correlation() -> None:
    assert rank_correlation([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert rank_correlation([1, 1, 2, 2], [1, 2, 3, 4]) == pytest.approx(0.8944, abs=1e-4)
    assert rank_correlation([1, 1], [1, 2]) == 0
