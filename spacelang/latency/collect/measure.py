"""Filling a log: what it holds isn't measured again, and what was disturbed is retried later."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from spacelang.latency.collect.log import Log, Measured, MeasuredNetwork
from spacelang.latency.collect.networks import Candidate
from spacelang.latency.meter import SWEEPS, Measurement
from spacelang.latency.runtimes.protocol import Precision, Runnable, Runtime
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import SpacelangError, refuse
from spacelang.report.progress import Update

SAVE_SECONDS = 30.0
PATIENCE = 10
"""This many disturbed measurements in a row end a collection."""
RUN_SECONDS = 0.02
"""A kernel is run for this long, within the following bounds; the fastest run counts."""
FEWEST_RUNS, MOST_RUNS = 6, 60
NETWORK_RUNS = 20
NOTHING = Kernel("pool", 16, 16, 1)
"""A kernel that takes less time than calling the runtime does."""
LEAST_PART = 0.1
"""At least this share of the time that a kernel takes with its call is the kernel's own."""
Item = TypeVar("Item")


class Progress:
    """Counts measurements. Those known already are subtracted from the total, or the time left would seem too short."""

    def __init__(self, update: Update, total: int) -> None:
        self._update, self._done, self._total = update, 0, total

    def known(self, count: int) -> None:
        self._total -= count

    def step(self, note: str) -> None:
        self._done += 1
        self._update(self._done, self._total, note)


class Measuring(Protocol):
    """What a collection needs from a meter."""

    def measure(self, run: Callable[[], object], what: str, runs: int) -> Measurement: ...


@dataclass(frozen=True)
class Rig:
    """What measures, and the log that keeps the measurements. `path`: the log's file."""

    runtime: Runtime
    meter: Measuring
    log: Log
    path: Path


class Collection:
    """Measures kernels and networks in one precision, into the rig's log.

    Args:
        save: called after each measurement; it writes the log now and then.
    """

    def __init__(self, rig: Rig, precision: Precision, save: Callable[[], None], progress: Progress) -> None:
        self._runtime, self._meter, self._log = rig.runtime, rig.meter, rig.log
        self._precision, self._save, self._progress = precision, save, progress
        self._call_ms: float | None = None

    def kernels(self, kernels: Sequence[Kernel], note: str) -> list[Measured]:
        """Latencies of these kernels as they run inside a network, in order, without the cost of calling the runtime.

        Raises: SpacelangError: SP1107: if the machine is too busy; what was measured is in the log.
        """
        missing = [each for each in kernels if self._log.kernel(each, self._precision) is None]
        self._progress.known(len(kernels) - len(missing))
        if missing and self._call_ms is None:
            in_turn([NOTHING], self._measure_call)
        self._each(missing, self._measure_kernel, note)
        known = (self._log.kernel(each, self._precision) for each in kernels)
        return [each for each in known if each is not None]

    def networks(self, candidates: Sequence[Candidate]) -> None:
        """Measure these networks in sweeps over all of them, until each has been in `SWEEPS` sweeps.

        Raises: SpacelangError: SP1107: if the machine is too busy; what was measured is in the log.
        """
        self._progress.known(sum(min(self._sweeps(each), SWEEPS) for each in candidates))
        for sweep in range(SWEEPS):
            missing = [each for each in candidates if self._sweeps(each) <= sweep]
            self._each(missing, self._measure_network, f"networks, sweep {sweep + 1} of {SWEEPS}")

    def _sweeps(self, candidate: Candidate) -> int:
        known = self._log.network(candidate.network.sha256, self._precision)
        return known.sweeps if known else 0

    def _each(self, items: Sequence[Item], measure: Callable[[Item], None], note: str) -> None:
        def one(item: Item) -> None:
            measure(item)
            self._progress.step(note)
            self._save()

        in_turn(items, one)

    def _measure_call(self, nothing: Kernel) -> None:
        run = self._runtime.kernel(nothing, self._precision).run
        self._call_ms = self._meter.measure(run, "calling the runtime", MOST_RUNS).ms

    def _measure_kernel(self, kernel: Kernel) -> None:
        runnable = self._runtime.kernel(kernel, self._precision)
        found = self._meter.measure(runnable.run, f"{kernel.kind} in {self._precision}", _runs(runnable))
        ms = without_call(found.ms, self._call_ms or 0)
        self._log.append(Measured(kernel, self._precision, ms, found.canary_ms))

    def _measure_network(self, candidate: Candidate) -> None:
        run = self._runtime.network(candidate.space, candidate.architecture, self._precision).run
        found = self._meter.measure(run, f"{candidate.network.name} in {self._precision}", NETWORK_RUNS)
        self._log.add_sweep(MeasuredNetwork(candidate.network, self._precision, found.ms, found.canary_ms))


@contextmanager
def saving(log: Log, path: Path) -> Iterator[Callable[[], None]]:
    """Gives a function that writes the log every `SAVE_SECONDS`. At the end, even after an error, the log is settled.

    If that or a measurement changed the log, it is written once more.

    Raises: OSError: if the log can't be written.
    """
    written, size = time.monotonic(), log.measurements

    def save() -> None:
        nonlocal written, size
        if time.monotonic() - written >= SAVE_SECONDS:
            log.write(path)
            written, size = time.monotonic(), log.measurements

    try:
        yield save
    finally:
        settled = log.settle()
        if log.measurements > size or settled != 1:
            log.write(path)


def _runs(runnable: Runnable) -> int:
    runnable.run()
    begun = time.perf_counter()
    runnable.run()
    return min(max(int(RUN_SECONDS / (time.perf_counter() - begun)), FEWEST_RUNS), MOST_RUNS)


def without_call(ms: float, call_ms: float) -> float:
    """A kernel's own time, from the time that it takes with its call."""
    return max(ms - call_ms, ms * LEAST_PART)


def in_turn(items: Iterable[Item], measure: Callable[[Item], None]) -> None:
    """Measure each of these; disturbed ones are put off until the others are done.

    Raises: SpacelangError: SP1107: if the machine is too busy; any other that `measure` raises.
    """
    waiting, disturbed = deque(items), 0
    while waiting:
        item = waiting.popleft()
        try:
            measure(item)
        except SpacelangError as error:
            disturbed += 1
            _raise_unless_disturbed(error, disturbed, len(waiting) + 1)
            waiting.append(item)
        else:
            disturbed = 0


def _raise_unless_disturbed(error: SpacelangError, disturbed: int, missing: int) -> None:
    """Ignores single disturbances.

    Raises: SpacelangError: the error itself if it is something else; SP1107 after `PATIENCE` in a row.
    """
    if any(each.code != "SP1101" for each in error.diagnostics):
        raise error
    if disturbed >= PATIENCE:
        refuse(
            "SP1107",
            f"the machine is too busy: {PATIENCE} measurements in a row were disturbed, with {missing} left to make",
            "stop other programs, and run the command again: the log keeps what was measured",
        )
