"""Trees say what scikit-learn's model says that they were taken from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from threadpoolctl import threadpool_limits

from spacelang.latency.predict.columns import Floats
from spacelang.latency.predict.fit import from_boosting, from_forest
from spacelang.latency.predict.trees import AT_ONCE, Trees


def numbers(rows: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return np.column_stack((rng.integers(1, 500, (rows, 4)), rng.random((rows, 2)))).astype(float)


def law(x: Floats) -> Floats:
    made: Floats = np.log(x[:, 0] * x[:, 1] + x[:, 2]) + np.where(x[:, 3] % 16 == 0, 0, x[:, 4])
    return made


@pytest.mark.parametrize("loss", ["absolute_error", "squared_error"])
def test_boosted_trees_predict_what_scikit_learn_does(loss: str) -> None:
    x, unseen = numbers(400, 0), numbers(300, 1)
    with threadpool_limits(1):
        model = HistGradientBoostingRegressor(loss=loss, max_iter=50, random_state=0).fit(x, law(x))
        np.testing.assert_allclose(from_boosting(model).predict(unseen), model.predict(unseen), rtol=0, atol=1e-12)


def test_forests_predict_what_scikit_learn_does() -> None:
    x, unseen = numbers(400, 0), numbers(300, 1)
    model = RandomForestRegressor(20, random_state=0).fit(x, law(x))
    # scikit-learn compares features as float32.
    unseen = unseen.astype(np.float32).astype(float)
    np.testing.assert_allclose(from_forest(model).predict(unseen), model.predict(unseen), rtol=0, atol=1e-12)


def stump() -> Trees:
    """Feature 1 at most 2.5: 10, else 20; both with 0.5."""
    return Trees(
        np.array([0], np.uint32), np.array([1, 0, 0], np.uint8), np.array([2, 1, 2], np.uint32),
        np.array([2.5, 10.0, 20.0]), 0.5,
    )  # fmt: skip


def test_a_row_goes_left_up_to_the_threshold() -> None:
    rows = np.array([[9.0, 2.5], [0.0, 2.6]])
    assert stump().predict(rows).tolist() == [10.5, 20.5]
    assert stump().predict(rows[:0]).tolist() == []


def test_many_rows_are_taken_in_parts() -> None:
    rows = np.tile([[0.0, 1.0], [0.0, 3.0]], (AT_ONCE, 1))
    made = stump().predict(rows)
    assert (made[::2] == 10.5).all()
    assert (made[1::2] == 20.5).all()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"right": np.array([2, 1], np.uint32)}, "its arrays of nodes have different lengths"),
        ({"roots": np.array([], np.uint32)}, "a tree has no root"),
        ({"roots": np.array([3], np.uint32)}, "a tree has no root"),
        ({"right": np.array([2, 0, 2], np.uint32)}, "a tree has a loop"),
        ({"right": np.array([7, 1, 2], np.uint32)}, "a tree has a loop"),
        ({"feature": np.array([2, 0, 0], np.uint8)}, "a node compares a feature that doesn't exist"),
        ({"number": np.array([2.5, np.nan, 20.0])}, "a threshold or value is not a number"),
        ({"start": float("inf")}, "a threshold or value is not a number"),
    ],
)
def test_arrays_that_are_no_trees(change: dict[str, object], problem: str) -> None:
    assert stump().problem(features=2) is None
    assert replace(stump(), **change).problem(features=2) == problem  # type: ignore[arg-type]
