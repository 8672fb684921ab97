"""From kernels to whole networks: the border and the factor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spacelang.latency.predict.columns import Floats

ROUNDS = 20
HUBER = 0.02
"""Relative errors beyond this count less: a disturbed measurement shall not move the rest."""
PART = 5
"""One network in so many is held out."""


class Whole(NamedTuple):
    """What a network takes beyond its kernels: `factor * kernels + start_ms + image_ms * values of the image`.

    Attributes:
        factor: what kernels take longer behind each other than alone, in caches that others have used.
        start_ms: of any network.
        image_ms: of one value of the image, which is quantised and transposed.
    """

    factor: float = 1.0
    start_ms: float = 0.0
    image_ms: float = 0.0

    def ms(self, kernels_ms: Floats, values: Floats) -> Floats:
        """(networks,) from the sum of their kernels and the number of values of their images."""
        return self.factor * kernels_ms + self.start_ms + self.image_ms * values


def fit_whole(kernels_ms: Floats, values: Floats, measured: Floats) -> Whole:
    """Robust least squares of the relative error, with no part below 0.

    Args:
        kernels_ms: (networks,) the sum of predicted kernels.
        values: (networks,) channels × resolution² of the image.
        measured: (networks,) milliseconds.
    """
    columns = np.column_stack((kernels_ms, np.ones_like(measured), values)) / measured[:, None]
    columns = columns[:, : min(3, max(1, len(np.unique(values))))]
    weight = np.ones(len(measured))
    made: Floats = np.zeros(columns.shape[1])
    for _ in range(ROUNDS):
        made = _non_negative(columns * weight[:, None], weight)
        off = np.abs(columns @ made - 1)
        weight = np.sqrt(np.minimum(1, HUBER / np.maximum(off, HUBER)))
    return Whole(*made.tolist())


def _non_negative(columns: Floats, target: Floats) -> Floats:
    """Least squares with non-negative coefficients: one that would be negative is left out, the last first."""
    used = list(range(columns.shape[1]))
    while True:
        found = np.linalg.lstsq(columns[:, used], target, rcond=None)[0]
        negative = [at for at, value in zip(used, found.tolist(), strict=True) if value < 0]
        if not negative or used == [0]:
            made = np.zeros(columns.shape[1])
            made[used] = np.maximum(found, 0)
            return made
        used.remove(negative[-1])


def is_network_held_out(sha256: str) -> bool:
    """Whether a network, by its hash, is of the fixed fifth that nothing is fitted to."""
    return int(sha256[:8], 16) % PART == 0
