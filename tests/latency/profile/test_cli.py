"""`profile` as its user sees it, on a device that is made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from spacelang.cli.entry import run
from spacelang.latency.meter import Measurement
from spacelang.latency.profile import profiling
from spacelang.latency.runtimes.runtime import RuntimeName
from tests.latency.conftest import Terminal
from tests.latency.profile.machine import FINGERPRINT, ROOT, FakeMeter, FakeRuntime


class Device:
    """What the command meets in place of this machine; `meters` are those that it made."""

    def __init__(self) -> None:
        self.fingerprint = FINGERPRINT
        self.meters: list[FakeMeter] = []

    def meter(self, **known: object) -> FakeMeter:
        self.meters.append(FakeMeter())
        return self.meters[-1]

    def this_device(self, name: RuntimeName, threads: int) -> object:
        return self.fingerprint


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    made = Device()
    monkeypatch.setattr(profiling, "runtime", lambda name, threads: FakeRuntime())
    monkeypatch.setattr(profiling, "Meter", made.meter)
    monkeypatch.setattr(profiling, "this_device", made.this_device)
    return made


def profile(folder: Path, *more: str) -> int:
    return run(["profile", "--device", "made_up", "--runtime", "tflite", "-o", str(folder), *more])


def test_a_profile_is_a_page_its_numbers_and_a_device(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert profile(tmp_path / "profile") == 0
    out, err = capsys.readouterr()
    figures = {f"{name}.{kind}" for name in ("operators", "kernel_sizes", "widths", "steps", "blocks") for kind in
               ("svg", "png")}  # fmt: skip
    files = {"index.html", "device.space", "profile.json", "measurements.parquet"}
    assert {each.name for each in (tmp_path / "profile").iterdir()} == files | figures
    lines = out.splitlines()
    assert lines[0] == "made up (avx2), tflite 1.0, 1 thread"
    assert "  widths    multiple of 16" in lines
    assert lines[-1] == f"The page: {tmp_path}/profile/index.html"
    rows = [line.split() for line in lines]
    assert ["SE", "6", "0.80×", "0.80×", "0.80×"] in rows
    assert ["mbv3", "2", "0.73×", "badly:", "less", "than", "1.5×"] in rows
    assert err == "measuring\n"


def test_it_goes_on_where_it_stopped_and_compares_other_blocks(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert profile(tmp_path, "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert profile(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == first == json.loads((tmp_path / "profile.json").read_text("utf-8"))
    assert profile(tmp_path, "--json", "--space", str(ROOT / "specs/vnni.space")) == 0
    other = json.loads(capsys.readouterr().out)
    assert [len(each.measured) for each in device.meters] == [1413, 0, 336]
    assert other["width_rule"] == first["width_rule"]
    assert [each["id"] for each in other["blocks"]] == [0, 1, 2, 3, 4, 5, 6]
    assert first["width_rule"]["multiple"] == 16
    assert [len(each["ms"]) for each in first["steps"]] == [153] * 5


def test_another_device_is_refused(device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert profile(tmp_path) == 0
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    device.fingerprint = FINGERPRINT.model_copy(update={"version": "2.0"})
    capsys.readouterr()
    assert profile(tmp_path) == 1
    assert capsys.readouterr().err.startswith(
        "measuring\n"
        f"error[SP1105]: {tmp_path}/measurements.parquet: this log is from another device: its version is 1.0, "
        "here it is 2.0\n"
    )
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_bad_name_is_refused_before_anything_is_measured(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["profile", "--device", "my-laptop", "-o", str(tmp_path / "profile")]) == 1
    assert capsys.readouterr().err == (
        "measuring\n"
        "error[SP1801]: a device can't be named `my-laptop`\n"
        " = help: a name has letters, digits and _; no digit comes first\n"
        "\n1 error\n"
    )
    assert device.meters == []
    assert not (tmp_path / "profile").exists()


def test_a_folder_that_can_not_be_written_is_noticed_first(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert profile(tmp_path / "file") == 1
    assert capsys.readouterr().err == f"measuring\nerror: {tmp_path}/file/measurements.parquet: file exists\n"
    assert device.meters == []


def test_what_shows_the_progress_is_not_pinned(
    device: Device, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Watched(FakeMeter):
        def measure(self, run: Callable[[], object], what: str, runs: int) -> Measurement:
            if not self.measured:
                terminal.measure(run, what, runs)
            return super().measure(run, what, runs)

    monkeypatch.setattr(profiling, "Meter", lambda **known: Watched())
    assert profile(tmp_path) == 0
    terminal.check()


def test_an_interruption_says_what_is_kept(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(number: int) -> bool:
        if number == 10:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr(profiling, "Meter", lambda **known: FakeMeter(stop))
    assert profile(tmp_path) == 130
    assert f"{tmp_path} keeps what was measured; the same command goes on from there" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["measurements.parquet"]
