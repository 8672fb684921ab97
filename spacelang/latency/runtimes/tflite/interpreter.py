"""A TFLite model, ready to run in ai-edge-litert, with XNNPACK."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from spacelang.latency.runtimes.silence import silenced


class LiteInference:
    """A model to call with images: batch × channels × size × size in, batch × outputs out. It runs one at a time."""

    def __init__(self, model: bytes) -> None:
        self._model = LiteModel(model)

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width of an image."""
        _, height, width, channels = self._model.shape
        return channels, height, width

    @property
    def ports(self) -> tuple[int, int]:
        """The numbers of inputs and outputs."""
        return self._model.ports

    def __call__(self, images: NDArray[Any]) -> NDArray[np.float32]:
        made = []
        for image in images:
            self._model.set_input(np.ascontiguousarray(image.transpose(1, 2, 0)[None]))
            self._model.run()
            made.append(self._model.output().reshape(-1))
        return np.stack(made)


class LiteModel:
    """`run()` computes the model once, on an input that stays the same."""

    def __init__(self, model: bytes, threads: int = 1) -> None:
        with silenced():  # it says that it uses XNNPACK; its errors are exceptions
            self._interpreter = Interpreter(model_content=model, num_threads=threads)
            self._interpreter.allocate_tensors()
        given = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]["index"]
        numbers = np.random.default_rng(0).random(given["shape"], np.float32) * 255
        self.set_input((numbers - 128 if given["dtype"] == np.int8 else numbers).astype(given["dtype"]))

    def set_input(self, value: Any, at: int = 0) -> None:
        """at: which input, in the order that the model was written with."""
        self._interpreter.set_tensor(self._interpreter.get_input_details()[at]["index"], value)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first input."""
        return tuple(map(int, self._interpreter.get_input_details()[0]["shape"]))

    @property
    def ports(self) -> tuple[int, int]:
        """The numbers of inputs and outputs."""
        return len(self._interpreter.get_input_details()), len(self._interpreter.get_output_details())

    def run(self) -> None:
        self._interpreter.invoke()

    def output(self) -> Any:
        """The array that the last run computed."""
        return self._interpreter.get_tensor(self._output)
