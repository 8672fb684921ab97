"""From kernels to whole networks: the border and the factor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spacelang.latency.predict.base import robust_rates
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
    # From images of one size, the two parts of the border can't be told apart.
    made = robust_rates(columns[:, : 3 if len(np.unique(values)) > 1 else 2], HUBER, ROUNDS)
    return Whole(*made.tolist())


def is_network_held_out(sha256: str) -> bool:
    """Whether a network, by its hash, is of the fixed fifth that nothing is fitted to."""
    return int(sha256[:8], 16) % PART == 0
