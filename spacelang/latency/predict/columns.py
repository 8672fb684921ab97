"""Kernels as arrays, and what they cost on paper: what every predictor starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spacelang.networks.kernels import Kernel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FIELDS = ("channels_in", "channels_out", "size", "kernel", "stride", "squeeze")
"""The numbers of a kernel."""
ACTS = ("", "relu", "relu6")
"""The fused activations."""
BYTES = {"int8": 1, "fp32": 4}
"""The size of one weight or activation."""


class Columns(NamedTuple):
    """Kernels of one kind, one a row: their numbers, and the index of the fused activation in `ACTS`."""

    channels_in: Ints
    channels_out: Ints
    size: Ints
    kernel: Ints
    stride: Ints
    squeeze: Ints
    act: Ints

    @property
    def size_out(self) -> Ints:
        return -(-self.size // self.stride)


def by_kind(kernels: Sequence[Kernel]) -> Iterator[tuple[str, Ints, Columns]]:
    """For each kind, in alphabetical order: where its kernels are, and they themselves."""
    kinds = np.array([each.kind for each in kernels], dtype=object)
    for kind in sorted(set(kinds.tolist())):
        index = np.flatnonzero(kinds == kind)
        yield kind, index, columns([kernels[at] for at in index.tolist()])


def columns(kernels: Sequence[Kernel]) -> Columns:
    """Kernels of one kind as columns."""
    acts = {act: at for at, act in enumerate(ACTS)}
    rows = [(*each[1:6], each.squeeze, acts[each.act]) for each in kernels]
    return Columns(*np.array(rows, np.int64).reshape(-1, len(Columns._fields)).T)


def macs(kind: str, of: Columns) -> Ints:
    """Multiply-accumulates."""
    pixels = of.size_out**2
    if kind == "conv":
        return of.kernel**2 * of.channels_in * of.channels_out * pixels
    if kind in ("dwconv", "avgpool", "maxpool"):
        return of.kernel**2 * of.channels_out * pixels
    if kind == "se":
        return 2 * of.channels_in * of.squeeze
    if kind == "linear":
        return of.channels_in * of.channels_out
    return np.zeros_like(pixels)


def weights(kind: str, of: Columns) -> Ints:
    """How many weights are read."""
    if kind in ("conv", "linear"):
        return of.kernel**2 * of.channels_in * of.channels_out
    if kind == "dwconv":
        return of.kernel**2 * of.channels_in
    return 2 * of.channels_in * of.squeeze


def activations(kind: str, of: Columns) -> Ints:
    """How many activations are read and written; `add` reads two maps, `se` its map twice."""
    reads = 2 if kind in ("add", "se") else 1
    size_out = np.ones_like(of.size) if kind == "pool" else of.size_out
    return reads * of.channels_in * of.size**2 + of.channels_out * size_out**2
