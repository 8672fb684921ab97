"""Measuring on a machine that others use too: the fastest of many runs, in canary time.

A core's frequency drifts by 5 % within seconds, with its neighbours' load. A reference kernel, the canary, drifts with
it. So latencies are scaled to the canary's time when the machine is fast, which leaves 1 % of drift (docs/adr/0018,
0036). If the canary's times before and after a measurement differ, the measurement was disturbed. But a model of dense
convolutions lowers the core's frequency for a few milliseconds, and may itself have slowed the canary after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from spacelang.latency.clock import REPEATS, CanaryTime, canary_time, fast_mode
from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import Diagnostic, SpacelangError

CANARY = Kernel("conv", 96, 96, 28, kernel=3)
"""The operator that networks spend most of their time in; 0.13 ms on a Zen 5 core."""
CANARY_RUNS = 8
CALIBRATIONS = 25
"""Readings before the first measurement. Later ones count as much."""
CALIBRATION_SECONDS = 0.04
"""Between two of these readings, so that they span a second."""
WARM_UP_RUNS = 3
STEADY = 1.03
"""If the canary's times before and after a measurement differ by less than this factor, nothing disturbed it."""
SLOWEST = 1.25
"""How much slower than the machine's fast mode the canary may be; frequencies don't drift that far."""
TRIES = 8
PAUSE_SECONDS = 0.05
"""Before the second try. It doubles with each try, to outlast the disturbance."""
COOLING_SECONDS = 0.05
"""How long a core takes to get back its frequency after a heavy model."""
REPEATED = 1.02
"""Two tries agree if they differ by less than this factor."""
SWEEPS = 4
"""How often a network is measured, in turn with all others; the fastest counts. Neighbours use the memory that it needs
for half a minute or more at a time, which the canary doesn't show (docs/adr/0021)."""

Run = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Measurement:
    """`ms`: the fastest run, scaled; `tries`: up to the first undisturbed one; `canary_ms`: the canary's time then."""

    ms: float
    tries: int
    canary_ms: float


def _canary(threads: int) -> Run:
    return OnnxRuntime(threads).kernel(CANARY, "int8").run


class Meter:
    """Measures whatever it is given to run.

    Args:
        canary: the reference kernel.
        reference_ms: the canary's time that latencies are scaled to; without it, the fast mode of the next second.
        threads: of the canary, the same number as of what is measured: each of their cores may be disturbed.

    Attributes:
        reference_ms: what this meter scales to. It never changes, so that latencies can be compared.
        readings: the canary's time at each accepted measurement.
        refused: how many tries were disturbed.
    """

    def __init__(
        self,
        canary: Run | None = None,
        reference_ms: float | None = None,
        clock: Clock = time.perf_counter,
        pause: Callable[[float], None] = time.sleep,
        threads: int = 1,
    ) -> None:
        self._canary = canary or _canary(threads)
        self._clock, self._pause = clock, pause
        self.readings: list[float] = []
        self.refused = 0
        calibration = [self._canary_ms()]
        for _ in range(CALIBRATIONS - 1):
            self._pause(CALIBRATION_SECONDS)
            calibration.append(self._canary_ms())
        self.reference_ms = fast_mode(calibration) if reference_ms is None else reference_ms
        self._seen = [*calibration, *([reference_ms] * REPEATS if reference_ms is not None else [])]
        self._fast_ms = fast_mode(self._seen)

    @property
    def fast_ms(self) -> float:
        """The fast mode of all canary times so far, including the given reference."""
        return self._fast_ms

    def time(self) -> CanaryTime:
        """The canary time that latencies are in once they are scaled to the fast mode."""
        return canary_time(self.readings or self._seen, self.fast_ms, self.refused)

    def measure(self, run: Run, what: str, runs: int) -> Measurement:
        """The fastest of `runs` runs (after a few to warm up), on an undisturbed machine.

        Raises: SpacelangError: SP1101: if it was disturbed in each of `TRIES` tries.
        """
        last = float("inf")
        for attempt in range(TRIES):
            if attempt:
                self._pause(PAUSE_SECONDS * 2 ** (attempt - 1))
            before, fastest, after = self._canary_ms(), self._fastest(run, runs), self._canary_ms()
            canary = min(before, after)
            ms = fastest * self.reference_ms / canary
            repeated = max(ms, last) <= min(ms, last) * REPEATED
            last = ms
            self._note(canary)
            if canary <= self.fast_ms * SLOWEST and (
                max(before, after) <= canary * STEADY or (repeated and self._steady_when_cool(before))
            ):
                self.readings.append(canary)
                return Measurement(ms, attempt + 1, canary)
            self.refused += 1
        message = (
            f"{what}: in each of {TRIES} tries the canary kernel varied by over {STEADY - 1:.0%}, or was over "
            f"{SLOWEST - 1:.0%} slower than its {self.fast_ms:.3f} ms"
        )
        raise SpacelangError([Diagnostic("SP1101", message, help="stop other programs, and measure again")])

    def _note(self, canary: float) -> None:
        """Adds a canary time, and finds the fast mode again if it may have changed."""
        self._seen.append(canary)
        if canary < self._fast_ms:
            self._fast_ms = fast_mode(self._seen)

    def _steady_when_cool(self, before: float) -> bool:
        self._pause(COOLING_SECONDS)
        return self._canary_ms() <= before * STEADY

    def _canary_ms(self) -> float:
        return self._fastest(self._canary, CANARY_RUNS)

    def _fastest(self, run: Run, runs: int) -> float:
        for _ in range(WARM_UP_RUNS):
            run()
        fastest = float("inf")
        for _ in range(runs):
            begun = self._clock()
            run()
            fastest = min(fastest, self._clock() - begun)
        return fastest * 1000
