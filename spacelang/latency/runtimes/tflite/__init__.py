"""Kernels and networks as TFLite models, in int8 and float32.

`flatbuffer` writes TFLite's format, `dialect` one kernel, `models` whole models, and `interpreter` runs them.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

from spacelang import ir
from spacelang.latency.runtimes.protocol import Precision, Runnable, Runtime, RuntimeName
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import refuse

NEEDED = {"ai_edge_litert": "ai-edge-litert", "tflite": "tflite"}

if missing := [name for module, name in NEEDED.items() if find_spec(module) is None]:
    refuse(
        "SP1103",
        f"the runtime tflite needs {' and '.join(missing)}",
        help="in spacelang's checkout: pip install '.[tflite]'",
    )


class TFLite(Runtime):
    """TFLite on the CPU, with XNNPACK, through ai-edge-litert."""

    @property
    def name(self) -> RuntimeName:
        return "tflite"

    @property
    def suffix(self) -> str:
        return ".tflite"

    def version(self) -> str:
        return version("ai-edge-litert")

    def kernel_model(self, kernel: Kernel, precision: Precision) -> bytes:
        from spacelang.latency.runtimes.tflite.models import kernel_model

        return kernel_model(kernel, precision)

    def network_model(self, space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> bytes:
        from spacelang.latency.runtimes.tflite.models import network_model

        return network_model(space, architecture, precision)

    def load(self, model: bytes) -> Runnable:
        from spacelang.latency.runtimes.tflite.interpreter import LiteModel

        return LiteModel(model)
