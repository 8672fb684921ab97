"""Measuring on a machine that others use too: the least of many runs, told in canary time.

A core's frequency drifts by 5 % within seconds, with its neighbours' load. A reference kernel, the canary, drifts with
it: a latency is scaled to how fast the canary is when the machine is fast, which leaves 1 % (docs/adr/0018, 0036). A
canary that differs before and after a measurement says that it was disturbed. A model of dense convolutions lowers the
core's frequency for some milliseconds, so a canary that is slow right after it may be its own doing.
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
"""The operator that networks spend most of their time in; 0.13 ms on a core of Zen 5."""
CANARY_RUNS = 8
CALIBRATIONS = 25
"""Readings before the first measurement; what comes later counts as much."""
CALIBRATION_SECONDS = 0.04
"""From one of these readings to the next, so that they see a second of the machine."""
WARM_UP_RUNS = 3
STEADY = 1.03
"""A canary that differs by less before and after a measurement saw no disturbance."""
SLOWEST = 1.25
"""How much slower than the machine's fast mode the canary may be; frequencies don't drift that far."""
TRIES = 8
PAUSE_SECONDS = 0.05
"""Before the second try; it doubles with each, to outlast what disturbs."""
COOLING_SECONDS = 0.05
"""After this long a core has the frequency again that a heavy model took from it."""
REPEATED = 1.02
"""Two tries that differ by less than this found the same."""
SWEEPS = 4
"""How often a network is measured, in turn with all others, and the fastest counts: neighbours use the memory that it
needs, for half a minute and more at a time, and no canary sees that (docs/adr/0021)."""

Run = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Measurement:
    """`ms`: the fastest run, scaled; `tries`: how many it took to be undisturbed; `canary_ms`: the canary beside it."""

    ms: float
    tries: int
    canary_ms: float


def _canary() -> Run:
    return OnnxRuntime().kernel(CANARY, "int8").run


class Meter:
    """Measures what it is given to run.

    Args:
        canary: the reference kernel.
        reference_ms: the canary's time that latencies are scaled to; without it, the fast mode of the next second.

    Attributes:
        reference_ms: what this meter scales to; it stays, so that its latencies can be compared.
        readings: the canary beside each measurement that was accepted.
        refused: how many tries were disturbed.
    """

    def __init__(
        self,
        canary: Run | None = None,
        reference_ms: float | None = None,
        clock: Clock = time.perf_counter,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._canary = canary or _canary()
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
        """The fast mode of all that the canary took so far, with the reference that was given."""
        return self._fast_ms

    def time(self) -> CanaryTime:
        """What latencies are told in, once they are scaled to the fast mode."""
        return canary_time(self.readings or self._seen, self.fast_ms, self.refused)

    def measure(self, run: Run, what: str, runs: int) -> Measurement:
        """The fastest of `runs` runs (after a few to warm up), on an undisturbed machine.

        Raises: SpacelangError: SP1101: if it was disturbed in each of `TRIES` tries.
        """
        last = float("inf")
        for attempt in range(TRIES):
            if attempt:
                self._pause(PAUSE_SECONDS * 2 ** (attempt - 1))
            before, fastest, behind = self._canary_ms(), self._fastest(run, runs), self._canary_ms()
            canary = min(before, behind)
            ms = fastest * self.reference_ms / canary
            repeated = max(ms, last) <= min(ms, last) * REPEATED
            last = ms
            self._note(canary)
            if canary <= self.fast_ms * SLOWEST and (
                max(before, behind) <= canary * STEADY or (repeated and self._steady_when_cool(before))
            ):
                self.readings.append(canary)
                return Measurement(ms, attempt + 1, canary)
            self.refused += 1
        message = (
            f"{what}: around each of {TRIES} tries the canary kernel varied by over {STEADY - 1:.0%}, or was over "
            f"{SLOWEST - 1:.0%} slower than its {self.fast_ms:.3f} ms"
        )
        raise SpacelangError([Diagnostic("SP1101", message, help="stop what else is running, and measure again")])

    def _note(self, canary: float) -> None:
        """The fast mode is looked for again where it may have changed."""
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
