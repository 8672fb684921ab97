"""Integer steps in onnxruntime on given integers: for comparing operators with the exact witness."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from spacelang.latency.runtimes.onnxruntime.session import open_session
from spacelang.steps import Steps


def run_nhwc(write: Callable[..., ModelProto], steps: Steps, inputs: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The output of steps that are written with maps in NHWC. `inputs` and the result: batch × C × H × W."""
    session = open_session(write(steps, "maps", batch=len(inputs[0])).SerializeToString())
    given = (np.ascontiguousarray(each.transpose(0, 2, 3, 1)) for each in inputs)
    (output,) = session.run(None, dict(zip((each.name for each in session.get_inputs()), given, strict=True)))
    return np.asarray(output.transpose(0, 3, 1, 2) if output.ndim == 4 else output[:, :, None, None])


def run_nchw(write: Callable[..., ModelProto], steps: Steps, inputs: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """As `run_nhwc`, of steps that are written with maps in NCHW."""
    session = open_session(write(steps, "maps", batch=len(inputs[0])).SerializeToString())
    (output,) = session.run(None, dict(zip((each.name for each in session.get_inputs()), inputs, strict=True)))
    return np.asarray(output if output.ndim == 4 else output[:, :, None, None])
