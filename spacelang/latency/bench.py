"""Whole models, INT8 against FP32: the latency columns of the paper's Tables 2 and 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from spacelang import ir
from spacelang.architecture import Architecture
from spacelang.cost import cost, total
from spacelang.latency.meter import SWEEPS, Meter
from spacelang.latency.protocol import Precision, Runtime
from spacelang.progress import Update

PRECISIONS: tuple[Precision, Precision] = ("int8", "fp32")


class Model(NamedTuple):
    """What is to be measured."""

    space: ir.SearchSpace
    architecture: Architecture
    name: str


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


def bench(models: Sequence[Model], meter: Meter, runs: int, runtime: Runtime, update: Update) -> list[Benched]:
    """Measure models whole, in both precisions: in sweeps over all of them, of which the fastest counts.

    Raises:
        SpacelangError: SP1101: if the machine is too noisy.
        ShapeError: as `layers`.
    """
    tasks = [(model, precision) for model in models for precision in PRECISIONS]
    fastest = [inf] * len(tasks)
    for sweep in range(SWEEPS):
        for at, (model, precision) in enumerate(tasks):
            update(sweep * len(tasks) + at, SWEEPS * len(tasks), model.name)
            run = runtime.network(model.space, model.architecture, precision).run
            fastest[at] = min(fastest[at], meter.measure(run, f"{model.name} in {precision}", runs).ms)
    return [
        Benched(
            model.name,
            model.architecture.resolution,
            total(each.cost for each in cost(model.space, model.architecture)).mflops,
            int8_ms,
            fp32_ms,
        )
        for model, int8_ms, fp32_ms in zip(models, fastest[::2], fastest[1::2], strict=True)
    ]
