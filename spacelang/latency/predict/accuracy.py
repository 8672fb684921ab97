"""How good predictions are, in the measures of the paper (2.1, appendix B)."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from spacelang.latency.predict.columns import Floats
from spacelang.records import Record


class Accuracy(Record):
    """Predicted against measured latencies.

    Attributes:
        count: how many were compared.
        rmse_ms: root of the mean squared error.
        rmspe: root of the mean squared relative error.
        within_5, within_10: the share whose error is at most 5 % and 10 % of the measured latency.
    """

    count: int = Field(ge=1)
    rmse_ms: float = Field(ge=0)
    rmspe: float = Field(ge=0)
    within_5: float = Field(ge=0, le=1)
    within_10: float = Field(ge=0, le=1)


def accuracy(predicted: Floats, measured: Floats) -> Accuracy:
    """Raises: ValueError: if there is nothing to compare."""
    if not len(measured):
        raise ValueError("nothing was measured")
    error = predicted - measured
    relative = np.abs(error) / measured
    return Accuracy(
        count=len(measured),
        rmse_ms=float(np.sqrt(np.mean(error**2))),
        rmspe=float(np.sqrt(np.mean(relative**2))),
        within_5=float(np.mean(relative <= 0.05)),
        within_10=float(np.mean(relative <= 0.10)),
    )
