"""onnxruntime on the CPU.

`qoperator` writes integer steps as operators of onnxruntime's own, `qdq` in ONNX's portable form, `floats` float steps;
`graph` is what they write into, and `session` runs the models. `blocked` times a float kernel as it runs between
others, and `foreign` writes kernels that only networks from elsewhere have.
"""

from __future__ import annotations

from importlib.metadata import version

from spacelang.latency.runtimes.protocol import Border, Precision, Runnable, Runtime, RuntimeName
from spacelang.networks.kernels import Kernel
from spacelang.steps import Steps


class OnnxRuntime(Runtime):
    @property
    def name(self) -> RuntimeName:
        return "onnxruntime"

    @property
    def suffix(self) -> str:
        return ".onnx"

    def version(self) -> str:
        return version("onnxruntime")

    def model(self, steps: Steps, border: Border = "images") -> bytes:
        from spacelang.latency.runtimes.onnxruntime.floats import floats
        from spacelang.latency.runtimes.onnxruntime.qoperator import qoperator

        made = qoperator(steps, border) if steps.precision == "int8" else floats(steps)
        return bytes(made.SerializeToString())

    def said(self, model: bytes) -> dict[str, str]:
        import onnx

        return {each.key: each.value for each in onnx.load_model_from_string(model).metadata_props}

    def load(self, model: bytes) -> Runnable:
        from spacelang.latency.runtimes.onnxruntime.session import Session

        return Session(model, self.threads)

    def kernel_model(self, kernel: Kernel, precision: Precision) -> bytes:
        from spacelang.latency.runtimes.onnxruntime.foreign import FOREIGN, foreign

        if kernel.kind in FOREIGN:
            return bytes(foreign(kernel).SerializeToString())
        return super().kernel_model(kernel, precision)

    def kernel(self, kernel: Kernel, precision: Precision) -> Runnable:
        from spacelang.latency.runtimes.onnxruntime.blocked import without_reordering

        model = self.kernel_model(kernel, precision)
        return self.load(without_reordering(model) if precision == "fp32" else model)
