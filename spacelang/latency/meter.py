"""Measuring on a machine that others use too: the least of many runs, told in canary time.

A core's frequency drifts by 5 % within seconds, with its neighbours' load. A reference kernel, the canary, drifts with
it: a latency is scaled to how fast the canary was when the log was begun, which leaves 1 % (docs/adr/0018). A canary
that differs before and behind a measurement says that it was disturbed. A model of dense convolutions lowers the core's
frequency for some milliseconds, so a canary that is slow right behind it may be its own doing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import Diagnostic, SpacelangError

CANARY = Kernel("conv", 96, 96, 28, kernel=3)
"""The operator that networks spend most of their time in; 0.13 ms on a core of Zen 5."""
CANARY_RUNS = 8
CALIBRATIONS = 25
WARM_UP_RUNS = 3
STEADY = 1.03
"""A canary that differs by less before and behind a measurement saw no disturbance."""
SLOWEST = 1.25
"""How much slower than the reference the canary may be; frequencies don't drift so far."""
TRIES = 8
PAUSE_SECONDS = 0.05
"""Before the second try; it doubles with each, to outlast what disturbs."""
COOLING_SECONDS = 0.05
"""After so long a core has the frequency again that a heavy model took from it."""
REPEATED = 1.02
"""Two tries that differ by less than this found the same."""
SWEEPS = 4
"""So often a network is measured, in turn with all others, and the fastest counts: neighbours use the memory that it
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
        reference_ms: the canary's time that latencies are scaled to; without it, the one that it has now.
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
        now = sorted(self._canary_ms() for _ in range(CALIBRATIONS))[CALIBRATIONS // 2]
        self.reference_ms = now if reference_ms is None else reference_ms

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
            if canary > self.reference_ms * SLOWEST:
                continue
            if max(before, behind) <= canary * STEADY or (repeated and self._steady_when_cool(before)):
                return Measurement(ms, attempt + 1, canary)
        message = (
            f"{what}: around each of {TRIES} tries the canary kernel varied by over {STEADY - 1:.0%}, or was over "
            f"{SLOWEST - 1:.0%} slower than its {self.reference_ms:.3f} ms"
        )
        raise SpacelangError([Diagnostic("SP1101", message, help="stop what else is running, and measure again")])

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
