"""A model, ready to run on one thread of onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime

WARNINGS_OFF = 3
"""onnxruntime's log level `error`."""
DTYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


class Session:
    """`run()` computes the model once, on an input that stays the same; nothing is allocated or copied for it."""

    def __init__(self, model: bytes) -> None:
        self._session = onnxruntime.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])
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


def session_options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = WARNINGS_OFF
    return options
