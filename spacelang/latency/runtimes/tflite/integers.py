"""Integer steps in TFLite on given integers: for comparing operators with the exact witness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spacelang.latency.runtimes.tflite.interpreter import LiteModel
from spacelang.latency.runtimes.tflite.writer import tflite_model
from spacelang.steps import Steps


def run_lite(steps: Steps, inputs: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The output of steps. `inputs` and the result: batch × C × H × W, unsigned."""
    model = LiteModel(tflite_model(steps, "maps"))
    made = []
    for images in zip(*inputs, strict=True):
        for at, each in enumerate(images):
            model.set_input(_signed(each), at)
        model.run()
        made.append(model.output())
    output = np.concatenate(made)
    maps = output.transpose(0, 3, 1, 2) if output.ndim == 4 else output[:, :, None, None]
    return np.asarray((maps.astype(np.int16) + 128).astype(np.uint8))


def _signed(image: NDArray[np.uint8]) -> NDArray[np.int8]:
    """C × H × W as 1 × H × W × C."""
    return (image.transpose(1, 2, 0)[None].astype(np.int16) - 128).astype(np.int8)
