"""The meter on a machine whose clock the tests turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from spacelang.latency.clock import fast_mode
from spacelang.latency.collect.log import Log, Measured
from spacelang.latency.meter import (
    CALIBRATIONS,
    CANARY_RUNS,
    COOLING_SECONDS,
    PAUSE_SECONDS,
    TRIES,
    WARM_UP_RUNS,
    Meter,
)
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import SpacelangError
from tests.latency.collect.devices import DEVICE


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
        made = Meter(self.canary, reference_ms, lambda: self.now, self.paused.append)
        self.paused.clear()
        return made

    def slow(self, *rounds: float) -> None:
        """Slows the canary down in its rounds after the calibration, and models as in the round before them."""
        self.slowdown = lambda canaries: ([1.0] * CALIBRATIONS + list(rounds))[max(0, canaries - 1) // ROUND]


ROUND = CANARY_RUNS + WARM_UP_RUNS
CALIBRATION = CALIBRATIONS * ROUND
HOT, COOL = (1.0, 1.1), 1.0
"""A canary that is slower after a model than before it, and one that is as fast as before after a pause."""


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
        "a model: in each of 8 tries the canary kernel varied by over 3%, or was over 25% slower than its 0.500 ms"
    )
    assert len(machine.paused) == TRIES - 1


class Day:
    """A machine whose slowdown depends on the time of day, and on nothing else."""

    def __init__(self, slowdown: Callable[[float], float]) -> None:
        self.now, self.slowdown = 0.0, slowdown

    def run(self, ms: float) -> None:
        self.now += ms * self.slowdown(self.now) / 1000

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def log(self, kernels: int = 100, begin: float = 0.0) -> Log:
        """Kernels of 1 to 100 ms, measured as a collection does."""
        self.now = begin
        meter = Meter(lambda: self.run(0.5), None, lambda: self.now, self.pause)
        log = Log(DEVICE, meter.reference_ms)
        for number in range(1, kernels + 1):
            found = meter.measure(partial(self.run, number), "a kernel", runs=6)
            log.append(Measured(Kernel("conv", number, number, 1), "int8", found.ms, found.canary_ms))
        log.settle()
        return log


HOUR = 3600.0
DAYS: dict[str, Callable[[float], float]] = {
    "quiet": lambda now: 1.0,
    "busy at first": lambda now: 1.4 if now < 5 else 1.0,
    "busy later": lambda now: 1.2 if now > 20 else 1.0,
    "drifting": lambda now: 1.0 + 0.05 * (1 + math.sin(now / 7)) / 2,
    "two levels": lambda now: 1.0 if int(now / 3) % 4 == 3 else 1.15,
}


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_logs_of_one_machine_agree_whatever_it_did_while_they_were_begun(day: Callable[[float], float]) -> None:
    for begin in (0.0, 1.7):
        log = Day(day).log(begin=begin)
        assert log.reference_ms == pytest.approx(0.5, rel=0.03)
        for each in log.kernels("int8"):
            assert each.ms == pytest.approx(each.kernel.channels_in, rel=0.03)


def test_a_single_fast_reading_is_no_level() -> None:
    assert fast_mode([0.5, 0.501, 0.502, 0.2]) == 0.501
    assert fast_mode([0.5, 0.6, 0.7]) == 0.5


def test_a_lower_level_that_repeats_lowers_what_is_too_slow() -> None:
    """Busy at first: what would have passed against the first reference is refused later."""
    machine = Day(DAYS["busy at first"])
    meter = Meter(lambda: machine.run(0.5), None, lambda: machine.now, machine.pause)
    assert meter.reference_ms == pytest.approx(0.7)
    machine.now = 10
    for _ in range(5):
        meter.measure(partial(machine.run, 7), "a model", runs=6)
    assert meter.fast_ms == pytest.approx(0.5)
    assert meter.time().describe().startswith("in canary time: the reference kernel takes 0.500 ms")
    machine.slowdown = lambda now: 1.4
    with pytest.raises(SpacelangError, match="SP1101"):
        meter.measure(partial(machine.run, 7), "a model", runs=6)
    assert meter.time().refused == TRIES


def test_logs_of_one_device_merge_into_one_scale() -> None:
    first, second = Day(DAYS["quiet"]).log(40), Day(lambda now: 1.1).log(60)
    assert second.reference_ms == pytest.approx(0.55)
    assert first.merge(second) == 20
    assert first.merge(second) == 0
    for each in first.kernels("int8"):
        assert each.ms == pytest.approx(each.kernel.channels_in, rel=0.01)
