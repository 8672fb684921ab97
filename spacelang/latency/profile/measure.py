"""Measuring a plan: what the log already holds stays, what was disturbed is tried again later."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from spacelang import ir
from spacelang.architecture import architecture_of
from spacelang.backend import refuse
from spacelang.diagnostics import SpacelangError
from spacelang.kernels import Kernel
from spacelang.latency.collect.log import Log, Measured, MeasuredNetwork
from spacelang.latency.meter import Measurement
from spacelang.latency.profile.blocks import network
from spacelang.latency.protocol import Precision, Runnable, Runtime
from spacelang.progress import Update

RUNS = 30
"""The fastest of them counts."""
SAVE_SECONDS = 2.0
PATIENCE = 20
"""So many measurements in a row that are disturbed end the profile."""


class Measuring(Protocol):
    """What a profile needs of a meter."""

    def measure(self, run: Callable[[], object], what: str, runs: int) -> Measurement: ...


class Task(NamedTuple):
    """A kernel or a model of kind `model`, in one precision."""

    subject: Kernel | ir.SearchSpace
    precision: Precision

    def done(self, log: Log) -> bool:
        if isinstance(self.subject, Kernel):
            return log.kernel(self.subject, self.precision) is not None
        return log.network(self.subject.sha256, self.precision) is not None

    def load(self, runtime: Runtime) -> Runnable:
        if isinstance(self.subject, Kernel):
            return runtime.kernel(self.subject, self.precision)
        return runtime.network(self.subject, architecture_of(self.subject), self.precision)

    def entry(self, measured: Measurement) -> Measured | MeasuredNetwork:
        if isinstance(self.subject, Kernel):
            return Measured(self.subject, self.precision, measured.ms, measured.canary_ms)
        return MeasuredNetwork(network(self.subject), self.precision, measured.ms, measured.canary_ms)

    def describe(self) -> str:
        if isinstance(self.subject, Kernel):
            return f"{self.subject.kind} of {self.subject.channels_in} channels in {self.precision}"
        return f"{self.subject.name} in {self.precision}"


def measure(tasks: Sequence[Task], runtime: Runtime, meter: Measuring, log: Log, path: Path, update: Update) -> None:
    """Append what is missing to the log at `path`. Interrupted or refused, the log keeps what was measured.

    Raises: SpacelangError: SP1801: if the machine is too busy.
    """
    waiting = deque(each for each in tasks if not each.done(log))
    saved, disturbed = time.monotonic(), 0
    try:
        while waiting:
            task = waiting.popleft()
            update(len(tasks) - len(waiting) - 1, len(tasks), task.describe())
            measured = _undisturbed(task, runtime, meter)
            if measured is None:
                waiting.append(task)
                disturbed += 1
                if disturbed == PATIENCE:
                    _too_busy(len(waiting), len(tasks))
                continue
            disturbed = 0
            log.append(task.entry(measured))
            if time.monotonic() - saved > SAVE_SECONDS:
                log.write(path)
                saved = time.monotonic()
    finally:
        log.write(path)


def _undisturbed(task: Task, runtime: Runtime, meter: Measuring) -> Measurement | None:
    """None where the meter was disturbed all the time."""
    run = task.load(runtime).run
    try:
        return meter.measure(run, task.describe(), RUNS)
    except SpacelangError as error:
        if any(each.code != "SP1101" for each in error.diagnostics):
            raise
        return None


def _too_busy(missing: int, total: int) -> None:
    refuse(
        "SP1801",
        f"the machine is too busy: {PATIENCE} measurements in a row were disturbed, {missing} of {total} are missing",
        "stop what else is running, and give the command again: what was measured is kept",
    )
