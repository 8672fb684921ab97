"""Measuring that is disturbed, interrupted and begun again."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.diagnostics import Diagnostic, SpacelangError
from spacelang.kernels import Kernel
from spacelang.latency.collect.log import Log, open_log
from spacelang.latency.profile.measure import PATIENCE, Task, measure
from tests.latency.profile.machine import FINGERPRINT, FakeMeter, FakeRuntime, latency, quiet_update

TASKS = [Task(Kernel("dwconv", width, width, 28, 3), "int8") for width in range(1, 101)]


def run(meter: FakeMeter, path: Path) -> Log:
    log = open_log(path, FINGERPRINT)
    measure(TASKS, FakeRuntime(), meter, log, path, quiet_update)
    return log


def test_everything_is_measured_once_and_kept(tmp_path: Path) -> None:
    meter, again = FakeMeter(), FakeMeter()
    run(meter, tmp_path / "log.parquet")
    log = run(again, tmp_path / "log.parquet")
    assert (len(meter.measured), again.measured) == (100, [])
    for kernel, precision in TASKS:
        assert isinstance(kernel, Kernel)
        measured = log.kernel(kernel, precision)
        assert measured is not None
        assert measured.ms == latency(kernel, precision)


def test_what_is_disturbed_is_tried_again_behind_the_others(tmp_path: Path) -> None:
    meter = FakeMeter(disturbed=lambda number: number in (0, 100))
    assert len(run(meter, tmp_path / "log.parquet")) == 100
    first = "dwconv of 1 channels in int8"
    assert [at for at, what in enumerate(meter.measured) if what == first] == [0, 100, 101]


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
    assert len(meter.measured) == 60


def test_a_busy_machine_is_refused_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    with pytest.raises(SpacelangError) as refused:
        run(FakeMeter(disturbed=lambda number: number >= 30), path)
    assert refused.value.diagnostics == (
        Diagnostic(
            "SP1801",
            f"the machine is too busy: {PATIENCE} measurements in a row were disturbed, 70 of 100 are missing",
            help="stop what else is running, and give the command again: what was measured is kept",
        ),
    )
    assert len(open_log(path, FINGERPRINT)) == 30


def test_other_errors_are_not_taken_for_noise(tmp_path: Path) -> None:
    class Broken(FakeMeter):
        def measure(self, run: object, what: str, runs: int) -> object:  # type: ignore[override]
            raise SpacelangError([Diagnostic("SP1103", "no runtime")])

    with pytest.raises(SpacelangError, match="no runtime"):
        run(Broken(), tmp_path / "log.parquet")


def test_progress_counts_what_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    seen: list[tuple[int, int | None]] = []
    log = open_log(path, FINGERPRINT)
    measure(TASKS[:50], FakeRuntime(), FakeMeter(), log, path, quiet_update)
    measure(TASKS, FakeRuntime(), FakeMeter(), log, path, lambda done, total, note="": seen.append((done, total)))
    assert (seen[0], seen[-1]) == ((50, 100), (99, 100))
