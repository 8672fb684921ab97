"""The best models under an additive loss, against all models of a small space."""

from __future__ import annotations

import numpy as np
import pytest

from spacelang.networks.architecture import count_models
from spacelang.networks.sample import sample
from tests.search.spaces import everything, problem_of, small

PROBLEM = problem_of()
MODELS = everything(PROBLEM)
LATENCIES = np.array([each.latency_ms for each in MODELS])


def test_genes_say_every_model_once() -> None:
    assert len(MODELS) == len({each.architecture for each in MODELS}) == count_models(small())
    for each in sample(small(), 50, seed=0):
        assert PROBLEM.encoding.decode(PROBLEM.encoding.encode(each)) == each


def test_the_fastest_model_is_known() -> None:
    assert pytest.approx(LATENCIES.min(), abs=1e-5) == PROBLEM.fastest_ms


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_best_are_the_best_in_order(share: float, seed: int) -> None:
    coefficients = np.random.default_rng(seed).standard_normal(len(PROBLEM.features.number))
    target = float(np.quantile(LATENCIES, share))
    losses = PROBLEM.features.matrix([each.genes for each in MODELS]) @ coefficients
    wanted = np.sort(losses[target >= LATENCIES])[:20]
    found = PROBLEM.best(coefficients, target, 20, set())
    assert all(each.latency_ms <= target for each in found)
    assert PROBLEM.features.matrix([each.genes for each in found]) @ coefficients == pytest.approx(wanted, abs=1e-4)


def test_known_models_are_passed_over() -> None:
    coefficients = np.random.default_rng(2).standard_normal(len(PROBLEM.features.number))
    first, second, third = PROBLEM.best(coefficients, 1.0, 3, set())
    assert PROBLEM.best(coefficients, 1.0, 2, {first.genes}) == [second, third]


def test_more_than_there_are_gives_all_of_them() -> None:
    target = float(np.sort(LATENCIES)[4])
    found = PROBLEM.best(np.zeros(len(PROBLEM.features.number)), target, 100, set())
    assert len(found) == int((target >= LATENCIES).sum())
