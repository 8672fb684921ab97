"""Networks that were built elsewhere, as onnxruntime's own tool quantises them: every operator is part of a kernel."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from onnxruntime.quantization import QuantFormat

from benchmarks.foreign_onnx import NETWORKS, export, quantise
from spacelang.latency.match import kernels_of_onnx
from spacelang.latency.runtimes.onnxruntime.foreign import FOREIGN
from spacelang.networks.kernels import Kernel

SIZE = 64
KINDS = {
    "mobilenet_v2": {"conv": 35, "dwconv": 17, "add": 10, "pool": 1, "linear": 1},
    "mobilenet_v3": {"conv": 31, "dwconv": 15, "se": 8, "hswish": 21, "add": 10, "pool": 1, "linear": 2},
    "resnet50": {"conv": 53, "maxpool": 1, "add": 16, "pool": 1, "linear": 1},
}
"""From the papers' tables: residuals and bottlenecks have three convolutions each, four bottlenecks a projection."""
IN_FLOAT = {"mobilenet_v3": 29}
"""Each gate of its hard swishes and squeeze-and-excites is a hard sigmoid, which has no integer operator."""
QDQ, OPERATORS = QuantFormat.QDQ, QuantFormat.QOperator
FORMS = {"mobilenet_v2": (OPERATORS,), "mobilenet_v3": (QDQ, OPERATORS), "resnet50": (QDQ,)}
STEMS = {
    "mobilenet_v2": Kernel("conv", 3, 32, SIZE, 3, 2, "relu6"),
    "mobilenet_v3": Kernel("conv", 3, 16, SIZE, 3, 2),
    "resnet50": Kernel("conv", 3, 64, SIZE, 7, 2, "relu"),
}


def plain(kernels: list[Kernel]) -> Counter[Kernel]:
    return Counter(each._replace(act="") for each in kernels)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_quantised_networks_are_covered(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = tmp_path / "whole.onnx"
    export(NETWORKS[name](), whole, SIZE)
    found = kernels_of_onnx(whole)
    assert found.precision == "fp32"
    assert Counter(kernel.kind for kernel in found.kernels) == KINDS[name]
    assert found.kernels[0] == STEMS[name]
    for form in FORMS[name]:
        path = tmp_path / f"{form}.onnx"
        quantise(whole, path, form, SIZE)
        integer = kernels_of_onnx(path)
        assert integer.precision == "int8"
        assert plain([each for each in integer.kernels if each.kind not in FOREIGN]) == plain(found.kernels)
        in_float = sum(each.kind == "hsigmoid_float" for each in integer.kernels)
        assert in_float == IN_FLOAT.get(name, 0)
        assert integer.warnings == ()
