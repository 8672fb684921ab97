"""From kernels to whole networks: what they take longer one after the other than alone, and the border.

Measured alone, over and over, a kernel finds its weights and activations in the nearest cache. In a network, others
have used that cache since. So a network takes the sum of its kernels times a factor, plus the time to fetch its
activations, and those of its weights that the cache can't keep from one image to the next (docs/adr/0020).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spacelang.latency.predict.base import robust_rates
from spacelang.latency.predict.columns import Floats

ROUNDS = 20
HUBER = 0.03
"""Relative errors beyond this count less, so that a disturbed measurement doesn't move the rest."""
HALF_MS = 1.0
"""A network that takes this long counts half: for tiny ones, calling the runtime is most of what is measured."""
PER_PARAMETER = 4
"""How many networks are needed for each number that is fitted to them."""
FLOATS = ("requantise", "hswish_float", "hsigmoid_float")
VALUE_BY_VALUE = frozenset({"se", "hswish", "swish", "hsigmoid", "sigmoid", *FLOATS})
WIDEST = 5
"""Runtimes have depthwise kernels of their own up to this window. TFLite computes wider ones by a general kernel, which
takes longer within a network than alone, by a few nanoseconds per weight (docs/adr/0020)."""
KEPT = tuple(million * 1e6 for million in (0, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32))
"""How many weights a cache may keep."""
PART = 5
"""One network in this many is held out."""


class Work(NamedTuple):
    """The work of networks, or of kernels.

    Attributes:
        ms: (networks,) what their kernels take, alone.
        activations: (networks,) how many are moved.
        touched: (networks,) how many of those by kernels that go through their map value by value.
        weights: (networks,) how many are read.
        wide: (networks,) how many of those by depthwise kernels with windows above `WIDEST`.
    """

    ms: Floats
    activations: Floats
    touched: Floats
    weights: Floats
    wide: Floats


class Whole(NamedTuple):
    """What a network takes, from the work of its kernels.

    Attributes:
        factor: for what its kernels take alone.
        weight_ms: for a weight that the cache doesn't keep.
        activation_ms: for an activation that is moved.
        touch_ms: in addition, for an activation in a kernel that goes through its map value by value: the map isn't in
            the cache, as it is when the kernel runs alone.
        start_ms: for any network.
        image_ms: for one value of the image, which is quantised and transposed.
        wide_ms: for a weight of a depthwise kernel with a window above `WIDEST`.
        kept: how many weights the cache keeps.
    """

    factor: float = 1.0
    weight_ms: float = 0.0
    activation_ms: float = 0.0
    touch_ms: float = 0.0
    start_ms: float = 0.0
    image_ms: float = 0.0
    wide_ms: float = 0.0
    kept: float = 0.0

    def kernels_ms(self, work: Work) -> Floats:
        """Milliseconds of kernels within a network, without fetching weights."""
        moving = self.activation_ms * work.activations + self.touch_ms * work.touched
        return self.factor * work.ms + moving + self.wide_ms * work.wide

    def fetching_ms(self, weights: Floats) -> Floats:
        """Milliseconds to fetch all weights of networks."""
        return self.weight_ms * np.maximum(weights - self.kept, 0)

    def border_ms(self, values: Floats) -> Floats:
        """Milliseconds of the border, from the number of values in networks' images."""
        return self.start_ms + self.image_ms * values


def fit_whole(work: Work, values: Floats, measured: Floats) -> Whole:
    """Robust least squares of the relative error, with no number below 0; few networks give only the first numbers.

    Args:
        values: (networks,) channels × height × width of the image.
        measured: (networks,) milliseconds.
    """
    importance = np.sqrt(measured / (measured + HALF_MS))
    numbers = max(1, len(measured) // PER_PARAMETER)
    found: list[tuple[float, Whole]] = []
    for kept in KEPT if numbers > 1 else (0.0,):
        fetched = np.maximum(work.weights - kept, 0)
        columns = (work.ms, fetched, work.activations, work.touched, np.ones_like(measured), values, work.wide)
        share = np.column_stack(columns[:numbers]) / measured[:, None]
        rates = robust_rates(share, HUBER, ROUNDS, importance)
        off = np.abs(share @ rates - 1)
        loss = np.where(off < HUBER, off**2 / 2, HUBER * (off - HUBER / 2)) * importance**2
        found.append((float(loss.sum()), Whole(*rates.tolist())._replace(kept=kept)))
    return min(found)[1]


def is_network_held_out(sha256: str) -> bool:
    """Whether a network, by its hash, is in the fixed fifth that nothing is fitted to."""
    return int(sha256[:8], 16) % PART == 0
