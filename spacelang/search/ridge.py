"""The surrogate: a model's loss as a sum of what each of its choices adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacelang.search.encoding import Encoding, Genes

Floats = NDArray[np.float64]

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
FOLDS = 5


class Fit(NamedTuple):
    """A ridge regression.

    Attributes:
        coefficients: (features,) what each choice adds to the loss.
        deviation: (features, features) times standard normal numbers, how the coefficients may be off.
        rank: the rank correlation of losses and predictions for models that were held out; None for too few.
    """

    coefficients: Floats
    deviation: Floats
    rank: float | None

    def drawn(self, rng: np.random.Generator) -> Floats:
        """Coefficients that are as likely as any, given what was seen."""
        off: Floats = self.deviation @ rng.standard_normal(len(self.coefficients))
        return self.coefficients + off


class Features:
    """The choices of a space, numbered: a gene and its value, or that a layer is there."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.number: dict[tuple[int, int], int] = {}
        for gene, count in enumerate(encoding.counts):
            self.number |= {(gene, value): len(self.number) + value for value in range(count)}
        layers = sum(len(each.layers) for each in encoding.stages)
        self.number |= {(-at, 0): len(self.number) + at - 1 for at in range(1, layers + 1)}

    def matrix(self, models: Sequence[Genes]) -> Floats:
        """(models, features) 1 for a choice that a model has made."""
        matrix = np.zeros((len(models), len(self.number)))
        for row, genes in enumerate(models):
            matrix[row, [self.number[each] for each in self.encoding.active(genes)]] = 1
        return matrix

    def fit(self, models: Sequence[Genes], losses: Sequence[float]) -> Fit:
        """A ridge whose penalty does best on models that are held out, fold by fold."""
        matrix, values = self.matrix(models), np.array(losses)
        fold = np.arange(len(values)) % FOLDS
        if len(values) < 2 * FOLDS:
            return _ridge(matrix, values, PENALTIES[-1], None)

        def held_out(penalty: float) -> Floats:
            predicted = np.zeros(len(values))
            for each in range(FOLDS):
                rest = fold != each
                coefficients = _ridge(matrix[rest], values[rest], penalty, None).coefficients
                predicted[~rest] = matrix[~rest] @ coefficients + (values[rest] - matrix[rest] @ coefficients).mean()
            return predicted

        tried = {penalty: held_out(penalty) for penalty in PENALTIES}
        best = min(PENALTIES, key=lambda penalty: float(((tried[penalty] - values) ** 2).mean()))
        return _ridge(matrix, values, best, rank_correlation(tried[best], values))


def _ridge(matrix: Floats, values: Floats, penalty: float, rank: float | None) -> Fit:
    centred = matrix - matrix.mean(0)
    target = values - values.mean()
    normal = centred.T @ centred + penalty * np.eye(matrix.shape[1])
    coefficients = np.linalg.solve(normal, centred.T @ target)
    noise = float(np.sqrt(((target - centred @ coefficients) ** 2).mean()))
    # The covariance is noise² · normal⁻¹; with normal = L Lᵀ, noise · L⁻ᵀ is a root of it.
    deviation = noise * np.linalg.inv(np.linalg.cholesky(normal)).T
    return Fit(coefficients, deviation, rank)


def rank_correlation(ones: Sequence[float] | Floats, others: Sequence[float] | Floats) -> float:
    """Spearman's: 1 where both are in the same order, 0 where one says nothing of the other."""
    ranks = [_ranks(np.asarray(each, float)) for each in (ones, others)]
    if len(ranks[0]) < 2 or any(each.std() == 0 for each in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: Floats) -> Floats:
    """Equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means: Floats = last - (counts - 1) / 2
    return means[inverse]
