"""Random models with random weights, calibrated: all runtimes against the exact witness."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.export import IMAGES, calibrated, operators_in_tflite, random_spaces
from spacelang.latency.runtimes.onnxruntime.qdq import qdq
from spacelang.latency.runtimes.onnxruntime.qoperator import qoperator
from spacelang.latency.runtimes.onnxruntime.session import Inference, optimised
from spacelang.steps.witness import logits

FLOATS = {"Conv", "FusedConv", "Gemm", "FusedGemm", "MatMul", "HardSwish", "HardSigmoid", "Sigmoid", "Mul", "Add"}


def check(name: str, count: int) -> None:
    for space, architecture in random_spaces(name, count):
        steps, images = calibrated(space, architecture)
        expected = logits(steps, images)
        for write in (qoperator, qdq):
            model = write(steps, batch=IMAGES).SerializeToString()
            np.testing.assert_array_equal(Inference(model)(images), expected)
            assert not FLOATS & {node.op_type for node in optimised(model).graph.node}
        least, furthest = operators_in_tflite(steps, images[:1])
        assert least > 0.995
        assert furthest <= 1


def test_models_of_digits() -> None:
    check("digits", 2)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("digits", 20), ("vnni", 3)])
def test_more_models(name: str, count: int) -> None:
    check(name, count)
