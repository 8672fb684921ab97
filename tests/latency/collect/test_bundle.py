"""Models for a device elsewhere: written, measured by the script beside them, and read back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spacelang.latency.collect.bundle import export_bench, log_of_results, read_results
from spacelang.latency.collect.collecting import Plan
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, Measured, MeasuredNetwork
from spacelang.latency.collect.measure import NOTHING
from spacelang.latency.collect.networks import random_networks
from spacelang.latency.device import this_device
from spacelang.latency.meter import SWEEPS
from spacelang.latency.runtimes.protocol import RuntimeName
from spacelang.latency.runtimes.runtime import runtime
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import SpacelangError
from tests.latency.collect.devices import silent, space_of

PLAN = Plan(12, 4, 1)
MODELS = 2 * (1 + 12 + 4 + 1)
"""In two precisions, with the model that takes nothing."""
ADB = """\
#!/bin/sh
count=$(cat "$0.count" 2>/dev/null || echo 0)
case "$*" in
  *--graph=*canary*)
    echo "count=50 min=$([ "$count" = 2 ] && [ ! -e "$0.hot" ] && touch "$0.hot" && echo 80.0 || echo 50.0) max=90" ;;
  *--graph=*)
    echo $((count + 1)) >"$0.count"
    [ "$count" != "$FAILS_AT" ] || exit 1
    echo "count=50 first=900 curr=800 min=$((100 - count)).5 max=950 avg=800 std=2" ;;
  *ro.product.model*) printf 'Pixel 4\\r\\n' ;;
  *cpuinfo*) printf 'processor: 0\\nFeatures\\t: fp asimd asimddp\\r\\n' ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Without a second runner's work: models are small, and their times made up."""
    folder = tmp_path / "bench"
    assert export_bench([space_of("digits")], PLAN, ["int8", "fp32"], runtime("onnxruntime"), folder, silent) == MODELS
    return folder


def results_of(folder: Path, **changes: Any) -> dict[str, Any]:
    """What a runner would write, with every model slower than the one before it."""
    import hashlib

    text = (folder / "manifest.json").read_bytes()
    models = json.loads(text)["models"]
    return {
        "manifest_sha256": hashlib.sha256(text).hexdigest(),
        "device": this_device().model_dump(mode="json"),
        "reference_ms": 0.1,
        "measured": {
            each["file"]: {
                "ms": at % (MODELS // 2) + 1.0,
                "canary_ms": 0.1,
                "sweeps": SWEEPS if each["kind"] == "network" else 1,
            }
            for at, each in enumerate(models)
        },
        **changes,
    }


def refusal(folder: Path, results: object) -> str:
    (folder / "results.json").write_text(results if isinstance(results, str) else json.dumps(results))
    with pytest.raises(SpacelangError) as refused:
        read_results(folder)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "SP1109"
    found = re.fullmatch(rf"`?{folder}/results.json(?:`|:) (.*)", diagnostic.message, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize(("name", "threads"), [("onnxruntime", 1), ("tflite", 1), ("tflite", 2)])
def test_the_script_measures_what_is_exported(tmp_path: Path, name: RuntimeName, threads: int) -> None:
    folder, spaces = tmp_path / "bench", [space_of("digits")]
    export_bench(spaces, Plan(6, 2, 1), ["int8"], runtime(name, threads), folder, silent)
    script = (folder / "measure.py").read_text()
    # Times are real here; what matters is that there are some, however noisy the machine.
    for strict, lax in (("8, 25, 1.03, 1.25", "2, 3, 1e9, 1e9"), ("REPEATED = 4, 1.02", "REPEATED = 4, 1e9")):
        assert strict in script
        script = script.replace(strict, lax)
    (folder / "measure.py").write_text(script)
    command = [sys.executable, "measure.py"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, cwd=folder, check=True, env=environment, timeout=100)
    imported = read_results(folder)
    assert imported.fingerprint == this_device(name, threads)
    kernels = [each for each in imported.measurements if isinstance(each, Measured)]
    networks = [each for each in imported.measurements if isinstance(each, MeasuredNetwork)]
    assert len(kernels) == 8
    assert sum(is_held_out(each.kernel) for each in kernels) == 2
    assert [each.network for each in networks] == [each.network for each in random_networks(spaces, 1)]
    assert [each.sweeps for each in networks] == [SWEEPS]
    assert all(each.ms > 0 for each in imported.measurements)
    finished = (folder / "results.json").read_text()
    subprocess.run(command, cwd=folder, check=True, env=environment, timeout=100)
    assert (folder / "results.json").read_text() == finished

    partial = json.loads(finished)
    kernel, *_, network = partial["measured"]
    before = partial["measured"][network]
    partial["measured"][network] = {**before, "sweeps": 2}
    assert refusal(folder, partial) == f"{network} was measured in fewer than 4 sweeps"
    del partial["measured"][kernel]
    assert refusal(folder, partial) == f"{kernel} is missing"
    subprocess.run(command, cwd=folder, check=True, env=environment, timeout=100)
    whole = json.loads((folder / "results.json").read_text())["measured"]
    assert (whole[kernel]["sweeps"], whole[network]["sweeps"]) == (1, SWEEPS)
    assert whole[network]["ms"] <= before["ms"]
    assert len(read_results(folder).measurements) == len(imported.measurements)


def test_kernels_come_back_without_what_calling_takes(folder: Path) -> None:
    (folder / "results.json").write_text(json.dumps(results_of(folder)))
    imported = read_results(folder / "results.json")
    found = imported.measurements
    assert len(found) == MODELS - 2
    assert isinstance(found[0], Measured)
    assert NOTHING not in {each.kernel for each in found if isinstance(each, Measured)}
    # The first model of a precision is the call: the others took 1, 2, 3 … ms longer.
    assert [each.ms for each in found if isinstance(each, Measured)] == [*range(1, 17)] * 2
    log = Log(this_device(), 0.2)
    other = log_of_results(folder)
    for _ in range(2):
        log.merge(other)
        assert len(log) == MODELS - 2
    # The log's canary took twice as long.
    assert [each.ms for each in log.kernels("int8")] == pytest.approx([*range(2, 34, 2)])


def test_a_phone_is_measured_through_adb(tmp_path: Path) -> None:
    folder, tools = tmp_path / "bench", tmp_path / "tools"
    export_bench([space_of("digits")], Plan(3, 1, 1), ["int8"], runtime("tflite"), folder, silent)
    tools.mkdir()
    (tools / "adb").write_text(ADB)
    (tools / "adb").chmod(0o755)

    def measure(version: str, fails_at: str = "") -> tuple[int, str]:
        environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "FAILS_AT": fails_at,
            "COOLING_SECONDS": "0",
        }
        command = ["sh", "bench/measure_adb.sh", "benchmark_model", version]
        done = subprocess.run(
            command, cwd=tmp_path, check=False, env=environment, timeout=60, text=True, capture_output=True
        )
        return done.returncode, done.stderr

    # The fourth model is measured once more when the phone is there again.
    code, said = measure("2.19.0", "3")
    assert (code, said.splitlines()[-1]) == (1, "benchmark_model measured nothing for models/00003.tflite")
    assert measure("2.20.0") == (1, "measured.txt is for other models or another device; move it away\n")
    assert measure("2.19.0") == (0, "")
    imported = read_results(folder)
    device = imported.fingerprint
    assert (device.cpu, device.flags) == ("Pixel 4 core mask 80", ("asimddp",))
    assert (device.runtime, device.version) == ("tflite", "2.19.0")
    assert imported.reference_ms == pytest.approx(0.05)
    (network,) = (each for each in imported.measurements if isinstance(each, MeasuredNetwork))
    assert network.sweeps == SWEEPS
    assert [each.canary_ms for each in imported.measurements] == [pytest.approx(0.05)] * 5
    before = (tools / "adb.count").read_text()
    assert measure("2.19.0") == (0, "")
    assert (tools / "adb.count").read_text() == before


def test_a_folder_in_use_is_refused(folder: Path) -> None:
    with pytest.raises(SpacelangError) as refused:
        export_bench([space_of("digits")], PLAN, ["int8"], runtime("onnxruntime"), folder, silent)
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("SP1108", f"{folder} already exists and isn't empty")


def test_results_that_do_not_fit_are_refused(folder: Path) -> None:
    good = results_of(folder)
    first, second, *_, last = good["measured"]
    without = {file: each for file, each in good["measured"].items() if file != second}
    assert refusal(folder, {**good, "measured": without}) == f"{second} is missing"
    assert refusal(folder, {**good, "measured": {}}) == (
        f"{first}, {second}, models/00002.onnx and {MODELS - 3} more is missing"
    )
    extra = {**good["measured"], "models/x.onnx": good["measured"][last]}
    assert refusal(folder, {**good, "measured": extra}) == "models/x.onnx is not in the manifest"
    negative = {**good["measured"], last: {**good["measured"][last], "ms": -1.0}}
    assert refusal(folder, {**good, "measured": negative}) == (
        f"{last}: a latency is a positive number of milliseconds"
    )
    unfinished = {**good["measured"], last: {**good["measured"][last], "sweeps": 3}}
    assert refusal(folder, {**good, "measured": unfinished}) == f"{last} was measured in fewer than 4 sweeps"
    other = refusal(folder, {**good, "manifest_sha256": "0" * 64})
    assert other == f"these results are for other models than those in {folder}/manifest.json"
    phone = {**good["device"], "runtime": "tflite"}
    assert refusal(folder, {**good, "device": phone}) == "measured with tflite instead of onnxruntime"
    damaged = refusal(folder, {**good, "device": {**phone, "cpu": None}})
    assert damaged == "is damaged: device.cpu: Input should be a valid string"
    assert refusal(folder, "{").startswith("is damaged: the file: Invalid JSON: ")


def test_a_folder_without_results_is_refused(folder: Path) -> None:
    with pytest.raises(SpacelangError) as refused:
        read_results(folder)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.message == f"there is no file `{folder / 'results.json'}`"
    with pytest.raises(SpacelangError, match=rf"SP1109\]: there is no file `{folder}/nosuch`"):
        read_results(folder / "nosuch")


def test_what_is_exported_is_the_same_every_time(folder: Path, tmp_path: Path) -> None:
    export_bench([space_of("digits")], PLAN, ["int8", "fp32"], runtime("onnxruntime"), tmp_path / "again", silent)
    for path in ("manifest.json", "models/00000.onnx", f"models/{MODELS - 1:05}.onnx", "models/canary.onnx"):
        assert (tmp_path / "again" / path).read_bytes() == (folder / path).read_bytes()
    kernel = json.loads((folder / "manifest.json").read_text())["models"][0]["kernel"]
    assert Kernel(*kernel) == NOTHING
