"""A device, a runtime and a meter that measure nothing real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.latency.device import Fingerprint
from spacelang.latency.meter import Measurement
from spacelang.latency.runtimes.protocol import Border, Precision, Runtime, RuntimeName
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import refuse
from spacelang.report.source import Source
from spacelang.steps import Steps

SPECS = Path(__file__).parents[3] / "specs"
DEVICE = Fingerprint(cpu="Z80", flags=("avx2",), mhz=4, runtime="onnxruntime", version="1.0")
CALL_MS = 0.25
"""What calling the runtime takes."""
SIZE_MS = 0.5
"""What a kernel takes for each pixel of height."""


def space_of(name: str) -> ir.SearchSpace:
    path = SPECS / f"{name}.space"
    return compile_source(Source(str(path), path.read_text()), path)[0]


class Model:
    def __init__(self, ms: float) -> None:
        self.ms = ms

    def run(self) -> None: ...


class FakeRuntime(Runtime):
    """Kernels take as long as they are high; `made` are those that were asked for."""

    def __init__(self) -> None:
        self.made: list[Kernel | Architecture] = []

    @property
    def name(self) -> RuntimeName:
        return "onnxruntime"

    @property
    def suffix(self) -> str:
        return ".onnx"

    def version(self) -> str:
        return "1.0"

    def model(self, steps: Steps, border: Border = "images") -> bytes:
        raise AssertionError("models are made of kernels and networks here")

    def kernel_model(self, kernel: Kernel, precision: Precision) -> bytes:
        self.made.append(kernel)
        return str(CALL_MS + (SIZE_MS * kernel.size if kernel.size > 1 else 0)).encode()

    def network_model(self, space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> bytes:
        self.made.append(architecture)
        return b"7"

    def load(self, model: bytes) -> Model:
        return Model(float(model))


class FakeMeter:
    """Says what models are said to take. `noisy(n)` says whether the n-th measurement is disturbed."""

    def __init__(self, noisy: Callable[[int], bool] = lambda number: False) -> None:
        self.count = 0
        self.noisy = noisy
        self.factor: Callable[[int], float] = lambda number: 1.0

    def measure(self, run: Callable[[], object], what: str, runs: int) -> Measurement:
        self.count += 1
        if self.noisy(self.count):
            refuse("SP1101", f"{what}: noisy")
        return Measurement(run.__self__.ms * self.factor(self.count), 1, 0.125)  # type: ignore[attr-defined]


def silent(done: int, total: int | None, note: str = "") -> None: ...
