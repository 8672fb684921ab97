"""What a regressor gets to see of a kernel."""

from __future__ import annotations

import numpy as np

from spacelang.latency.predict.base import TERMS, terms
from spacelang.latency.predict.columns import Columns, Floats, macs, weights

RAW = ("channels_in", "channels_out", "size", "kernel", "stride", "squeeze", "act", "macs", "weights")
"""As in nn-Meter: a kernel's own numbers, what it computes and what it holds."""
ENGINEERED = (
    *RAW,
    "size_out", "pixels_out", "in_16", "out_16", "in_mod_16", "out_mod_16", "in_mod_4", "out_mod_4",
    "squeeze_mod_16", "reduced", "reduced_mod_4", *TERMS, "base",
)  # fmt: skip
"""Also what integer units step at (vectors of 16 channels, dot products of 4), the terms of the base, and the base."""


def raw(kind: str, of: Columns) -> Floats:
    """(kernels, features) of `RAW`."""
    return np.column_stack((*of, macs(kind, of), weights(kind, of))).astype(np.float64)


def engineered(kind: str, of: Columns, base: Floats) -> Floats:
    """(kernels, features) of `ENGINEERED`."""
    reduced = of.kernel**2 * (of.channels_in if kind == "conv" else 1)
    columns = (
        of.size_out, of.size_out**2, -(-of.channels_in // 16), -(-of.channels_out // 16),
        of.channels_in % 16, of.channels_out % 16, of.channels_in % 4, of.channels_out % 4,
        of.squeeze % 16, reduced, reduced % 4, terms(kind, of), base,
    )  # fmt: skip
    return np.column_stack((raw(kind, of), *columns)).astype(np.float64)
