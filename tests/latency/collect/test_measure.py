"""Collections on a runtime and a meter that measure nothing real."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang import ir
from spacelang.latency.collect import measure
from spacelang.latency.collect.collecting import Plan, collect
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, read_log
from spacelang.latency.collect.measure import NOTHING, PATIENCE, Collection, Progress, Rig, saving
from spacelang.latency.collect.networks import random_networks
from spacelang.latency.meter import SWEEPS
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import SpacelangError
from tests.latency.collect.devices import CALL_MS, DEVICE, SIZE_MS, FakeMeter, FakeRuntime, silent, space_of

KERNELS = [Kernel("conv", 8, 8, size) for size in range(2, 12)]


def collection(runtime: FakeRuntime, meter: FakeMeter, log: Log) -> Collection:
    return Collection(Rig(runtime, meter, log, Path("log")), "int8", lambda: None, Progress(silent, 0))


def test_a_kernel_takes_what_its_model_takes_without_the_call() -> None:
    log = Log(DEVICE)
    found = collection(FakeRuntime(), FakeMeter(), log).kernels(KERNELS, "")
    assert [each.kernel for each in found] == KERNELS
    assert [each.ms for each in found] == [SIZE_MS * kernel.size for kernel in KERNELS]
    assert found[0].canary_ms == 0.125
    assert log.kernels("int8") == found


def test_a_kernel_that_takes_no_longer_than_the_call_takes_something() -> None:
    (found,) = collection(FakeRuntime(), FakeMeter(), Log(DEVICE)).kernels([Kernel("conv", 8, 8, 1)], "")
    assert found.ms == CALL_MS / 10


def test_what_the_log_holds_is_not_measured_again() -> None:
    log, runtime = Log(DEVICE), FakeRuntime()
    collection(runtime, FakeMeter(), log).kernels(KERNELS[:4], "")
    assert runtime.made == [NOTHING, *KERNELS[:4]]
    again = FakeRuntime()
    assert len(collection(again, FakeMeter(), log).kernels(KERNELS[2:6], "")) == 4
    assert again.made == [NOTHING, *KERNELS[4:6]]
    third = FakeRuntime()
    assert len(collection(third, FakeMeter(), log).kernels(KERNELS[:6], "")) == 6
    assert third.made == []


def test_what_is_disturbed_is_measured_later() -> None:
    log = Log(DEVICE)
    meter = FakeMeter(noisy=lambda number: number in (1, 3, 4))
    collection(FakeRuntime(), meter, log).kernels(KERNELS, "")
    assert [each.kernel for each in log.kernels("int8")] == KERNELS[2:] + KERNELS[:2]


def test_a_machine_that_stays_busy_ends_a_collection() -> None:
    log = Log(DEVICE)
    with pytest.raises(SpacelangError) as refused:
        collection(FakeRuntime(), FakeMeter(noisy=lambda number: number > 5), log).kernels(KERNELS, "")
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == (
        "SP1107",
        f"the machine is too busy: {PATIENCE} measurements in a row were disturbed, with 6 left to make",
    )
    assert len(log) == 4


def test_of_a_network_the_fastest_sweep_counts() -> None:
    log, meter, spaces = Log(DEVICE), FakeMeter(), [space_of("mobilenetv3")]
    factors = {1: 1.5, 2: 1.1, 3: 1.3, 4: 1.4, 5: 1.2, 6: 1.15, 7: 1.25, 8: 1.2}
    meter.factor = factors.__getitem__
    collection(FakeRuntime(), meter, log).networks(list(random_networks(spaces, 2)))
    assert meter.count == 2 * SWEEPS == 8
    assert [each.ms for each in log.networks("int8")] == [7 * 1.2, 7 * 1.1]
    assert [each.sweeps for each in log.networks("int8")] == [SWEEPS, SWEEPS]
    first = log.networks("int8")[0].network
    assert (first.name, first.channels, first.resolution) == ("mobilenetv3 0", 3, 172)


def test_a_network_is_measured_in_turn_with_all_others() -> None:
    runtime, found = FakeRuntime(), list(random_networks([space_of("mobilenetv3")], 3))
    collection(runtime, FakeMeter(), Log(DEVICE)).networks(found)
    assert runtime.made == [each.architecture for each in found] * SWEEPS


def test_sweeps_go_on_where_they_were_ended() -> None:
    log, found = Log(DEVICE), list(random_networks([space_of("mobilenetv3")], 3))
    with pytest.raises(SpacelangError, match="SP1107"):
        collection(FakeRuntime(), FakeMeter(noisy=lambda number: number > 4), log).networks(found)
    assert [each.sweeps for each in log.networks("int8")] == [2, 1, 1]
    meter = FakeMeter()
    collection(FakeRuntime(), meter, log).networks(found)
    assert meter.count == 3 * SWEEPS - 4
    assert [each.sweeps for each in log.networks("int8")] == [SWEEPS] * 3


def test_random_networks_are_distinct_and_in_turn() -> None:
    spaces = [space_of("mobilenetv3"), space_of("vnni"), space_of("seqnet_vnni_a0")]
    found = list(random_networks(spaces, 3))
    assert [each.network.name for each in found] == [
        "mobilenetv3 0", "vnni 0", "seqnet_vnni_a0 0", "mobilenetv3 1", "vnni 1", "mobilenetv3 2", "vnni 2",
    ]  # fmt: skip
    assert len({each.network.sha256 for each in found}) == 7
    assert [each.network for each in random_networks(spaces, 3)] == [each.network for each in found]


def test_a_network_that_two_spaces_hold_is_measured_once() -> None:
    space = space_of("mobilenetv3")
    found = list(random_networks([space, ir.replace(space, name="copy"), space], 3))
    assert [each.network.name for each in found] == ["mobilenetv3 0", "mobilenetv3 1", "mobilenetv3 2"]
    log = Log(DEVICE)
    collection(FakeRuntime(), FakeMeter(), log).networks(found)
    assert [each.sweeps for each in log.networks("int8")] == [SWEEPS] * 3


class TestSaving:
    def test_a_log_is_written_at_the_end(self, tmp_path: Path) -> None:
        log = Log(DEVICE)
        with saving(log, tmp_path / "log") as save:
            collection(FakeRuntime(), FakeMeter(), log).kernels(KERNELS, "")
            save()
            assert not (tmp_path / "log").exists()
        assert len(read_log(tmp_path / "log")) == len(KERNELS)

    def test_an_interrupted_collection_keeps_what_it_measured(self, tmp_path: Path) -> None:
        log = Log(DEVICE)

        def interrupt(number: int) -> bool:
            if number > 4:
                raise KeyboardInterrupt
            return False

        def collected() -> None:
            with saving(log, tmp_path / "log"):
                collection(FakeRuntime(), FakeMeter(interrupt), log).kernels(KERNELS, "")

        with pytest.raises(KeyboardInterrupt):
            collected()
        assert len(read_log(tmp_path / "log")) == 3

    def test_a_log_is_written_now_and_then(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(measure, "SAVE_SECONDS", 0)
        log = Log(DEVICE)
        with saving(log, tmp_path / "log") as save:
            collection(FakeRuntime(), FakeMeter(), log).kernels(KERNELS[:3], "")
            save()
            assert len(read_log(tmp_path / "log")) == 3

    def test_where_nothing_is_added_nothing_is_written(self, tmp_path: Path) -> None:
        with saving(Log(DEVICE), tmp_path / "log"):
            pass
        assert not (tmp_path / "log").exists()


def test_a_collection_goes_on_where_it_was_ended(tmp_path: Path) -> None:
    spaces, path, plan = [space_of("digits")], tmp_path / "log", Plan(60, 20, 3)
    steps: list[tuple[int, int | None]] = []

    def run(meter: FakeMeter, log: Log) -> FakeRuntime:
        runtime = FakeRuntime()
        collect(
            spaces, plan, ["int8", "fp32"], Rig(runtime, meter, log, path),
            lambda learned, judged: [0.2] * len(judged),
            lambda done, total, note="": steps.append((done, total)),
        )  # fmt: skip
        return runtime

    with pytest.raises(SpacelangError, match="SP1107"):
        run(FakeMeter(noisy=lambda number: number > 50), Log(DEVICE))
    ended = read_log(path)
    assert 0 < len(ended) < 60
    second = run(FakeMeter(), ended)
    whole = read_log(path)
    assert len(second.made) == 2 * (60 + 15 + 20 + 3 * SWEEPS) - 49 + 2
    for precision in ("int8", "fp32"):
        kernels = whole.kernels(precision)
        assert sum(is_held_out(each.kernel) for each in kernels) >= 20
        assert (len(kernels), len(whole.networks(precision))) == (95, 3)
    assert steps[:49] == [(number, 214) for number in range(1, 50)]
    assert steps[49:] == [(number, 214 - 49) for number in range(1, 214 - 49 + 1)]
    assert run(FakeMeter(), whole).made == []
