"""An analytic model of a device: the greater of arithmetic and memory time, plus the time to start a kernel.

It stands in for a device that nobody has measured (`--device cost-model`). Its constants are round numbers for a server
core with 512-bit integer dot products (AVX512-VNNI): they say which kernels are slow, not how slow your device is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spacelang.latency.predict.columns import BYTES, Columns, Floats, activations, by_kind, macs, weights
from spacelang.latency.predict.whole import Whole
from spacelang.latency.runtimes.protocol import Precision, RuntimeName
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import Report

START_MS = 0.002
"""For any kernel."""
MACS_PER_MS = {"int8": 200e6, "fp32": 60e6}
"""For convolutions and linear layers."""
DEPTHWISE_MACS_PER_MS = {"int8": 12e6, "fp32": 12e6}
"""For depthwise convolutions and pools, which use each weight and activation only a few times."""
BYTES_PER_MS = 20e6
"""From and to the caches."""
ELEMENTWISE_PER_MS = {"int8": 2e6, "fp32": 4e6}
"""Activations that are a kernel of their own; in INT8 they go through float or through a table."""
POINTWISE = frozenset({"hswish", "swish", "hsigmoid", "sigmoid", "requantise", "hswish_float", "hsigmoid_float"})


def base_ms(kind: str, of: Columns, precision: Precision) -> Floats:
    """(kernels,) milliseconds of kernels of one kind."""
    slow = kind in ("dwconv", "avgpool", "maxpool")
    rate = (DEPTHWISE_MACS_PER_MS if slow else MACS_PER_MS)[precision]
    moved = (activations(kind, of) + weights(kind, of)) * BYTES[precision]
    elementwise = of.channels_out * of.size_out**2 / ELEMENTWISE_PER_MS[precision] if kind in POINTWISE else 0.0
    return np.maximum(macs(kind, of) / rate, moved / BYTES_PER_MS) + elementwise + START_MS


class Roofline:
    """The roofline as an estimator: no device, no measurement."""

    def __init__(self, precision: Precision) -> None:
        self.precision = precision
        self.threads = 1
        self.runtime: RuntimeName | None = None

    @property
    def label(self) -> str:
        return f"cost model ({self.precision}: greater of MACs and bytes, plus a start): not measured"

    @property
    def reference_ms(self) -> None:
        return None

    def predict_kernels(self, kernels: Sequence[Kernel]) -> Floats:
        """(kernels,) milliseconds."""
        made = np.empty(len(kernels))
        for kind, index, of in by_kind(kernels):
            made[index] = base_ms(kind, of, self.precision)
        return made

    @property
    def whole(self) -> Whole:
        """The sum of the kernels, and reading and quantising the image."""
        return Whole(image_ms=(BYTES["fp32"] + BYTES[self.precision]) / BYTES_PER_MS)

    def check(self, kernels: Sequence[Kernel], report: Report) -> None:
        """Reports nothing: the cost model has a figure for every kernel."""
