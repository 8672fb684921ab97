"""Float convolutions as they run between others."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from spacelang.latency.runtimes.onnxruntime.blocked import without_reordering
from spacelang.latency.runtimes.onnxruntime.session import session_options
from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.networks.kernels import Kernel


def operators(model: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(model).graph.node]


@pytest.mark.parametrize(
    "kernel",
    [
        Kernel("dwconv", 96, 96, 14, 3),
        Kernel("dwconv", 40, 40, 14, 5, stride=2, act="relu"),
        Kernel("conv", 24, 72, 14, 1),
        Kernel("conv", 3, 16, 32, 3, 2),
        Kernel("dwconv", 41, 41, 14, 3),
    ],
    ids=str,
)
def test_a_convolution_is_alone_and_runs(kernel: Kernel) -> None:
    runtime = OnnxRuntime()
    model = without_reordering(runtime.kernel_model(kernel, "fp32"))
    assert operators(model) == ["Conv"]
    runtime.load(model).run()


@pytest.mark.parametrize(
    "kernel",
    [Kernel("se", 96, 96, 14, squeeze=24), Kernel("hswish", 96, 96, 14), Kernel("maxpool", 96, 96, 14, 3, 2),
     Kernel("pool", 96, 96, 14), Kernel("linear", 96, 10, 1), Kernel("add", 96, 96, 14)],
    ids=str,
)  # fmt: skip
def test_what_is_no_convolution_stays(kernel: Kernel) -> None:
    model = OnnxRuntime().kernel_model(kernel, "fp32")
    assert without_reordering(model) is model


def test_blocks_hold_the_same_values() -> None:
    """With as many channels as a block has, its layout is NHWC."""
    model = OnnxRuntime().kernel_model(Kernel("dwconv", 16, 16, 8, 3), "fp32")
    blocked = without_reordering(model)
    if onnx.load_from_string(blocked).graph.node[0].domain == "":
        pytest.skip("this processor has no blocks of 16")
    x = np.random.default_rng(0).standard_normal((1, 16, 8, 8), np.float32)

    def run(model: bytes, x: np.ndarray) -> np.ndarray:
        session = onnxruntime.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {"x": x})[0])

    in_block = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).reshape(x.shape)
    got = run(blocked, in_block).reshape(1, 8, 8, 16).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(got, run(model, x), rtol=1e-5, atol=1e-6)
