"""Whole models, INT8 against FP32: the latency columns of the paper's Tables 2 and 3."""

from __future__ import annotations

from dataclasses import dataclass

from spacelang import ir
from spacelang.architecture import Architecture
from spacelang.cost import cost, total
from spacelang.latency.meter import Meter
from spacelang.latency.protocol import Precision, Runtime


@dataclass(frozen=True, slots=True)
class Benched:
    """One model, measured."""

    name: str
    resolution: int
    mflops: float
    int8_ms: float
    fp32_ms: float

    @property
    def speedup(self) -> float:
        return self.fp32_ms / self.int8_ms


def bench(
    space: ir.SearchSpace, architecture: Architecture, name: str, meter: Meter, runs: int, runtime: Runtime
) -> Benched:
    """Measure a model whole, in both precisions.

    Raises:
        SpacelangError: SP1101: if the machine is too noisy.
        ShapeError: as `layers`.
    """

    def latency(precision: Precision) -> float:
        model = runtime.network(space, architecture, precision)
        return meter.measure(model.run, f"{name} in {precision}", runs).ms

    mflops = total(each.cost for each in cost(space, architecture)).mflops
    return Benched(name, architecture.resolution, mflops, latency("int8"), latency("fp32"))
