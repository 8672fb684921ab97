"""Measuring on a machine that others use too: the least of many runs, and a canary that notices disturbances.

The minimum varies by about 1 % between processes, the median by up to 13 % (DESIGN 8). A model of dense convolutions
lowers the core's frequency for some milliseconds, so a canary that is slow right behind it may be its own doing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from spacelang.diagnostics import Diagnostic, SpacelangError
from spacelang.kernels import Kernel
from spacelang.latency.runtime import OnnxRuntime

CANARY = Kernel("conv", 96, 96, 28, kernel=3)
"""The operator that networks spend most of their time in; 0.13 ms on a core of Zen 5."""
CANARY_RUNS = 8
CALIBRATION_RUNS = 200
WARM_UP_RUNS = 3
TOLERANCE = 1.05
"""How much slower than at its best the canary may be."""
TRIES = 8
PAUSE_SECONDS = 0.05
"""Before the second try; it doubles with each, to outlast what disturbs."""
COOLING_SECONDS = 0.05
"""After so long a core has the frequency again that a heavy model took from it."""
REPEATED = 1.02
"""Two tries that differ by less than this found the same."""

Run = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Measurement:
    """`ms`: the fastest run; `tries`: how often it took to be undisturbed; `canary_ms`: the canary's best so far."""

    ms: float
    tries: int
    canary_ms: float


def _canary() -> Run:
    return OnnxRuntime().kernel(CANARY, "int8").run


class Meter:
    """Measures what it is given to run.

    Args:
        canary: the reference; its fastest run so far is what the machine can do undisturbed.
        best_ms: how fast the canary is known to be on this device, from earlier measurements.
    """

    def __init__(
        self,
        canary: Run | None = None,
        best_ms: float = float("inf"),
        clock: Clock = time.perf_counter,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._canary = canary or _canary()
        self._clock, self._pause = clock, pause
        self.best_ms = best_ms
        self._quiet(CALIBRATION_RUNS)

    def measure(self, run: Run, what: str, runs: int) -> Measurement:
        """The fastest of `runs` runs (after a few to warm up), on an undisturbed machine.

        Raises: SpacelangError: SP1101: if it was disturbed in each of `TRIES` tries.
        """
        fastest = float("inf")
        for attempt in range(TRIES):
            if attempt:
                self._pause(PAUSE_SECONDS * 2 ** (attempt - 1))
            quiet_before = self._quiet(CANARY_RUNS)
            now = self._fastest(run, runs)
            repeated = max(now, fastest) <= min(now, fastest) * REPEATED
            fastest = min(fastest, now)
            quiet_behind = self._quiet(CANARY_RUNS)
            if quiet_before and (quiet_behind or (repeated and self._quiet_when_cool())):
                return Measurement(fastest, attempt + 1, self.best_ms)
        message = (
            f"{what}: the canary kernel was over {TOLERANCE - 1:.0%} slower than its best {self.best_ms:.3f} ms around "
            f"each of {TRIES} tries"
        )
        raise SpacelangError([Diagnostic("SP1101", message, help="stop what else is running, and measure again")])

    def _quiet_when_cool(self) -> bool:
        self._pause(COOLING_SECONDS)
        return self._quiet(CANARY_RUNS)

    def _quiet(self, runs: int) -> bool:
        """Runs the canary: whether it is as fast as it can be."""
        now = self._fastest(self._canary, runs)
        self.best_ms = min(self.best_ms, now)
        return now <= self.best_ms * TOLERANCE

    def _fastest(self, run: Run, runs: int) -> float:
        for _ in range(WARM_UP_RUNS):
            run()
        fastest = float("inf")
        for _ in range(runs):
            begun = self._clock()
            run()
            fastest = min(fastest, self._clock() - begun)
        return fastest * 1000
