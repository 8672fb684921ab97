"""Sweeps over few models, on a machine whose clock the tests turn."""

from __future__ import annotations

import pytest

from spacelang.latency.bench import APART_SECONDS, Benched, Model, bench
from spacelang.latency.meter import Measurement
from spacelang.networks.architecture import smallest
from spacelang.report.diagnostics import SpacelangError
from tests.backends.spaces import candidate, space, stage
from tests.latency.collect.devices import FakeMeter, FakeRuntime, space_of


class Machine(FakeMeter):
    """Measurements take their time, as pauses do; `begun` is when each of them began."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.now = seconds, 1000.0
        self.begun: list[float] = []
        self.updates: list[tuple[int, int | None, str]] = []

    def measure(self, run: object, what: str, runs: int) -> Measurement:
        self.begun.append(self.now - 1000)
        self.now += self.seconds
        return super().measure(run, what, runs)  # type: ignore[arg-type]

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def update(self, done: int, total: int | None, note: str = "") -> None:
        self.updates.append((done, total, note))

    def bench(self, names: str) -> list[Benched]:
        model = space_of("seqnet_vnni_a0")
        models = [Model(model, smallest(model), name) for name in names]
        return bench(models, self, 1, FakeRuntime(), self.update, lambda: self.now, self.pause)


def test_sweeps_over_few_models_are_put_apart() -> None:
    machine = Machine(seconds=1.5)
    machine.bench("a")
    assert machine.begun == [0, 1.5, 20, 21.5, 40, 41.5, 60, 61.5]
    assert machine.updates[:4] == [
        (1, 8, "a"), (2, 8, "a"), (2, 8, "the next sweep begins in 17 s"), (2, 8, "the next sweep begins in 16 s"),
    ]  # fmt: skip
    assert machine.updates[-1] == (8, 8, "a")


def test_sweeps_over_many_models_follow_each_other() -> None:
    machine = Machine(seconds=APART_SECONDS / 4)
    machine.bench("ab")
    assert machine.begun == [number * 5 for number in range(16)]


def test_what_is_disturbed_is_measured_again_after_the_others() -> None:
    machine = Machine(seconds=APART_SECONDS)
    machine.noisy = lambda number: number == 2
    machine.factor = lambda number: 0.5 if number == 5 else 1.0
    found = machine.bench("ab")
    assert machine.count == 17
    assert [(each.int8_ms, each.fp32_ms) for each in found] == [(7, 3.5), (7, 7)]


def test_a_machine_that_stays_busy_ends_it() -> None:
    machine = Machine(seconds=1)
    machine.noisy = lambda number: number > 3
    with pytest.raises(SpacelangError) as refused:
        machine.bench("ab")
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == (
        "SP1107",
        "the machine is too busy: 10 measurements in a row were disturbed, with 1 left to make",
    )


def test_what_is_no_network_is_refused_before_anything_is_measured() -> None:
    halves = space(stage("stage1", 1, (1,), [(16,)], candidate(0, "odd", kernel=(3,), times=(1.5,))))
    machine = Machine(seconds=1)
    models = [Model(each, smallest(each), each.name) for each in (space_of("seqnet_vnni_a0"), halves)]
    with pytest.raises(SpacelangError, match=r"SP0813\]: tiny allows choices that give no network"):
        bench(models, machine, 1, FakeRuntime(), machine.update)
    assert machine.count == 0
