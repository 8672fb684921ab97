"""Whole models, INT8 against FP32: the latency columns of the paper's Tables 2 and 3."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from spacelang import ir
from spacelang.backends.protocol import writing_out
from spacelang.driver import loads
from spacelang.files import read_or_refuse
from spacelang.latency.collect.measure import Measuring, in_turn
from spacelang.latency.meter import SWEEPS, Clock
from spacelang.latency.runtimes.protocol import PRECISIONS, Precision, Runnable, Runtime
from spacelang.networks.architecture import Architecture, architecture_of
from spacelang.networks.cost import cost, total
from spacelang.report.diagnostics import refuse
from spacelang.report.progress import Update

APART_SECONDS = 20.0
"""The least time from the start of one sweep to the start of the next. Sweeps over a few models are shorter, and what
slows the memory down lasts for 20 to 60 seconds (docs/adr/0021)."""


class Model(NamedTuple):
    """A model to measure.

    Attributes:
        files: its exported files, in one precision or both. A missing one is written with made-up numbers: the same
            operators take the same time.
    """

    space: ir.SearchSpace
    architecture: Architecture
    name: str
    files: Mapping[Precision, bytes] = MappingProxyType({})

    def loaded(self, runtime: Runtime, precision: Precision) -> Runnable:
        """Raises: ShapeError: as `Runtime.network`."""
        if precision in self.files:
            return runtime.load(self.files[precision])
        return runtime.network(self.space, self.architecture, precision)


def exported(paths: Sequence[Path], runtime: Runtime) -> list[Model]:
    """Files that `spacelang export` wrote, as models; the INT8 and FP32 files of one model become one `Model`.

    Raises: SpacelangError: SP1911 if a file can't be read, is for another runtime, or doesn't say which model it holds.
    """
    models: dict[str, Model] = {}
    for path in paths:
        content = read_or_refuse(path, "SP1911")
        if path.suffix.lower() != runtime.suffix:
            refuse("SP1911", f"{runtime.name} doesn't read `{path}`", _of_runtimes(path.suffix.lower()))
        space, precision = _origin(path, content, runtime)
        known = models.get(space.sha256, Model(space, architecture_of(space), path.stem))
        if precision in known.files:
            known = Model(space, known.architecture, path.stem)
            models[str(path)] = known._replace(files={precision: content})
        else:
            models[space.sha256] = known._replace(files={**known.files, precision: content})
    return list(models.values())


def _of_runtimes(suffix: str) -> str:
    name = "tflite" if suffix == ".tflite" else "onnxruntime"
    return f"give --runtime {name}; bench the files of each runtime separately"


def _origin(path: Path, content: bytes, runtime: Runtime) -> tuple[ir.SearchSpace, Precision]:
    """The model that was exported to a file, and its precision."""
    try:
        said = runtime.said(content)
        space = loads(said["spacelang.model"])
        return space, PRECISIONS[PRECISIONS.index(said["spacelang.precision"])]
    except Exception:  # a damaged file, or one from elsewhere, may raise anything
        mend = "`spacelang predict` reads ONNX from elsewhere"
        refuse("SP1911", f"`{path}` doesn't say which model it holds, as files from `spacelang export` do", mend)


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
        """The same, scaled to another canary time."""
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
    """Measure whole models in both precisions, in sweeps over all of them; the fastest run counts.

    Raises: SpacelangError: SP1107: if the machine is too busy; SP0813: if a model isn't a valid network.
    """
    mflops = [_mflops(each) for each in models]
    tasks = [(model, precision) for model in models for precision in PRECISIONS]
    fastest, count = [inf] * len(tasks), SWEEPS * len(tasks)
    done, begun = 0, -inf

    def measure(at: int) -> None:
        nonlocal done
        model, precision = tasks[at]
        run = model.loaded(runtime, precision).run
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
