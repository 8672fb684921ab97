"""Filling a log: what it holds is not measured again, what was disturbed is tried again later."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from spacelang.backend import refuse
from spacelang.diagnostics import SpacelangError
from spacelang.kernels import Kernel
from spacelang.latency.collect.log import Log, Measured, MeasuredNetwork
from spacelang.latency.collect.networks import Candidate
from spacelang.latency.meter import Measurement
from spacelang.latency.protocol import Precision, Runnable, Runtime
from spacelang.progress import Update

SAVE_SECONDS = 30.0
PATIENCE = 10
"""So many measurements in a row that are disturbed end a collection."""
RUN_SECONDS = 0.02
"""A kernel is run for so long, within these bounds; the fastest run counts."""
FEWEST_RUNS, MOST_RUNS = 6, 60
NETWORK_RUNS = 20
NETWORK_ROUNDS = 8
REPEATED = 1.02
"""A network's time counts once two rounds differ by less: the caches that it shares are seen by no canary."""
NOTHING = Kernel("pool", 16, 16, 1)
"""A kernel that takes less than calling the runtime does."""
LEAST_PART = 0.1
"""Of a kernel's time with its call, so much is its own at least."""


class Progress:
    """Counts what is measured; what is known already is taken from the total, lest the time left seem short."""

    def __init__(self, update: Update, total: int) -> None:
        self._update, self._done, self._total = update, 0, total

    def known(self, count: int) -> None:
        self._total -= count

    def step(self, note: str) -> None:
        self._done += 1
        self._update(self._done, self._total, note)


class Measuring(Protocol):
    """What a collection needs of a meter."""

    def measure(self, run: Callable[[], object], what: str, runs: int) -> Measurement: ...


class Collection:
    """Measures kernels and networks in one precision, into a log.

    Args:
        save: called after each measurement, and writes the log now and then.
    """

    def __init__(
        self,
        runtime: Runtime,
        precision: Precision,
        meter: Measuring,
        log: Log,
        save: Callable[[], None],
        progress: Progress,
    ) -> None:
        self._runtime, self._precision, self._meter = runtime, precision, meter
        self._log, self._save, self._progress = log, save, progress
        self._call_ms: float | None = None

    def kernels(self, kernels: Sequence[Kernel], note: str) -> list[Measured]:
        """What these kernels take inside a network, in their order, without what calling the runtime takes.

        Raises: SpacelangError: SP1107: if the machine is too busy; what was measured is in the log.
        """
        missing = [each for each in kernels if self._log.kernel(each, self._precision) is None]
        self._progress.known(len(kernels) - len(missing))
        if missing and self._call_ms is None:
            run = self._runtime.kernel(NOTHING, self._precision).run
            self._call_ms = _patiently(lambda: self._meter.measure(run, "calling the runtime", MOST_RUNS)).ms
        self._each(missing, self._measure_kernel, note)
        known = (self._log.kernel(each, self._precision) for each in kernels)
        return [each for each in known if each is not None]

    def networks(self, candidates: Sequence[Candidate]) -> None:
        """Raises: SpacelangError: SP1107: if the machine is too busy; what was measured is in the log."""
        missing = [each for each in candidates if self._log.network(each.network.sha256, self._precision) is None]
        self._progress.known(len(candidates) - len(missing))
        self._each(missing, self._measure_network, "networks")

    def _each(self, items: Sequence[object], measure: Callable[..., Measured | MeasuredNetwork], note: str) -> None:
        waiting, disturbed = deque(items), 0
        while waiting:
            item = waiting.popleft()
            try:
                self._log.append(measure(item))
            except SpacelangError as error:
                disturbed += 1
                _raise_unless_disturbed(error, disturbed, len(waiting) + 1)
                waiting.append(item)
                continue
            disturbed = 0
            self._progress.step(note)
            self._save()

    def _measure_kernel(self, kernel: Kernel) -> Measured:
        runnable = self._runtime.kernel(kernel, self._precision)
        found = self._meter.measure(runnable.run, f"{kernel.kind} in {self._precision}", _runs(runnable))
        ms = max(found.ms - (self._call_ms or 0), found.ms * LEAST_PART)
        return Measured(kernel, self._precision, ms, found.canary_ms)

    def _measure_network(self, candidate: Candidate) -> MeasuredNetwork:
        run = self._runtime.network(candidate.space, candidate.architecture, self._precision).run
        found = repeated(self._meter, run, f"{candidate.network.name} in {self._precision}")
        return MeasuredNetwork(candidate.network, self._precision, found.ms, found.canary_ms)


def repeated(meter: Measuring, run: Callable[[], object], what: str) -> Measurement:
    """The fastest round of a network, once another was as fast.

    Raises: SpacelangError: SP1101: if it is never as fast again, or the canary is disturbed.
    """
    rounds: list[Measurement] = []
    while len(rounds) < 2 or rounds[1].ms > rounds[0].ms * REPEATED:
        if len(rounds) == NETWORK_ROUNDS:
            refuse(
                "SP1101",
                f"{what}: no two of {NETWORK_ROUNDS} rounds differ by less than {REPEATED - 1:.0%}",
                "stop what else is running, and measure again",
            )
        rounds.append(meter.measure(run, what, NETWORK_RUNS))
        rounds.sort(key=lambda each: each.ms)
    return rounds[0]


@contextmanager
def saving(log: Log, path: str | Path) -> Iterator[Callable[[], None]]:
    """Gives what writes the log every `SAVE_SECONDS`; it is written at the end too, however that comes.

    Raises: OSError: if the log can't be written.
    """
    written, size = time.monotonic(), len(log)

    def save() -> None:
        nonlocal written, size
        if time.monotonic() - written >= SAVE_SECONDS:
            log.write(path)
            written, size = time.monotonic(), len(log)

    try:
        yield save
    finally:
        if len(log) > size:
            log.write(path)


def _runs(runnable: Runnable) -> int:
    runnable.run()
    begun = time.perf_counter()
    runnable.run()
    return min(max(int(RUN_SECONDS / (time.perf_counter() - begun)), FEWEST_RUNS), MOST_RUNS)


def _patiently(measure: Callable[[], Measurement]) -> Measurement:
    for disturbed in range(1, PATIENCE + 1):
        try:
            return measure()
        except SpacelangError as error:
            _raise_unless_disturbed(error, disturbed, 1)
    raise AssertionError("unreachable")


def _raise_unless_disturbed(error: SpacelangError, disturbed: int, missing: int) -> None:
    """Passes over single disturbances.

    Raises: SpacelangError: the error itself if it is something else; SP1107 after `PATIENCE` in a row.
    """
    if any(each.code != "SP1101" for each in error.diagnostics):
        raise error
    if disturbed >= PATIENCE:
        refuse(
            "SP1107",
            f"the machine is too busy: {PATIENCE} measurements in a row were disturbed, {missing} are still to be made",
            "stop what else is running, and give the command again: what was measured is kept",
        )
