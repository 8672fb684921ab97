"""Sums of decision trees as plain arrays, evaluated by numpy: using what was learned takes no other library."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spacelang.latency.predict.columns import Floats

AT_ONCE = 1 << 20
"""How many (row, tree) pairs are evaluated together; more wouldn't fit the caches."""


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees whose leaves are added up. A node's left child follows it.

    Attributes:
        roots: (trees,) ascending indices of nodes.
        feature: (nodes,) the feature that a node compares; 0 in leaves.
        right: (nodes,) the right child's index; a leaf's is its own.
        number: (nodes,) the threshold: rows go left if their feature is at most that; a leaf's is its value.
        start: what the leaves are added to.
    """

    roots: npt.NDArray[np.uint32]
    feature: npt.NDArray[np.uint8]
    right: npt.NDArray[np.uint32]
    number: Floats
    start: float

    def predict(self, features: Floats) -> Floats:
        """(rows, features) -> (rows,)"""
        step = max(1, AT_ONCE // max(1, len(self.roots)))
        parts = [self._predict(features[at : at + step]) for at in range(0, len(features), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _predict(self, features: Floats) -> Floats:
        rows, width = features.shape
        flat = np.ascontiguousarray(features).ravel()
        sums = np.full((rows, len(self.roots)), 0.0)
        leaves = sums.ravel()
        node = np.tile(self.roots.astype(np.int64), rows)
        place = np.arange(rows * len(self.roots))
        offset = np.repeat(np.arange(rows) * width, len(self.roots))
        right, feature = self.right.astype(np.int64), self.feature.astype(np.int64)
        while len(node):
            after = right[node]
            arrived = after == node
            if arrived.any():
                leaves[place[arrived]] = self.number[node[arrived]]
                going = ~arrived
                node, place, offset, after = node[going], place[going], offset[going], after[going]
            goes_left = flat[offset + feature[node]] <= self.number[node]
            node = np.where(goes_left, node + 1, after)
        made: Floats = self.start + sums.sum(axis=1)
        return made

    def problem(self, features: int) -> str | None:
        """Why these arrays aren't trees over this many features, in words; None if they are."""
        nodes = len(self.number)
        if not (len(self.feature) == len(self.right) == nodes):
            return "its arrays of nodes have different lengths"
        own = np.arange(nodes)
        if nodes == 0 or len(self.roots) == 0 or (self.roots >= nodes).any():
            return "a tree has no root"
        # Children come after their node, so every walk ends.
        if (self.right < own).any() or (self.right >= nodes).any():
            return "a tree has a loop"
        inner = self.right > own
        if inner[-1] or (self.feature[inner] >= features).any():
            return "a node compares a feature that doesn't exist"
        if not np.isfinite(self.number).all() or not np.isfinite(self.start):
            return "a threshold or value is not a number"
        return None
