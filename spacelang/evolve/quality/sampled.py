"""The sampled estimator: the paper's (3.2). Sub-networks are drawn, and the best of those within a target count."""

from __future__ import annotations

import numpy as np

from spacelang import ir
from spacelang.evolve.quality.exact import Best
from spacelang.evolve.quality.landscape import Landscape, Points
from spacelang.evolve.table.table import Cell, FloatArray, IntArray


class Sampler:
    """Draws a resolution uniformly among those that have sub-networks, then one of its sub-networks uniformly.

    All targets see the same draws. They depend on the seed and the space only, not on what was scored before.
    """

    def __init__(self, landscape: Landscape, quality: ir.Quality, seed: int) -> None:
        assert quality.samples is not None
        self.landscape, self.samples, self.top, self.seed = landscape, quality.samples, quality.top, seed

    def best(self, cells: tuple[Cell, ...]) -> tuple[Best, tuple[float, ...]]:
        """The best different sub-networks within each target, and the share of draws within it."""
        land = self.landscape
        stages = [land.all_points(cell) for cell in cells]
        group, rows = self._draw(stages, np.random.default_rng([self.seed, *(part for cell in cells for part in cell)]))
        latency = land.measures[0].rows[rows].sum(axis=1)
        total = latency + land.measures[0].fixed[group // land.ports]
        loss = land.loss[rows].sum(axis=1)
        order = np.lexsort((*rows.T[::-1], total, loss))
        allowed = np.ones(len(rows), bool)
        for measure in land.measures[1 : land.limited]:
            allowed &= measure.rows[rows].sum(axis=1) + measure.fixed[group // land.ports] <= measure.budget[0]
        chosen, shares = [], []
        for target in land.targets:
            fits = order[allowed[order] & (total[order] <= target)]
            shares.append(len(fits) / self.samples)
            chosen.append(self._different(rows, fits))
        index = np.concatenate(chosen)
        targets = np.repeat(np.arange(len(land.targets)), [len(each) for each in chosen])
        return Best(targets, group[index], total[index], loss[index], rows[index]), tuple(shares)

    def _different(self, rows: IntArray, order: IntArray) -> IntArray:
        """The first `top` of these draws without repetitions; equal draws are adjacent."""
        taken = order
        # Few draws repeat, so a short piece nearly always holds enough; the loop is for small spaces.
        for size in (2 * self.top, len(order)):
            piece = order[:size]
            new = np.ones(len(piece), bool)
            new[1:] = (rows[piece[1:]] != rows[piece[:-1]]).any(axis=1)
            taken = piece[new][: self.top]
            if len(taken) == self.top:
                break
        return taken

    def _draw(self, stages: list[Points], random: np.random.Generator) -> tuple[IntArray, IntArray]:
        """(samples,) the group at the start and (samples, stages) rows; no samples where there is no sub-network."""
        ports, counts = self.landscape.ports, self._counts(stages)
        possible = np.flatnonzero(counts[0].reshape(-1, ports).sum(axis=1))
        samples = self.samples if len(possible) else 0
        resolution = random.choice(possible, samples) if samples else np.zeros(0, np.int64)
        start = group = _pick(counts[0], resolution * ports, (resolution + 1) * ports, random)
        rows = np.zeros((samples, len(stages)), np.int64)
        for at, (points, after) in enumerate(zip(stages, counts[1:], strict=True)):
            points = points.take(np.argsort(points.enter, kind="stable"))
            low, high = (np.searchsorted(points.enter, group, side) for side in ("left", "right"))
            chosen = _pick(after[points.leave], low, high, random)
            rows[:, at] = points.row[chosen]
            group = points.leave[chosen]
        return start, rows

    def _counts(self, stages: list[Points]) -> list[FloatArray]:
        """For each stage, and after the last: (groups,) how many ways there are to complete a chain from there."""
        groups = self.landscape.groups
        counts: list[FloatArray] = [np.ones(groups)]
        for points in reversed(stages):
            counts.append(np.bincount(points.enter, counts[-1][points.leave], groups).astype(np.float64))
        return counts[::-1]


def _pick(weights: FloatArray, low: IntArray, high: IntArray, random: np.random.Generator) -> IntArray:
    """One index of each range `low … high - 1`, with the given weights."""
    edges = np.concatenate(([0.0], np.cumsum(weights)))
    at = edges[low] + random.random(len(low)) * (edges[high] - edges[low])
    # Rounding may reach the upper edge, where the next range begins.
    picked: IntArray = np.searchsorted(edges, np.minimum(at, np.nextafter(edges[high], 0)), "right") - 1
    return picked
