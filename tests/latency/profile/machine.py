"""A device whose latencies are made up: INT8 convolutions run 16 channels at a time, and the rest one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from spacelang import ir
from spacelang.latency.collect.log import Log
from spacelang.latency.collect.measure import Rig
from spacelang.latency.device import Fingerprint
from spacelang.latency.meter import Measurement
from spacelang.latency.profile import plan
from spacelang.latency.profile.compared import block_layers
from spacelang.latency.profile.measure import measure
from spacelang.latency.profile.results import Results, results
from spacelang.latency.runtimes.protocol import Border, Precision, Runtime, RuntimeName
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layers
from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.steps import Steps

ROOT = Path(__file__).parents[3]
FINGERPRINT = Fingerprint(cpu="made up", flags=("avx2",), mhz=None, runtime="tflite", version="1.0")
AT_ONCE = 16
INT8_SPEED = {"conv": 4.0, "dwconv": 1.25, "se": 0.8, "hswish": 0.5, "swish": 0.4}
SLOWNESS = 200
"""Of what goes through a feature map value by value, against a multiplication."""


def latency(kernel: Kernel, precision: Precision, at_once: int = AT_ONCE) -> float:
    """In ms."""
    multiplies = kernel.kind in ("conv", "dwconv", "linear")
    channels = kernel.channels_in
    if precision == "int8" and multiplies:
        channels = -(-channels // at_once) * at_once
    each = kernel.channels_out if kernel.kind in ("conv", "linear") else 1 if multiplies else SLOWNESS
    work = 1e-6 * kernel.size**2 * kernel.kernel**2 * channels * each
    return (0.001 + work) / (INT8_SPEED.get(kernel.kind, 1.0) if precision == "int8" else 1.0)


class Model:
    def __init__(self, ms: float) -> None:
        self.ms = ms

    def run(self) -> None: ...


class FakeRuntime(Runtime):
    """Models are their latencies, as text."""

    @property
    def name(self) -> RuntimeName:
        return "tflite"

    @property
    def suffix(self) -> str:
        return ".fake"

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once

    def version(self) -> str:
        return "1.0"

    def model(self, steps: Steps, border: Border = "images") -> bytes:
        raise AssertionError("models are made of kernels and networks here")

    def kernel_model(self, kernel: Kernel, precision: Precision) -> bytes:
        return json.dumps(latency(kernel, precision, self._at_once)).encode()

    def network_model(self, space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> bytes:
        kernels = [kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops)]
        return json.dumps(0.01 + sum(latency(each, precision, self._at_once) for each in kernels)).encode()

    def load(self, model: bytes) -> Model:
        return Model(json.loads(model))


class FakeMeter:
    """Reads the latency off the model; the measurements that `disturbed` picks, by their number, fail."""

    reference_ms = 0.1

    def __init__(self, disturbed: Callable[[int], bool] = lambda number: False) -> None:
        self.measured: list[str] = []
        self._disturbed = disturbed

    def measure(self, run: Callable[[], object], what: str, runs: int) -> Measurement:
        self.measured.append(what)
        if self._disturbed(len(self.measured) - 1):
            raise SpacelangError([Diagnostic("SP1101", f"{what}: noise")])
        model: Model = run.__self__  # type: ignore[attr-defined]
        return Measurement(model.ms, 1, 0.1)


def quiet_update(done: int, total: int | None, note: str = "") -> None: ...


def made_up(folder: Path, at_once: int = AT_ONCE) -> Results:
    """The profile of this device."""
    compared = block_layers(plan.reference("candidates"))
    log = Log(FINGERPRINT)
    measure(compared, Rig(FakeRuntime(at_once), FakeMeter(), log, folder / "log.parquet"), quiet_update)
    return results("made_up", "the standard library", log, compared)
