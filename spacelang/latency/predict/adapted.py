"""How a few measurements adapt the predictor of another device: by a factor, by rates, and by trees on top."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from spacelang.latency.predict.base import LEAST_MS, terms
from spacelang.latency.predict.columns import Columns, Floats
from spacelang.latency.predict.features import engineered
from spacelang.latency.predict.trees import Trees


class Adapted(NamedTuple):
    """How the predictions of one kind of kernel are adapted.

    Attributes:
        factor: for the other device's latency; the one over all kinds if no kernel of this kind was measured.
        samples: how many kernels were measured here.
        rates: for the other device's latency and the terms of the base, in place of the factor; None for the factor.
        trees: for log(latency / what the factor or the rates give); None if they didn't do better.
    """

    factor: float
    samples: int
    rates: Floats | None = None
    trees: Trees | None = None

    def apply(self, kind: str, of: Columns, before: Floats) -> Floats:
        """(kernels,) milliseconds here, from those on the other device."""
        made = before * self.factor if self.rates is None else rated(kind, of, before, self.rates)
        if self.trees is None:
            return made
        corrected: Floats = np.exp(self.trees.predict(engineered(kind, of, made))) * made
        return corrected

    def digest(self) -> bytes:
        """A hash of everything that its figures come from. It is the same in every process."""
        found = hashlib.sha256(repr((self.factor, None if self.rates is None else self.rates.tolist())).encode())
        if self.trees is not None:
            found.update(repr(self.trees.start).encode())
            for array in (self.trees.roots, self.trees.feature, self.trees.right, self.trees.number):
                found.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
        return found.digest()


def with_terms(kind: str, of: Columns, before: Floats) -> Floats:
    """(kernels, 1 + terms): the latency on the other device, and the terms of the base."""
    return np.column_stack((before, terms(kind, of)))


def rated(kind: str, of: Columns, before: Floats, rates: Floats) -> Floats:
    made: Floats = np.maximum(with_terms(kind, of, before) @ rates, LEAST_MS)
    return made
