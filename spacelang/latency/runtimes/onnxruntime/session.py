"""Models in onnxruntime: on an input that stays the same, to time them, and on images, for their answers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

WARNINGS_OFF = 3
"""onnxruntime's log level `error`."""
DTYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


class Session:
    """`run()` computes the model once, on an input that stays the same; nothing is allocated or copied for it."""

    def __init__(self, model: bytes, threads: int = 1) -> None:
        self._session = open_session(model, threads)
        given, made = self._session.get_inputs()[0], self._session.get_outputs()[0]
        rng = np.random.default_rng(0)
        # Bound inputs are read in place, so the array has to live as long as the session.
        self._input = (rng.random(given.shape) * 255).astype(DTYPES[given.type])
        self._binding = self._session.io_binding()
        self._binding.bind_cpu_input(given.name, self._input)
        self._binding.bind_output(made.name, "cpu")

    def run(self) -> None:
        self._session.run_with_iobinding(self._binding)

    def output(self) -> Any:
        """The array that the last run computed."""
        return self._binding.copy_outputs_to_cpu()[0]


class Inference:
    """A model to call with images: batch × channels × size × size in, batch × outputs out.

    The batch is the one that the model was written for.
    """

    def __init__(self, model: bytes, threads: int = 1) -> None:
        self._session = open_session(model, threads)
        self._name = self._session.get_inputs()[0].name

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width of an image."""
        return tuple(self._session.get_inputs()[0].shape[1:])

    @property
    def ports(self) -> tuple[int, int]:
        """The numbers of inputs and outputs."""
        return len(self._session.get_inputs()), len(self._session.get_outputs())

    def __call__(self, images: NDArray[Any]) -> NDArray[np.float32]:
        (output,) = self._session.run(None, {self._name: images})
        return np.asarray(output).reshape(len(images), -1)


def optimised(model: bytes) -> onnx.ModelProto:
    """The model that onnxruntime runs, after it has fused what it can."""
    with TemporaryDirectory() as folder:
        options = session_options()
        options.optimized_model_filepath = str(Path(folder, "optimised.onnx"))
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def open_session(model: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model, session_options(threads), providers=["CPUExecutionProvider"])


def session_options(threads: int = 1) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = WARNINGS_OFF
    return options
