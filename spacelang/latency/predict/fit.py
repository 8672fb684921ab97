"""Learning a regressor for kernels of one kind."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from spacelang.latency.predict.columns import Floats
from spacelang.latency.predict.trees import Trees

RegressorName = Literal["boosting", "forest"]
SEED = 0
BOOSTING = {"max_iter": 300, "learning_rate": 0.07, "max_leaf_nodes": 31, "early_stopping": False}
FOREST = {"n_estimators": 100, "max_depth": 70, "max_features": 0.8}
"""nn-Meter's settings, but with a third of its trees: more would change only the size of the file."""


def fit_boosting(
    features: Floats, log_ratio: Floats, noisy: bool = False, sizes: tuple[int, int] | None = None
) -> Trees:
    """Gradient boosting of log(latency / base), which stays the same from one machine to the next.

    Args:
        noisy: whether measurements may be far off: if so, the median counts, and leaves are larger.
        sizes: how many trees, and how many leaves in each.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    care = {"loss": "absolute_error", "min_samples_leaf": 20} if noisy else {"min_samples_leaf": 5}
    # One thread: sums then have one order, and threads that wait for each other are slow on a busy machine.
    with threadpool_limits(1, "openmp"):
        given = dict(zip(("max_iter", "max_leaf_nodes"), sizes, strict=True)) if sizes else {}
        model = HistGradientBoostingRegressor(random_state=SEED, **{**BOOSTING, **given}, **care)
        return from_boosting(model.fit(features, log_ratio))


def fit_forest(features: Floats, ms: Floats) -> Trees:
    """A random forest of latencies."""
    from sklearn.ensemble import RandomForestRegressor

    return from_forest(RandomForestRegressor(random_state=SEED, n_jobs=1, **FOREST).fit(features, ms))


class _Nodes(NamedTuple):
    """A tree as scikit-learn has it; children are -1 in leaves."""

    left: Any
    right: Any
    feature: Any
    number: Any


def from_boosting(model: Any) -> Trees:
    """The trees of a fitted `HistGradientBoostingRegressor`."""
    made = []
    for (tree,) in model._predictors:
        nodes, leaf = tree.nodes, tree.nodes["is_leaf"].astype(bool)
        left, right = (np.where(leaf, -1, nodes[name].astype(np.int64)) for name in ("left", "right"))
        number = np.where(leaf, nodes["value"], nodes["num_threshold"])
        made.append(_Nodes(left, right, nodes["feature_idx"], number))
    return _joined(made, float(model._baseline_prediction.item()))


def from_forest(model: Any) -> Trees:
    """The trees of a fitted `RandomForestRegressor`; their leaves are divided by how many trees there are."""
    made = []
    for each in model.estimators_:
        tree, leaf = each.tree_, each.tree_.children_left < 0
        values = tree.value[:, 0, 0] / len(model.estimators_)
        made.append(
            _Nodes(tree.children_left, tree.children_right, tree.feature, np.where(leaf, values, tree.threshold))
        )
    return _joined(made, 0.0)


def _joined(trees: list[_Nodes], start: float) -> Trees:
    """All trees in one array each, every tree in depth-first order."""
    roots: list[int] = []
    feature: list[int] = []
    right: list[int] = []
    number: list[float] = []
    for tree in trees:
        roots.append(len(number))
        parents: list[tuple[int, int]] = [(0, -1)]
        """Nodes that are still to come, with the place of the node whose right child they are."""
        while parents:
            node, parent = parents.pop()
            here = len(number)
            if parent >= 0:
                right[parent] = here
            leaf = tree.left[node] < 0
            feature.append(0 if leaf else int(tree.feature[node]))
            number.append(float(tree.number[node]))
            right.append(here)
            if not leaf:
                parents.append((int(tree.right[node]), here))
                parents.append((int(tree.left[node]), -1))
    return Trees(
        np.array(roots, np.uint32), np.array(feature, np.uint8), np.array(right, np.uint32), np.array(number), start
    )
