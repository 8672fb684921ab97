"""The latency of a network in an ONNX file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from spacelang.latency.match import kernels_of_onnx
from spacelang.latency.predict.networks import Latencies, latencies_of_kernels, work_of
from spacelang.latency.predict.predictor import LatencyEstimator
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import Report, refuse

FLOAT = "float"
"""Put before the kind of a kernel that a quantised network computes in float."""


class Foreign(NamedTuple):
    """A network from a file.

    Attributes:
        estimator: the one for its precision.
        resolution: height of the image, in pixels.
    """

    estimator: LatencyEstimator
    resolution: int
    latencies: Latencies


def predict_onnx(path: str | os.PathLike[str], estimators: Sequence[LatencyEstimator], report: Report) -> Foreign:
    """Predict the latency of a file as onnxruntime will run it.

    Args:
        estimators: for INT8, FP32 or both. A quantised network that is computed partly in float needs both.
        report: gets what was assumed, and warnings.

    Raises:
        SpacelangError: as `kernels_of_onnx`; SP1609: if none is for the network's precision; SP1603: if nothing was
            learned about a kind of kernel.
    """
    of = {each.precision: each for each in reversed(estimators)}
    matched = kernels_of_onnx(path, floats="int8" in of and "fp32" in of)
    report.diagnostics += matched.warnings
    if matched.precision not in of:
        mend = "quantise the network (docs/onnx.md), or " if matched.precision == "fp32" else ""
        refuse(
            "SP1609",
            f"{path} computes in {matched.precision}, and {estimators[0].label.partition('@')[0]} predicts "
            f"{estimators[0].precision}",
            f"{mend}give `--device` a predictor in {matched.precision} or `cost-model`",
        )
    estimator = of[matched.precision]
    found = latencies_of_kernels([matched.kernels], [prod(matched.input_shape)], estimator, report)
    if matched.floats:
        found = _with_floats(found, matched.floats, of["fp32"], report)
    return Foreign(estimator, matched.input_shape[2], found)


def _with_floats(found: Latencies, floats: Sequence[Kernel], estimator: LatencyEstimator, report: Report) -> Latencies:
    """Adds the kernels that a quantised network runs in float. The border is counted once."""
    own = estimator.whole.kernels_ms(work_of(list(floats), estimator, report))
    kinds = np.array([each.kind for each in floats], dtype=object)
    parts = {f"{FLOAT} {kind}": np.array([own[kinds == kind].sum()]) for kind in sorted(set(kinds.tolist()))}
    return Latencies(found.ms + own.sum(), {**found.by_kind, **parts}, found.border)
