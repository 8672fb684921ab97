"""The runtimes that models run on here, by name."""

from __future__ import annotations

from spacelang.latency.runtimes.onnxruntime import OnnxRuntime
from spacelang.latency.runtimes.protocol import Precision, Runnable, Runtime, RuntimeName

__all__ = ["OnnxRuntime", "Precision", "Runnable", "Runtime", "RuntimeName", "runtime"]


def runtime(name: RuntimeName, threads: int = 1) -> Runtime:
    """The runtime of this name.

    Raises: SpacelangError: SP1103: if it isn't installed.
    """
    if name == "tflite":
        from spacelang.latency.runtimes.tflite import TFLite

        return TFLite(threads)
    return OnnxRuntime(threads)
