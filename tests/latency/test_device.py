"""Fingerprints and pinning."""

from __future__ import annotations

import os
from pathlib import Path

import onnxruntime
import pytest

from spacelang.latency import device
from spacelang.latency.collect import runner
from spacelang.latency.device import Fingerprint, pinned, this_device
from spacelang.report.diagnostics import Report

CPUINFO = """\
processor\t: 0
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R) Silver 4210
stepping\t: 7
flags\t\t: fpu avx2 avx512bw avx512_vnni

processor\t: 1
model name\t: another
flags\t\t: fpu avx2
"""
XEON = ("Intel(R) Xeon(R) Silver 4210 cpu family 6 model 85 stepping 7", ("avx2", "avx512_vnni", "avx512bw"))


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Two cores that differ; what may be used is the test's business."""
    (tmp_path / "cpuinfo").write_text(CPUINFO)
    (tmp_path / "frequency0").write_text("3200000\n")
    (tmp_path / "frequency1").write_text("1800000\n")
    for module in (device, runner):
        monkeypatch.setattr(module, "CPUINFO", tmp_path / "cpuinfo")
        monkeypatch.setattr(module, "FREQUENCY", f"{tmp_path}/frequency{{core}}")
    return monkeypatch


CORES = [({0}, *XEON, 3200), ({0, 1}, "another", ("avx2",), 1800), ({0, 7}, *XEON, None)]


@pytest.mark.parametrize(("cores", "cpu", "flags", "mhz"), CORES, ids=["first", "last", "not listed"])
def test_a_fingerprint_names_the_core_that_is_measured_on(
    system: pytest.MonkeyPatch, cores: set[int], cpu: str, flags: tuple[str, ...], mhz: int | None
) -> None:
    system.setattr(os, "sched_getaffinity", lambda process: cores, raising=False)
    found = this_device()
    assert (found.cpu, found.flags, found.mhz) == (cpu, flags, mhz)
    assert found.version == onnxruntime.__version__
    assert Fingerprint.model_validate_json(found.model_dump_json()) == found
    assert runner.device("onnxruntime", 1, list(device.INTEGER_FLAGS)) == found.model_dump(mode="json")


def test_a_system_without_these_files_has_a_fingerprint_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "CPUINFO", tmp_path / "none")
    monkeypatch.setattr(device, "FREQUENCY", str(tmp_path / "none"))
    found = this_device()
    assert found.cpu
    assert (found.flags, found.mhz) == ((), None)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system can't pin")
def test_what_runs_pinned_has_one_core_and_gets_the_others_back() -> None:
    before, report = os.sched_getaffinity(0), Report()
    with pinned(report):
        assert os.sched_getaffinity(0) == {max(before)}
    assert os.sched_getaffinity(0) == before
    assert not report.diagnostics


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system can't pin")
def test_a_system_that_forbids_pinning_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(process: int, cores: set[int]) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", forbid)
    report = Report()
    with pinned(report):
        pass
    (warning,) = report.diagnostics
    assert (warning.code, warning.message) == (
        "SP1102", "the process can't be pinned to a core: Operation not permitted"
    )  # fmt: skip
    assert not report.failed
