"""The runtimes that models run on here: onnxruntime and TFLite."""

from __future__ import annotations

from spacelang import ir
from spacelang.latency.runtimes.onnxruntime import graphs
from spacelang.latency.runtimes.onnxruntime.blocked import without_reordering
from spacelang.latency.runtimes.onnxruntime.session import Session
from spacelang.latency.runtimes.protocol import Precision, Runnable, Runtime, RuntimeName
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel

__all__ = ["OnnxRuntime", "Precision", "Runnable", "Runtime", "RuntimeName", "runtime"]


class OnnxRuntime(Runtime):
    """onnxruntime on the CPU."""

    @property
    def name(self) -> RuntimeName:
        return "onnxruntime"

    @property
    def suffix(self) -> str:
        return ".onnx"

    def version(self) -> str:
        import onnxruntime

        return str(onnxruntime.__version__)

    def kernel_model(self, kernel: Kernel, precision: Precision) -> bytes:
        return bytes(graphs.kernel_model(kernel, precision).SerializeToString())

    def network_model(self, space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> bytes:
        return bytes(graphs.network_model(space, architecture, precision).SerializeToString())

    def load(self, model: bytes) -> Runnable:
        return Session(model)

    def kernel(self, kernel: Kernel, precision: Precision) -> Runnable:
        model = self.kernel_model(kernel, precision)
        return self.load(without_reordering(model) if precision == "fp32" else model)


def runtime(name: RuntimeName) -> Runtime:
    """The runtime of this name.

    Raises: SpacelangError: SP1103: if it isn't installed.
    """
    if name == "tflite":
        from spacelang.latency.runtimes.tflite import TFLite

        return TFLite()
    return OnnxRuntime()
