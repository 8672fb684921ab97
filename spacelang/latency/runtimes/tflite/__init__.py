"""TFLite on the CPU, with XNNPACK, through ai-edge-litert.

`writer` writes steps as a model, in int8 or float32, `flatbuffer` is what it writes into, and `interpreter` runs the
models.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

from spacelang.latency.runtimes.protocol import Border, Runnable, Runtime, RuntimeName
from spacelang.report.diagnostics import refuse
from spacelang.steps import Steps

NEEDED = {"ai_edge_litert": "ai-edge-litert", "tflite": "tflite"}

if missing := [name for module, name in NEEDED.items() if find_spec(module) is None]:
    refuse(
        "SP1103",
        f"the runtime tflite needs {' and '.join(missing)}",
        help="in spacelang's checkout: pip install '.[tflite]'",
    )


class TFLite(Runtime):
    @property
    def name(self) -> RuntimeName:
        return "tflite"

    @property
    def suffix(self) -> str:
        return ".tflite"

    def version(self) -> str:
        return version("ai-edge-litert")

    def model(self, steps: Steps, border: Border = "images") -> bytes:
        from spacelang.latency.runtimes.tflite.writer import tflite_model

        return tflite_model(steps, border)

    def said(self, model: bytes) -> dict[str, str]:
        from spacelang.latency.runtimes.tflite.flatbuffer import read_metadata

        return read_metadata(model)

    def load(self, model: bytes) -> Runnable:
        from spacelang.latency.runtimes.tflite.interpreter import LiteModel

        return LiteModel(model, self.threads)
