"""The script beside exported models repeats what a collection does; here both do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spacelang.latency import clock, meter
from spacelang.latency.collect import measure, runner
from spacelang.report.diagnostics import SpacelangError
from tests.latency.test_meter import COOL, HOT, Machine

QUIET = 1.0, 1.0
SLOW, NOISY = (1.3, 1.3), (1.0, 1.2)
DAYS = {
    "quiet": QUIET,
    "disturbed once": (*SLOW, *QUIET),
    "a model that slows the canary": (*HOT, *HOT, COOL),
    "a canary that stays slow": (*HOT, *HOT, 1.1, *HOT, COOL),
    "noisy": (*NOISY, *((*NOISY, 1.2) * 7)),
    "slow": SLOW * 8,
}
REPEATED = (
    "RUN_SECONDS", "FEWEST_RUNS", "MOST_RUNS", "NETWORK_RUNS", "WARM_UP_RUNS", "CANARY_RUNS", "CALIBRATIONS", "STEADY",
    "SLOWEST", "TRIES", "PAUSE_SECONDS", "COOLING_SECONDS", "PATIENCE", "SWEEPS", "REPEATED", "SAVE_SECONDS",
    "CALIBRATION_SECONDS", "REPEATS", "PART", "LEVEL",
)  # fmt: skip


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The one that the script runs on."""
    made = Machine(canary_ms=0.5, model_ms=7)
    time = SimpleNamespace(perf_counter=lambda: made.now, monotonic=lambda: made.now, sleep=made.paused.append)
    monkeypatch.setattr(runner, "time", time)
    return made


def test_its_numbers_are_those_of_a_collection() -> None:
    known = {**vars(measure), **vars(clock), **vars(meter)}
    assert {name: getattr(runner, name) for name in REPEATED} == {name: known[name] for name in REPEATED}


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_it_accepts_and_refuses_what_a_collection_does(machine: Machine, day: tuple[float, ...]) -> None:
    collecting = Machine(canary_ms=0.5, model_ms=7)
    known, script = collecting.meter(), runner.Meter(machine.canary, None)
    assert script.reference == known.reference_ms
    for each in (collecting, machine):
        each.paused.clear()
        each.slow(*day)
    found = script.measure(machine.model, 5)
    try:
        expected = known.measure(collecting.model, "a model", 5)
    except SpacelangError:
        assert found is None
    else:
        assert found == (expected.ms, expected.canary_ms)
    assert machine.paused == collecting.paused


class Meter:
    """Says 1, 2, 3 … ms. `disturbed(n)` says whether the n-th measurement is disturbed; `runs` are those asked for."""

    def __init__(self, disturbed: Callable[[int], bool]) -> None:
        self.runs: list[int] = []
        self._disturbed = disturbed

    def measure(self, run: Callable[[], object], runs: int) -> tuple[float, float] | None:
        self.runs.append(runs)
        count = len(self.runs)
        return None if self._disturbed(count) else (float(count), 0.5)


MODELS: list[dict[str, Any]] = [{"file": name, "kind": kind} for name, kind in
                                (("a", "kernel"), ("b", "kernel"), ("c", "network"), ("d", "network"))]  # fmt: skip


def measured(machine: Machine, meter: Meter, known: dict[str, dict[str, float]]) -> str:
    """The models in the order in which they were measured."""
    loaded: list[str] = []

    def load(path: Path) -> Callable[[], object]:
        loaded.append(path.name)
        return machine.model

    runner.measure_all(MODELS, load, meter, known, lambda: None)  # type: ignore[arg-type]
    return "".join(loaded)


def test_networks_are_measured_in_sweeps_and_what_is_disturbed_later(machine: Machine) -> None:
    meter, known = Meter(lambda count: count in (1, 3, 8)), dict[str, dict[str, float]]()
    assert measured(machine, meter, known) == "abcdac" + "cdd" + "cd" + "cd"
    assert meter.runs[:6] == [6, 6, 20, 20, 6, 20]
    assert known["a"] == {"ms": 5.0, "canary_ms": 0.5, "sweeps": 1}
    assert (known["c"]["ms"], known["c"]["sweeps"]) == (6.0, 4)


def test_it_goes_on_with_the_sweeps_that_are_missing(machine: Machine) -> None:
    known = {"a": {"ms": 1.0, "canary_ms": 0.5, "sweeps": 1}, "c": {"ms": 0.5, "canary_ms": 0.6, "sweeps": 3}}
    assert measured(machine, Meter(lambda count: False), known) == "bd" + "d" + "d" + "cd"
    assert known["c"] == {"ms": 0.5, "canary_ms": 0.6, "sweeps": 4}


def test_a_device_that_stays_noisy_ends_it(machine: Machine) -> None:
    known: dict[str, dict[str, float]] = {}
    with pytest.raises(SystemExit, match="^this device is too noisy; stop other programs, and start this again"):
        measured(machine, Meter(lambda count: count > 2), known)
    assert known.keys() == {"a", "b"}
