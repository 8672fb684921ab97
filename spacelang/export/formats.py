"""The formats that a network is exported in: how steps are written, and how the file is run here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spacelang.export.judging import Predict
from spacelang.latency.runtimes.protocol import Pixels
from spacelang.steps import Steps

FormatName = Literal["onnx", "qdq", "tflite", "saved-model", "torch"]
Content = bytes | Mapping[str, bytes]
"""A file; or a folder, as paths within it and contents."""
Integers = Sequence[NDArray[np.uint8]]
OPSET = 17


@dataclass(frozen=True)
class Options:
    """How a file is written.

    Attributes:
        pixels: where given, the file reads bytes and normalises them so.
        opset: of ONNX.
        metadata: what the file says about itself.
    """

    metadata: dict[str, str]
    pixels: Pixels | None = None
    opset: int = OPSET


@dataclass(frozen=True)
class Format:
    """Attributes:
    write: steps as a file or folder.
    open: one that `write` made, to call with images.
    integers: what steps make of integers in this runtime, for comparing single operators; None: by definition exact.
    """

    write: Callable[[Steps, Options], Content]
    open: Callable[[Any], Predict]
    integers: Callable[[Steps, Integers], NDArray[np.uint8]] | None


def format_named(name: FormatName) -> Format:
    """Raises: SpacelangError: SP1103 if what runs the format isn't installed."""
    return FORMATS[name]()


def size_of(content: Content) -> int:
    """In bytes."""
    return len(content) if isinstance(content, bytes) else sum(map(len, content.values()))


def _onnx() -> Format:
    from spacelang.latency.runtimes.onnxruntime.integers import run_nhwc
    from spacelang.latency.runtimes.onnxruntime.qoperator import qoperator

    return Format(
        lambda steps, options: _onnx_bytes(qoperator, steps, options),
        _inference,
        lambda steps, inputs: run_nhwc(qoperator, steps, inputs),
    )


def _qdq() -> Format:
    from spacelang.latency.runtimes.onnxruntime.integers import run_nchw
    from spacelang.latency.runtimes.onnxruntime.qdq import qdq

    return Format(
        lambda steps, options: _onnx_bytes(qdq, steps, options),
        _inference,
        lambda steps, inputs: run_nchw(qdq, steps, inputs),
    )


def _onnx_bytes(write: Callable[..., object], steps: Steps, options: Options) -> bytes:
    from spacelang.latency.runtimes.onnxruntime.floats import floats
    from spacelang.latency.runtimes.onnxruntime.graph import with_metadata

    if steps.precision == "fp32":
        model = floats(steps, opset=options.opset, pixels=options.pixels)
    else:
        model = write(steps, opset=options.opset, pixels=options.pixels)  # type: ignore[assignment]
    return bytes(with_metadata(model, options.metadata).SerializeToString())


def _inference(content: bytes) -> Predict:
    from spacelang.latency.runtimes.onnxruntime.session import Inference

    inference = Inference(content)
    return lambda images: np.concatenate([inference(image[None]) for image in images])


def _tflite() -> Format:
    from spacelang.latency.runtimes.runtime import runtime

    runtime("tflite")  # says which packages are missing
    from spacelang.latency.runtimes.tflite.integers import run_lite
    from spacelang.latency.runtimes.tflite.interpreter import LiteInference
    from spacelang.latency.runtimes.tflite.writer import tflite_model

    def write(steps: Steps, options: Options) -> bytes:
        return tflite_model(steps, pixels=options.pixels, metadata=options.metadata)

    return Format(write, LiteInference, run_lite)


def _saved_model() -> Format:
    from spacelang.export.saved_model import opened, run_rebuilt, saved_model, tensorflow

    tensorflow()  # says so if it is missing

    def write(steps: Steps, options: Options) -> Content:
        return saved_model(steps, options.pixels, options.metadata)

    return Format(write, opened, run_rebuilt)


def _torch() -> Format:
    import torch

    from spacelang.export.stored import from_bytes, to_bytes
    from spacelang.nn.integer import IntegerNetwork

    def write(steps: Steps, options: Options) -> bytes:
        return to_bytes(steps, options.metadata)

    def open(content: bytes) -> Predict:
        network = IntegerNetwork(from_bytes(content))
        return lambda images: network(torch.from_numpy(np.ascontiguousarray(images))).numpy()

    return Format(write, open, None)


FORMATS: dict[FormatName, Callable[[], Format]] = {
    "onnx": _onnx,
    "qdq": _qdq,
    "tflite": _tflite,
    "saved-model": _saved_model,
    "torch": _torch,
}
