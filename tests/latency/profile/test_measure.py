"""Measuring that is disturbed, interrupted and begun again."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.latency.collect.log import Log, open_log
from spacelang.latency.collect.measure import Rig
from spacelang.latency.meter import SWEEPS
from spacelang.latency.profile import plan
from spacelang.latency.profile.compared import block_layers
from spacelang.latency.profile.measure import measure
from spacelang.report.diagnostics import SpacelangError
from tests.latency.profile.machine import FINGERPRINT, FakeMeter, FakeRuntime, latency, quiet_update

LAYERS = block_layers(plan.reference("candidates"))
MODELS = {model.sha256: model for each in LAYERS for model in (each.short, each.long)}
CALLS = 2
"""In each precision, what calling the runtime takes is measured first."""
MEASUREMENTS = len(plan.kernels()) + 2 * SWEEPS * len(MODELS)


def run(meter: FakeMeter, path: Path) -> Log:
    log = open_log(path, FINGERPRINT)
    measure(LAYERS, Rig(FakeRuntime(), meter, log, path), quiet_update)
    return log


def test_everything_is_measured_once_and_kept(tmp_path: Path) -> None:
    meter, again = FakeMeter(), FakeMeter()
    run(meter, tmp_path / "log.parquet")
    log = run(again, tmp_path / "log.parquet")
    assert (len(meter.measured), again.measured) == (MEASUREMENTS + CALLS, [])
    largest = max(plan.kernels(), key=lambda each: latency(*each))
    measured = log.kernel(*largest)
    assert measured is not None
    assert measured.ms == pytest.approx(latency(*largest), rel=0.01)
    for sha256 in MODELS:
        network = log.network(sha256, "fp32")
        assert network is not None
        assert network.sweeps == SWEEPS


def test_an_interruption_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"

    def interrupt(number: int) -> bool:
        if number == 40:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run(FakeMeter(interrupt), path)
    meter = FakeMeter()
    run(meter, path)
    assert len(meter.measured) == MEASUREMENTS + CALLS - 39


def test_a_busy_machine_is_refused_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    with pytest.raises(SpacelangError, match="SP1107"):
        run(FakeMeter(disturbed=lambda number: number >= 30), path)
    assert len(open_log(path, FINGERPRINT)) == 29
