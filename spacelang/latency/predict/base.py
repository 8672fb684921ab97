"""The analytic base that regressors correct: the sum of what a kernel does, each part at a rate fitted to the device.

It carries the prediction where no similar kernel was measured, and relieves the trees of what they do badly: growing
with the work.
"""

from __future__ import annotations

import numpy as np

from spacelang.latency.predict.columns import Columns, Floats, Ints, activations, macs, weights

TERMS = ("start", "activations", "weights", "macs", "padded", "outputs", "gathered", "channels", "pixels")
"""What takes time: starting a kernel; moving activations and weights; multiplying, also if filled up to whole vectors;
finishing each output; gathering the windows of a convolution; what is done once per channel, or once per pixel."""
VECTOR, DOT = 16, 4
"""Channels of a vector, and multiplications of an integer dot product."""
LEAST_MS = 1e-6
ROUNDS = 10
HUBER = 0.1
"""Relative errors beyond this count less."""


def terms(kind: str, of: Columns) -> Floats:
    """(kernels, terms)"""
    pixels, outputs = of.size_out**2, of.channels_out * of.size_out**2
    reduced = of.kernel**2 * (of.channels_in if kind == "conv" else 1)
    padded = macs(kind, of)
    if kind == "conv":
        padded = _up(reduced, DOT) * _up(of.channels_out, VECTOR) * pixels
    elif kind == "dwconv":
        padded = reduced * _up(of.channels_out, VECTOR) * pixels
    gathered = np.where(of.kernel > 1, reduced * pixels, 0) if kind == "conv" else np.zeros_like(pixels)
    columns = (
        np.ones_like(pixels), activations(kind, of), weights(kind, of), macs(kind, of), padded, outputs, gathered,
        of.channels_in, of.size**2,
    )  # fmt: skip
    return np.column_stack(columns).astype(np.float64)


def _up(values: Ints, step: int) -> Ints:
    made: Ints = -(-values // step) * step
    return made


def base_of(of_terms: Floats, rates: Floats) -> Floats:
    """(kernels,) milliseconds."""
    made: Floats = np.maximum(of_terms @ rates, LEAST_MS)
    return made


def fit_rates(of_terms: Floats, ms: Floats) -> Floats:
    """(terms,) milliseconds of one of each: non-negative robust least squares of the relative error."""
    return robust_rates(of_terms / ms[:, None], HUBER, ROUNDS)


def robust_rates(columns: Floats, huber: float, rounds: int, importance: Floats | None = None) -> Floats:
    """Non-negative coefficients with which the columns add up to 1; rows off by more than `huber` count less."""
    from scipy.optimize import nnls

    scale = np.maximum(np.abs(columns).max(axis=0), np.finfo(float).tiny)
    columns = columns / scale
    given = np.ones(len(columns)) if importance is None else importance
    weight = given
    made: Floats = np.zeros(columns.shape[1])
    for _ in range(rounds):
        made = nnls(columns * weight[:, None], weight)[0]
        weight = given * np.sqrt(huber / np.maximum(np.abs(columns @ made - 1), huber))
    result: Floats = made / scale
    return result
