"""Measures the models of this folder on this device, one core for each thread: `python measure.py`.

Needs Python 3.9 and the runtime that manifest.json names: `pip install onnxruntime`, or ai-edge-litert for TFLite. It
writes results.json, which `spacelang latency import` reads. If it is interrupted, run it again: it continues.
"""

# This file is copied into folders that `spacelang latency export-bench` makes, so it imports nothing from spacelang.

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import time
from collections import deque
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results.json"
RUN_SECONDS, FEWEST_RUNS, MOST_RUNS, NETWORK_RUNS, WARM_UP_RUNS = 0.02, 6, 60, 20, 3
CANARY_RUNS, CALIBRATIONS, STEADY, SLOWEST = 8, 25, 1.03, 1.25
TRIES, PAUSE_SECONDS, COOLING_SECONDS, PATIENCE = 8, 0.05, 0.05, 10
SWEEPS, REPEATED = 4, 1.02
CALIBRATION_SECONDS, REPEATS, PART, LEVEL = 0.04, 3, 0.02, 1.02
SAVE_SECONDS = 30.0
CPUINFO = Path("/proc/cpuinfo")
FREQUENCY = "/sys/devices/system/cpu/cpu{core}/cpufreq/cpuinfo_max_freq"
NEVER = {"ms": float("inf"), "sweeps": 0}
NAMING = ("model name", "cpu family", "model", "stepping", "CPU implementer", "CPU part", "CPU revision")


def onnxruntime_model(path: Path, threads: int) -> Callable[[], object]:
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given, made = session.get_inputs()[0], session.get_outputs()[0]
    kind = numpy.float32 if given.type == "tensor(float)" else numpy.uint8
    values = (numpy.random.default_rng(0).random(given.shape) * 255).astype(kind)
    binding = session.io_binding()
    binding.bind_cpu_input(given.name, values)
    binding.bind_output(made.name, "cpu")

    def run(values: Any = values) -> None:  # the bound input has to live as long as its session
        session.run_with_iobinding(binding)

    return run


def tflite_model(path: Path, threads: int) -> Callable[[], object]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()
    run: Callable[[], object] = interpreter.invoke
    return run


LOADERS = {"onnxruntime": onnxruntime_model, "tflite": tflite_model}


def version(runtime: str) -> str:
    if runtime == "onnxruntime":
        import onnxruntime

        return str(onnxruntime.__version__)
    from importlib.metadata import version as version_of

    return version_of("ai-edge-litert")


def core() -> int:
    try:
        return max(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return 0


def device(runtime: str, threads: int, flags: list[str]) -> dict[str, Any]:
    fields: dict[str, str] = {}
    mhz = None
    try:
        cores = [
            {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in block.split("\n"))}
            for block in CPUINFO.read_text().split("\n\n")
        ]
        fields = next((each for each in cores if each.get("processor") == str(core())), cores[0])
        mhz = int(Path(FREQUENCY.format(core=core())).read_text()) // 1000
    except (OSError, ValueError):
        pass
    named = [name + " " + fields[name] if at else fields[name] for at, name in enumerate(NAMING) if name in fields]
    own = (fields.get("flags") or fields.get("Features") or "").split()
    return {
        "cpu": " ".join(named) or platform.processor() or platform.machine(),
        "flags": sorted(set(own) & set(flags)),
        "mhz": mhz,
        "runtime": runtime,
        "version": version(runtime),
        "threads": threads,
    }


def fastest(run: Callable[[], object], runs: int) -> float:
    for _ in range(WARM_UP_RUNS):
        run()
    least = float("inf")
    for _ in range(runs):
        begun = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - begun)
    return least * 1000


def fast_mode(readings: list[float]) -> float:
    """The lowest level at which the canary's times repeat."""
    ordered = sorted(readings)
    need = max(REPEATS, ceil(PART * len(ordered)))
    for at in range(len(ordered) - need + 1):
        level = ordered[at : at + need]
        if level[-1] <= level[0] * LEVEL:
            return level[(need - 1) // 2]
    return ordered[0]


class Meter:
    """Latencies are in canary time: a core's frequency drifts, and the canary with it."""

    def __init__(self, canary: Callable[[], object], reference: float | None) -> None:
        self.canary = canary
        calibration = [fastest(canary, CANARY_RUNS)]
        for _ in range(CALIBRATIONS - 1):
            time.sleep(CALIBRATION_SECONDS)
            calibration.append(fastest(canary, CANARY_RUNS))
        self.reference = reference or fast_mode(calibration)
        self.seen = calibration + [reference] * REPEATS if reference else calibration
        self.fast = fast_mode(self.seen)

    def measure(self, run: Callable[[], object], runs: int) -> tuple[float, float] | None:
        """The latency and the canary's time then, both in milliseconds; None if every try was disturbed."""
        last = float("inf")
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            before, found, after = (
                fastest(self.canary, CANARY_RUNS),
                fastest(run, runs),
                fastest(self.canary, CANARY_RUNS),
            )
            canary = min(before, after)
            ms = found * self.reference / canary
            repeated, last = max(ms, last) <= min(ms, last) * REPEATED, ms
            self.note(canary)
            if canary > self.fast * SLOWEST:
                continue
            if max(before, after) <= canary * STEADY or (repeated and self.steady_when_cool(before)):
                return ms, canary
        return None

    def note(self, canary: float) -> None:
        self.seen.append(canary)
        if canary < self.fast:
            self.fast = fast_mode(self.seen)

    def steady_when_cool(self, before: float) -> bool:
        """Whether only the model itself had slowed the canary after it."""
        time.sleep(COOLING_SECONDS)
        return fastest(self.canary, CANARY_RUNS) <= before * STEADY


def runs_of(run: Callable[[], object]) -> int:
    run()
    begun = time.perf_counter()
    run()
    return min(max(int(RUN_SECONDS / (time.perf_counter() - begun)), FEWEST_RUNS), MOST_RUNS)


def measure_all(
    models: list[dict[str, Any]],
    load: Callable[[Path], Callable[[], object]],
    meter: Meter,
    measured: dict[str, dict[str, float]],
    save: Callable[[], None],
) -> None:
    """Measures networks in sweeps over all of them: others use the memory for a while at a time; the fastest counts.

    Disturbed measurements are put off until the others are done.
    """
    sweeps = {each["file"]: SWEEPS if each["kind"] == "network" else 1 for each in models}
    total, done = sum(sweeps.values()), sum(int(each["sweeps"]) for each in measured.values())
    saved = begun = time.monotonic()
    known, disturbed = done, 0
    for sweep in range(SWEEPS):
        waiting = deque(file for file in sweeps if measured.get(file, NEVER)["sweeps"] <= sweep < sweeps[file])
        while waiting:
            file = waiting.popleft()
            run, before = load(FOLDER / file), measured.get(file, NEVER)
            found = meter.measure(run, NETWORK_RUNS if sweeps[file] == SWEEPS else runs_of(run))
            if found is None:
                disturbed += 1
                if disturbed == PATIENCE:
                    sys.exit("this device is too noisy; stop other programs, and start this again: it continues")
                waiting.append(file)
                continue
            disturbed = 0
            figure = {"ms": found[0], "canary_ms": found[1]} if found[0] < before["ms"] else before
            measured[file] = {**figure, "sweeps": before["sweeps"] + 1}
            done += 1
            if time.monotonic() - saved > SAVE_SECONDS:
                save()
                saved = time.monotonic()
                left = (saved - begun) / (done - known) * (total - done)
                print(f"{done} of {total}, {left:.0f} s left", file=sys.stderr)


def main() -> None:
    text = (FOLDER / "manifest.json").read_bytes()
    manifest, sha256 = json.loads(text), hashlib.sha256(text).hexdigest()
    threads = manifest["threads"]
    try:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < threads:
            sys.exit(f"{threads} threads can't be measured on {len(cores)} cores")
        os.sched_setaffinity(0, set(cores[-threads:]))
    except (AttributeError, OSError):
        print("this process can't be pinned to a core: expect noisier figures", file=sys.stderr)
    loader = LOADERS[manifest["runtime"]]

    def load(path: Path) -> Callable[[], object]:
        return loader(path, threads)

    here = device(manifest["runtime"], threads, manifest["flags"])
    results: dict[str, Any] = {"manifest_sha256": sha256, "device": here}
    measured: dict[str, dict[str, float]] = {}
    reference = None
    if RESULTS.exists():
        old = json.loads(RESULTS.read_text())
        if (old["manifest_sha256"], old["device"]) != (sha256, results["device"]):
            sys.exit("results.json is for other models or another device; move it away")
        measured, reference = old["measured"], old["reference_ms"]

    meter = Meter(load(FOLDER / manifest["canary"]), reference)
    results["reference_ms"] = meter.reference

    def save() -> None:
        unfinished = RESULTS.with_suffix(".tmp")
        unfinished.write_text(json.dumps({**results, "measured": measured}))
        os.replace(unfinished, RESULTS)

    try:
        measure_all(manifest["models"], load, meter, measured, save)
    finally:
        save()


if __name__ == "__main__":
    main()
