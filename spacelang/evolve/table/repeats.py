"""Rows that repeat an architecture: measured again, or copied.

Measurements of the same architecture scatter: in the published VNNI table 6 165 rows repeat one, and 6 038 of these
have another loss. The other 127 agree to the four decimals that are printed, as chance has it. Copies don't scatter. So
equal rows are taken for copies unless `SCATTER` times as many repeat an architecture with another loss.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spacelang.evolve.table.rows import FloatArray, IntArray, Rows

SCATTER = 8
"""Rows that repeat an architecture with another loss, for each that is equal in everything, if both are measured."""

Words = npt.NDArray[np.uint64]


def copies(rows: Rows, latency: FloatArray | None) -> IntArray:
    """The rows, but for the first of each, that are only copies of others; ascending."""
    known = architectures(rows)
    equal = known
    for column in (rows.loss, rows.loss_fp32, latency):
        if column is not None:
            equal = _mixed(equal + _mixed(np.ascontiguousarray(column).view(np.uint64)))
    copied, repeated = (len(each) - _different(each) for each in (equal, known))
    return _later(equal) if copied * SCATTER > repeated - copied else np.zeros(0, np.int64)


def repeats(rows: Rows) -> tuple[IntArray, IntArray]:
    """The rows that repeat an architecture, ascending, and the first row that has it for each."""
    _, first, which = np.unique(architectures(rows), return_index=True, return_inverse=True)
    again = np.flatnonzero(first[which] != np.arange(len(rows)))
    return again, first[which][again]


def architectures(rows: Rows) -> Words:
    """(rows,) a number for each row's architecture and cell: a hash, equal for equal ones and in practice only for
    those: of a billion rows, two that differ share one with a chance below 3 %."""
    at = np.arange(len(rows.width)) - np.repeat(rows.starts[:-1], rows.depth)
    layer = _mixed(rows.width.astype(np.uint64) + _mixed(at.astype(np.uint64)))
    for column in rows.numbers.T:
        known = np.where(np.isnan(column), -1.0, column + 0.0)
        layer = _mixed(layer + np.ascontiguousarray(known).view(np.uint64))
    with np.errstate(over="ignore"):
        found = np.add.reduceat(layer, rows.starts[:-1]) if len(rows) else np.zeros(0, np.uint64)
    for name in ("stage", "block", "window", "resolution", "channels_in", "depth"):
        found = _mixed(found + getattr(rows, name).astype(np.uint64))
    return found


def _different(keys: Words) -> int:
    ordered = np.sort(keys)
    return len(keys[:1]) + int((ordered[1:] != ordered[:-1]).sum())


def _later(keys: Words) -> IntArray:
    """Where a key stands that stood before."""
    later = np.ones(len(keys), bool)
    later[np.unique(keys, return_index=True)[1]] = False
    return np.flatnonzero(later)


def _mixed(words: Words) -> Words:
    """Well mixed bits (the finaliser of SplitMix64; Steele, Lea and Flood 2014); different words stay different."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
