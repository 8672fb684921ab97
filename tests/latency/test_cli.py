"""`bench` as its user sees it. Times are real, so nothing is said of their size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from spacelang import dumps, load
from spacelang.cli.entry import run
from spacelang.latency import bench
from spacelang.latency.meter import Measurement, Meter
from spacelang.latency.runtimes.onnxruntime.floats import floats
from spacelang.latency.runtimes.onnxruntime.graph import with_metadata
from spacelang.latency.runtimes.onnxruntime.qoperator import qoperator
from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.networks.architecture import architecture_of
from spacelang.networks.kernels import Kernel
from spacelang.steps import network_steps
from tests.latency.conftest import Terminal

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
WITHOUT = """
import sys
from importlib import util
find, missing = util.find_spec, sys.argv.pop(1)
util.find_spec = lambda name, *more: None if name == missing else find(name, *more)
from spacelang.cli.entry import run
sys.exit(run(sys.argv[1:]))
"""
MISSING = {
    "onnxruntime": ("measuring needs onnxruntime", "onnx"),
    "ai_edge_litert": ("the runtime tflite needs ai-edge-litert", "tflite"),
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between the sweeps."""
    monkeypatch.setattr(bench, "APART_SECONDS", 0.0)


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A meter that runs each model once; its figures fall to 1 at the 20th and rise again. Those that it said."""
    said: list[float] = []

    def measure(self: Meter, run: object, what: str, runs: int) -> Measurement:
        assert callable(run)
        run()
        said.append(1.0 + abs(20 - (len(said) + 1)))
        return Measurement(said[-1], 1, 0.5)

    monkeypatch.setattr(Meter, "measure", measure)
    return said


def test_bench_measures_three_models_of_a_space(instant: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", str(SPECS / "mobilenetv3.space"), str(SPECS / "seqnet_vnni_a0.space"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["device"]["runtime"] == "onnxruntime"
    names = [each["name"] for each in found["models"]]
    assert names == ["mobilenetv3 smallest", "mobilenetv3 largest", "mobilenetv3 sample of seed 0", "seqnet_vnni_a0"]
    last = found["models"][-1]
    # The 7th, 15th, 23rd and 31st figure, and those after them.
    assert (last["int8_ms"], last["fp32_ms"], last["speedup"]) == (4, 5, 5 / 4)
    assert len(instant) == 4 * 2 * 4
    assert last["mflops"] == pytest.approx(163.5, abs=0.05)


@pytest.mark.usefixtures("instant")
def test_bench_through_tflite(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", str(SPECS / "seqnet_vnni_a0.space"), "--runtime", "tflite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["device"]["runtime"] == "tflite"


@pytest.mark.usefixtures("instant")
def test_bench_prints_the_columns_of_the_paper(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", str(SPECS / "seqnet_vnni_a0.space")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["model", "resolution", "INT8", "ms", "FP32", "ms", "speedup", "MFLOPs"]
    assert lines[4].split() == ["seqnet_vnni_a0", "160", "14.00", "13.00", "0.9×", "163"]


def test_what_shows_the_progress_is_not_pinned(terminal: Terminal) -> None:
    assert run(["bench", str(SPECS / "seqnet_vnni_a0.space")]) == 0
    terminal.check()


def test_bench_says_who_reads_onnx(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(OnnxRuntime().kernel_model(Kernel("conv", 8, 8, 4), "int8"))
    assert run(["bench", str(path)]) == 1
    assert capsys.readouterr().err.startswith(
        f"error[SP1911]: `{path}` doesn't say which model it holds, as files from `spacelang export` do\n"
        " = help: `spacelang predict` reads ONNX from elsewhere\n"
    )
    assert run(["bench", str(path), "--runtime", "tflite"]) == 1
    assert f"error[SP1911]: tflite doesn't read `{path}`" in capsys.readouterr().err


def test_bench_of_exported_files(instant: list[float], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The INT8 file and the FP32 twin of one model are one row; a twin that isn't there is written for it."""
    space = load(SPECS / "seqnet_vnni_a0.space")
    said = {"spacelang.model": dumps(space)}
    paths = []
    for name, precision in (("a0", "int8"), ("a0_float", "fp32"), ("again", "int8")):
        steps = network_steps(space, architecture_of(space), precision)  # type: ignore[arg-type]
        model = qoperator(steps) if precision == "int8" else floats(steps)
        paths.append(tmp_path / f"{name}.onnx")
        content = with_metadata(model, {**said, "spacelang.precision": precision})
        paths[-1].write_bytes(content.SerializeToString())
    assert run(["bench", *map(str, paths), "--runs", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert [each["name"] for each in rows] == ["a0", "again"]
    assert all(each["int8_ms"] > 0 and each["fp32_ms"] > 0 for each in rows)


@pytest.mark.parametrize("runtime", ["onnxruntime", "tflite"])
def test_bench_really_measures(runtime: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Either there are figures, or the machine is said to be too noisy."""
    code = run(["bench", str(SPECS / "seqnet_vnni_a0.space"), "--runs", "1", "--runtime", runtime, "--json"])
    out, err = capsys.readouterr()
    if code == 0:
        assert min(json.loads(out)["models"][0][key] for key in ("int8_ms", "fp32_ms")) > 0
    else:
        assert (code, out) == (1, "")
        assert "SP1107" in err


@pytest.mark.parametrize("module", MISSING)
def test_without_a_runtime_bench_says_how_to_get_it(module: str) -> None:
    message, extra = MISSING[module]
    arguments = ["bench", str(SPECS / "seqnet_vnni_a0.space"), "--runtime", "tflite"]
    command = [sys.executable, "-c", WITHOUT, module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    mend = f" = help: in spacelang's checkout: pip install '.[{extra}]'"
    assert done.stderr.startswith(f"error[SP1103]: {message}\n{mend}\n")
