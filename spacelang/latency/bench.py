"""Whole models, INT8 against FP32: the latency columns of the paper's Tables 2 and 3."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple

from spacelang import ir
from spacelang.backends.protocol import writing_out
from spacelang.latency.collect.measure import Measuring, in_turn
from spacelang.latency.meter import SWEEPS, Clock
from spacelang.latency.runtimes.protocol import PRECISIONS, Runtime
from spacelang.networks.architecture import Architecture
from spacelang.networks.cost import cost, total
from spacelang.report.progress import Update

APART_SECONDS = 20.0
"""From the beginning of one sweep to that of the next, at least. Sweeps over few models take less, and what slows the
memory down lasts for 20 to 60 seconds (docs/adr/0021)."""


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

    def scaled(self, by: float) -> Benched:
        """In another canary time."""
        return replace(self, int8_ms=self.int8_ms * by, fp32_ms=self.fp32_ms * by)


def bench(
    models: Sequence[Model],
    meter: Measuring,
    runs: int,
    runtime: Runtime,
    update: Update,
    clock: Clock = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> list[Benched]:
    """Measure models whole, in both precisions: in sweeps over all of them, of which the fastest counts.

    Raises: SpacelangError: SP1107: if the machine is too busy; SP0813: if a model is no network.
    """
    mflops = [_mflops(each) for each in models]
    tasks = [(model, precision) for model in models for precision in PRECISIONS]
    fastest, count = [inf] * len(tasks), SWEEPS * len(tasks)
    done, begun = 0, -inf

    def measure(at: int) -> None:
        nonlocal done
        model, precision = tasks[at]
        run = runtime.network(model.space, model.architecture, precision).run
        fastest[at] = min(fastest[at], meter.measure(run, f"{model.name} in {precision}", runs).ms)
        done += 1
        update(done, count, model.name)

    for _ in range(SWEEPS):
        while (left := begun + APART_SECONDS - clock()) > 0:
            update(done, count, f"the next sweep begins in {left:.0f} s")
            pause(min(left, 1.0))
        begun = clock()
        in_turn(range(len(tasks)), measure)
    return [
        Benched(model.name, model.architecture.resolution, each, int8_ms, fp32_ms)
        for model, each, int8_ms, fp32_ms in zip(models, mflops, fastest[::2], fastest[1::2], strict=True)
    ]


def _mflops(model: Model) -> float:
    with writing_out(model.space):
        return total(each.cost for each in cost(model.space, model.architecture)).mflops
