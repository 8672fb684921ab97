"""Arithmetic of fronts: which sums of latency and loss are worth keeping. In whole numbers, so that sums are exact.

A group is a resolution and, for strict chains, a channel count: only points of one group can be combined. Points of all
groups lie in one array, ordered by `group · span + latency`, so one binary search looks up many points in many groups.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spacelang.evolve.table.table import IntArray


class Points(NamedTuple):
    """Rows of one stage, ordered by `leave`.

    Attributes:
        enter, leave: the group that a row needs before it, and the one that it hands on.
        latency, loss: in the units of a `Landscape`.
        row: index into the table.
    """

    enter: IntArray
    leave: IntArray
    latency: IntArray
    loss: IntArray
    row: IntArray

    def take(self, index: IntArray) -> Points:
        return Points(*(each[index] for each in self))


@dataclass(frozen=True, eq=False)
class Front:
    """For each group, the least loss that any latency can buy. Each group begins with a point (0, infinite).

    Attributes:
        key: group · span + latency, ascending.
        loss: descending within a group.
    """

    key: IntArray
    loss: IntArray
    group: IntArray


@dataclass(frozen=True)
class Scale:
    """What all fronts of one search share.

    Attributes:
        groups: how many there are.
        span: greater than any latency of interest.
        infinite: greater than any sum of losses.
    """

    groups: int
    span: int
    infinite: int

    def front(self, group: IntArray, latency: IntArray, loss: IntArray) -> Front:
        """The front of any points with latencies below `span`."""
        everyone = np.arange(self.groups)
        group = np.concatenate((everyone, group))
        key = group * self.span
        key[self.groups :] += latency
        loss = np.concatenate((np.full(self.groups, self.infinite), loss))
        order = np.argsort(key)
        key, loss, group = key[order], loss[order], group[order]
        # Each group is shifted below the one before, so one running minimum starts afresh at every group.
        shifted = loss - group * (self.infinite + 1)
        keep = np.ones(len(key), bool)
        keep[1:] = shifted[1:] < np.minimum.accumulate(shifted)[:-1]
        return Front(key[keep], loss[keep], group[keep])

    def lookup(self, front: Front, group: IntArray, latency: IntArray) -> IntArray:
        """The least loss in a group within a latency; infinite where there is none or it is negative."""
        key = group * self.span + np.maximum(latency, 0)
        return front.loss[np.searchsorted(front.key, key, "right") - 1]

    def points(self, front: Front) -> tuple[IntArray, IntArray, IntArray]:
        """Group, latency and loss of the points that were put in."""
        real = front.loss < self.infinite
        group = front.group[real]
        return group, front.key[real] - group * self.span, front.loss[real]

    def merge(self, front: Front, join: IntArray, give: IntArray, points: Points, limit: IntArray) -> Front:
        """The front of all sums of a point of `front` and one of `points`.

        Args:
            join: (points,) the group in which each point joins `front`.
            give: (points,) the group that the sum belongs to.
            limit: (groups,) sums above it, by their group, are of no interest.
        """
        start = np.searchsorted(front.group, np.arange(self.groups)) + 1
        count = np.append(start[1:] - 1, len(front.key)) - start
        at = ragged(start[join], count[join])
        which = np.repeat(np.arange(len(join)), count[join])
        latency = front.key[at] - front.group[at] * self.span + points.latency[which]
        group = give[which]
        near = latency <= limit[group]
        at, which = at[near], which[near]
        return self.front(group[near], latency[near], front.loss[at] + points.loss[which])


def ragged(start: IntArray, count: IntArray) -> IntArray:
    """The concatenated ranges `start[i] … start[i] + count[i] - 1`.

    >>> ragged(np.array([3, 0]), np.array([2, 3])).tolist()
    [3, 4, 0, 1, 2]
    """
    before = np.cumsum(count) - count
    return np.repeat(start - before, count) + np.arange(int(count.sum()))


def skyband(points: Points, depth: int) -> Points:
    """The points that fewer than `depth` others of the same groups dominate (as fast and as good). Equal points count
    against each other in the order of their rows. The best `depth` sums need no other point."""
    order = np.lexsort((points.row, points.loss, points.latency, points.enter, points.leave))
    groups = np.stack((points.leave, points.enter), axis=1)[order].tolist()
    keep: list[int] = []
    current, best = None, list[int]()
    for at, group, loss in zip(order.tolist(), groups, points.loss[order].tolist(), strict=True):
        if group != current:
            current, best = group, []
        if len(best) < depth or loss < best[-1]:
            keep.append(at)
            insort(best, loss)
            del best[depth:]
    return points.take(np.array(keep, np.int64))


def least(values: IntArray, count: int, infinite: int) -> IntArray:
    """The indices of the `count` smallest values below `infinite`, ties in their order."""
    if len(values) > count:
        bound = np.partition(values, count - 1)[count - 1]
        if bound < infinite:
            below = np.flatnonzero(values < bound)
            return np.concatenate((below, np.flatnonzero(values == bound)[: count - len(below)]))
    return np.flatnonzero(values < infinite)
