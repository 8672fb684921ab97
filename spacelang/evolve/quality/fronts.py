"""Arithmetic of fronts: which sums of cost and loss are worth keeping. In whole numbers, so that sums are exact.

A cost is a latency, or whatever else adds up along a network and is limited. A group is a resolution and, for strict
chains, a channel count: only points of one group can be combined. Points of all groups lie in one array, ordered by
`group · span + cost`, so one binary search looks up many points in many groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spacelang.evolve.table.table import IntArray

MANY = 4096
BUCKETS = 8192
"""Fronts of more points than `MANY` are first thinned by buckets."""
CHUNK = 256
"""Points of a group that `skyband` compares with each other at once."""
SAFE = 1 << 62
"""Products below this fit in 64 bits with room for additions."""


class Edge(NamedTuple):
    """What a stage can add to a network: the rows of a cell, or of several, that no other beats in cost and in loss.

    Attributes:
        enter, leave: the group that a row needs before it, and the one that it hands on.
        cost, loss: in the units of a `Landscape`.
    """

    enter: IntArray
    leave: IntArray
    cost: IntArray
    loss: IntArray


@dataclass(frozen=True, eq=False)
class Front:
    """For each group, the least loss that any cost can buy. Each group begins with a point (0, infinite).

    Attributes:
        key: group · span + cost, ascending.
        loss: descending within a group.
        group: of each point.
        groups: how many there are.
    """

    key: IntArray
    loss: IntArray
    group: IntArray
    groups: int

    @cached_property
    def starts(self) -> IntArray:
        """(groups + 1,) where each group begins."""
        return np.searchsorted(self.group, np.arange(self.groups + 1))


@dataclass(frozen=True)
class Scale:
    """What all fronts over one kind of cost share.

    Attributes:
        span: greater than any cost of interest.
        infinite: greater than any sum of losses.
    """

    span: int
    infinite: int

    def front(self, groups: int, group: IntArray, cost: IntArray, loss: IntArray) -> Front:
        """The front of any points with costs below `span`."""
        if len(loss) > MANY:
            near = self._near_front(group, cost, loss, groups)
            group, cost, loss = group[near], cost[near], loss[near]
        group = np.concatenate((np.arange(groups), group))
        key = group * self.span
        key[groups:] += cost
        loss = np.concatenate((np.full(groups, self.infinite), loss))
        order = np.argsort(key)
        key, loss, group = key[order], loss[order], group[order]
        keep = falls(group, loss, groups)
        return Front(key[keep], loss[keep], group[keep], groups)

    def _near_front(self, group: IntArray, cost: IntArray, loss: IntArray, groups: int) -> IntArray:
        """The points that no point in an earlier bucket of their group beats, so that few are left to sort."""
        buckets = max(BUCKETS // groups, 1)
        bucket = group * buckets + cost // (self.span // buckets + 1)
        least = np.full((groups, buckets + 1), self.infinite + 1)
        np.minimum.at(least.reshape(-1), bucket + group + 1, loss)
        before = np.minimum.accumulate(least, axis=1).reshape(-1)
        return np.flatnonzero(loss < before[bucket + group])

    def lookup(self, front: Front, group: IntArray, cost: IntArray) -> IntArray:
        """The least loss in a group within a cost; infinite where there is none or the cost is negative."""
        key = group * self.span + np.maximum(cost, 0)
        return front.loss[np.searchsorted(front.key, key, "right") - 1]

    def cost(self, front: Front, group: IntArray, loss: IntArray) -> IntArray:
        """The least cost that buys a loss in a group; `span` where none does."""
        at = np.searchsorted(front.group * (2 * self.infinite) - front.loss, group * (2 * self.infinite) - loss)
        there = at < front.starts[group + 1]
        at = np.where(there, at, 0)
        return np.where(there, front.key[at] - group * self.span, self.span)

    def points(self, front: Front) -> tuple[IntArray, IntArray, IntArray]:
        """Group, cost and loss of the points that were put in."""
        real = front.loss < self.infinite
        group = front.group[real]
        return group, front.key[real] - group * self.span, front.loss[real]

    def merge(
        self, front: Front, join: IntArray, give: IntArray, edge: Edge, limit: IntArray, groups: int | None = None
    ) -> Front:
        """The front of all sums of a point of `front` and one of `edge`.

        Args:
            join: (edge,) the group in which each point joins `front`.
            give: (edge,) the group that the sum belongs to.
            limit: (groups,) sums above it, by their group, are of no interest.
            groups: how many the result has; as many as `front` if not given.
        """
        start = front.starts[join] + 1
        count = front.starts[join + 1] - start
        at = ragged(start, count)
        cost = (front.key[at] - front.group[at] * self.span) + np.repeat(edge.cost, count)
        group = np.repeat(give, count)
        near = cost <= limit[group]
        loss = front.loss[at[near]] + np.repeat(edge.loss, count)[near]
        return self.front(front.groups if groups is None else groups, group[near], cost[near], loss)


def ragged(start: IntArray, count: IntArray) -> IntArray:
    """The concatenated ranges `start[i] … start[i] + count[i] - 1`.

    >>> ragged(np.array([3, 0]), np.array([2, 3])).tolist()
    [3, 4, 0, 1, 2]
    """
    before = np.cumsum(count) - count
    return np.repeat(start - before, count) + np.arange(int(count.sum()))


def falls(group: IntArray, value: IntArray, groups: int) -> npt.NDArray[np.bool_]:
    """Whether each value is below all earlier ones of its group; groups are ascending.

    >>> falls(np.array([0, 0, 0, 1, 1]), np.array([5, 7, 3, 9, 9]), 2).tolist()
    [True, False, True, True, False]
    """
    keep = np.ones(len(value), bool)
    step = int(value.max(initial=0)) + 1
    if groups * step >= SAFE:
        value = np.unique(value, return_inverse=True)[1]
        step = len(value)
    # Each group is shifted below the one before, so one running minimum starts afresh at every group.
    shifted = value - group * step
    keep[1:] = shifted[1:] < np.minimum.accumulate(shifted)[:-1]
    return keep


def skyband(group: IntArray, cost: IntArray, loss: IntArray, depth: int) -> IntArray:
    """The indices of the points that fewer than `depth` others of their group dominate (as cheap and as good), ordered
    by group, cost and loss. Equal points count against each other in their order. The best `depth` sums need no other.
    """
    order = np.lexsort((loss, cost, group))
    edges = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
    sorted_loss = loss[order]
    parts = [start + _skyband(sorted_loss[start:end], depth) for start, end in pairwise(edges)]
    return order[np.concatenate(parts)] if parts else order


def _skyband(loss: IntArray, depth: int) -> IntArray:
    """The indices with fewer than `depth` earlier losses that are as small, in one group ordered by cost."""
    if len(loss) <= depth:
        return np.arange(len(loss))
    best, kept = np.zeros(0, np.int64), []
    for begin in range(0, len(loss), CHUNK):
        chunk = loss[begin : begin + CHUNK]
        at = np.flatnonzero(chunk < best[-1]) if len(best) == depth else np.arange(len(chunk))
        chunk = chunk[at]
        earlier = np.searchsorted(best, chunk, "right") + np.tril(chunk <= chunk[:, None], -1).sum(axis=1)
        kept.append(begin + at[earlier < depth])
        best = np.sort(np.concatenate((best, chunk)))[:depth]
    return np.concatenate(kept)
