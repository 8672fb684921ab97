"""The meter on a machine whose clock the tests turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from spacelang.latency.meter import (
    CALIBRATIONS,
    CANARY_RUNS,
    COOLING_SECONDS,
    PAUSE_SECONDS,
    TRIES,
    WARM_UP_RUNS,
    Meter,
)
from spacelang.report.diagnostics import SpacelangError


class Machine:
    """`canary()` and `model()` take their time on a clock of its own, times the slowdown of the moment."""

    def __init__(self, canary_ms: float, model_ms: float) -> None:
        self.now = 0.0
        self.paused: list[float] = []
        self.canaries = 0
        self._canary_ms, self._model_ms = canary_ms, model_ms
        self.slowdown: Callable[[int], float] = lambda canaries: 1.0

    def canary(self) -> None:
        self.canaries += 1
        self.now += self._canary_ms * self.slowdown(self.canaries) / 1000

    def model(self) -> None:
        self.now += self._model_ms * self.slowdown(self.canaries) / 1000

    def meter(self, reference_ms: float | None = None) -> Meter:
        return Meter(self.canary, reference_ms, lambda: self.now, self.paused.append)

    def slow(self, *rounds: float) -> None:
        """Slows the canary down in its rounds behind the calibration, and models as in the round before them."""
        self.slowdown = lambda canaries: ([1.0] * CALIBRATIONS + list(rounds))[max(0, canaries - 1) // ROUND]


ROUND = CANARY_RUNS + WARM_UP_RUNS
CALIBRATION = CALIBRATIONS * ROUND
HOT, COOL = (1.0, 1.1), 1.0
"""A canary that is slower behind a model than before it, and one that is as fast as before after a pause."""


def test_a_quiet_machine_needs_one_try() -> None:
    machine = Machine(canary_ms=0.5, model_ms=7)
    measured = machine.meter().measure(machine.model, "a model", runs=5)
    assert measured.ms == pytest.approx(7)
    assert measured.canary_ms == pytest.approx(0.5)
    assert (measured.tries, machine.paused) == (1, [])


def test_a_disturbed_try_is_repeated_after_a_pause() -> None:
    machine = Machine(canary_ms=0.5, model_ms=7)
    meter = machine.meter()
    machine.slowdown = lambda canaries: 1.5 if CALIBRATION < canaries <= CALIBRATION + 2 * ROUND else 1.0
    measured = meter.measure(machine.model, "a model", runs=5)
    assert measured.ms == pytest.approx(7)
    assert measured.tries == 2
    assert len(machine.paused) == 1


def test_a_disturbance_that_begins_during_the_run_is_noticed() -> None:
    machine = Machine(canary_ms=0.5, model_ms=7)
    meter = machine.meter()
    machine.slowdown = lambda canaries: 1.5 if ROUND <= canaries - CALIBRATION <= 2 * ROUND else 1.0
    assert meter.measure(machine.model, "a model", runs=5).tries == 2


def test_a_model_that_itself_slows_the_canary_is_measured_by_tries_that_agree() -> None:
    """A heavy model lowers the core's frequency, until a pause."""
    machine = Machine(canary_ms=0.5, model_ms=7)
    meter = machine.meter()
    hot: list[int] = []

    def heavy() -> None:
        machine.model()
        hot[:] = [len(machine.paused)]

    machine.slowdown = lambda canaries: 1.1 if hot == [len(machine.paused)] else 1.0
    measured = meter.measure(heavy, "a model", runs=5)
    assert measured.ms == pytest.approx(7 * 1.1)
    assert measured.tries == 2


def test_tries_that_agree_do_not_count_while_the_canary_stays_slow() -> None:
    """What slows the canary still after a pause isn't the model's own doing."""
    machine = Machine(canary_ms=0.5, model_ms=7)
    meter = machine.meter()
    machine.slow(*HOT, *HOT, 1.1, *HOT, COOL)
    measured = meter.measure(machine.model, "a model", runs=5)
    assert measured.ms == pytest.approx(7)
    assert measured.tries == 3
    assert machine.paused == [PAUSE_SECONDS, COOLING_SECONDS, 2 * PAUSE_SECONDS, COOLING_SECONDS]


def test_single_slow_runs_do_not_count() -> None:
    machine = Machine(canary_ms=0.5, model_ms=7)
    slow: Iterator[int] = iter(range(10**6))
    machine.slowdown = lambda canaries: 30.0 if next(slow) % 3 == 0 else 1.0
    measured = machine.meter().measure(machine.model, "a model", runs=5)
    assert measured.ms == pytest.approx(7)
    assert measured.tries == 1


def test_latencies_are_told_in_canary_time() -> None:
    """A core whose frequency drifts by 6 % gives the same latency, and says what the canary took."""
    machine = Machine(canary_ms=0.5, model_ms=7)
    meter = machine.meter()
    machine.slowdown = lambda canaries: 1.06
    measured = meter.measure(machine.model, "a model", runs=5)
    assert measured.ms == pytest.approx(7)
    assert measured.canary_ms == pytest.approx(0.53)
    assert measured.tries == 1


def test_the_reference_of_earlier_measurements_goes_on() -> None:
    machine = Machine(canary_ms=0.6, model_ms=7.2)
    meter = machine.meter(reference_ms=0.5)
    assert meter.reference_ms == 0.5
    assert meter.measure(machine.model, "a model", runs=5).ms == pytest.approx(6)


def test_a_machine_that_stays_noisy_is_refused() -> None:
    machine = Machine(canary_ms=0.5, model_ms=7)
    meter = machine.meter()
    machine.slowdown = lambda canaries: 1.3
    with pytest.raises(SpacelangError) as refused:
        meter.measure(machine.model, "a model", runs=5)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "SP1101"
    assert diagnostic.message == (
        "a model: around each of 8 tries the canary kernel varied by over 3%, or was over 25% slower than its 0.500 ms"
    )
    assert len(machine.paused) == TRIES - 1
