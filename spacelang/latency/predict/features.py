"""What a regressor sees of a kernel."""

from __future__ import annotations

import numpy as np

from spacelang.latency.predict.columns import Columns, Floats, activations, macs, weights
from spacelang.latency.predict.roofline import base_ms
from spacelang.latency.protocol import Precision

RAW = ("channels_in", "channels_out", "size", "kernel", "stride", "squeeze", "act", "macs", "weights")
"""As nn-Meter's: a kernel's own numbers, what it computes and what it holds."""
ENGINEERED = (
    *RAW,
    "size_out", "pixels_out", "in_16", "out_16", "in_mod_16", "out_mod_16", "in_mod_4", "out_mod_4",
    "squeeze_mod_16", "reduced", "reduced_mod_4", "activations", "macs_per_byte", "base",
)  # fmt: skip
"""With what the integer units step at: vectors of 16 channels, dot products of 4 (DESIGN 8)."""


def raw(kind: str, of: Columns) -> Floats:
    """(kernels, features) of `RAW`."""
    return np.column_stack((*of, macs(kind, of), weights(kind, of))).astype(np.float64)


def engineered(kind: str, of: Columns, precision: Precision) -> Floats:
    """(kernels, features) of `ENGINEERED`."""
    reduced = of.kernel**2 * (of.channels_in if kind == "conv" else 1)
    work, read, moved = macs(kind, of), weights(kind, of), activations(kind, of)
    columns = (
        of.size_out, of.size_out**2, -(-of.channels_in // 16), -(-of.channels_out // 16),
        of.channels_in % 16, of.channels_out % 16, of.channels_in % 4, of.channels_out % 4,
        of.squeeze % 16, reduced, reduced % 4, moved, work / (read + moved), base_ms(kind, of, precision),
    )  # fmt: skip
    return np.column_stack((raw(kind, of), *columns)).astype(np.float64)
