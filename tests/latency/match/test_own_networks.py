"""Networks that spacelang wrote itself: their files hold exactly the kernels that the IR says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx
import pytest
import torch

from benchmarks.foreign_onnx import export
from spacelang import ir, nn
from spacelang.latency.match import kernels_of_onnx
from spacelang.latency.runtimes.onnxruntime.qdq import qdq
from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layers
from spacelang.networks.sample import sample
from spacelang.steps import network_steps
from tests.nn.networks import SPECS, random_networks, spec

NAMES = sorted(path.stem for path in SPECS.glob("*.space") if path.stem != "devices")


def kernels(space: ir.SearchSpace, architecture: Architecture) -> list[Kernel]:
    return [kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops)]


def clamped(kernel: Kernel) -> Kernel:
    """In integers a clamp is the saturation of the output, and relu is relu6."""
    return kernel._replace(act="", kind="relu" if kernel.kind == "relu6" else kernel.kind)


def assert_exact(name: str, models: int, path: Path) -> None:
    space = spec(name)
    for architecture in sample(space, models, seed=5):
        expected = kernels(space, architecture)
        path.write_bytes(OnnxRuntime().network_model(space, architecture, "fp32"))
        found = kernels_of_onnx(path)
        assert found.precision == "fp32"
        assert found.input_shape == (1, space.channels, architecture.resolution, architecture.resolution)
        assert found.warnings == ()
        assert Counter(found.kernels) == Counter(expected)
        path.write_bytes(OnnxRuntime().network_model(space, architecture, "int8"))
        found = kernels_of_onnx(path)
        assert found.precision == "int8"
        assert Counter(map(clamped, found.kernels)) == Counter(map(clamped, expected))
        onnx.save(qdq(network_steps(space, architecture, "int8")), path)
        found = kernels_of_onnx(path)
        assert found.precision == "int8"
        assert Counter(map(clamped, found.kernels)) == Counter(map(clamped, expected))


@pytest.mark.parametrize("name", ["attentivenas", "digits", "mobilenetv3", "ofa_resnet50", "seqnet_vnni_a0", "vnni"])
def test_a_sampled_model(name: str, tmp_path: Path) -> None:
    assert_exact(name, 1, tmp_path / "network.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_sampled_models_of_every_spec(name: str, tmp_path: Path) -> None:
    assert_exact(name, 5, tmp_path / "network.onnx")


@pytest.mark.parametrize(("name", "models"), [("digits", 3), ("pixel4_released", 1)])
def test_cuts_of_supernets_as_torch_exports_them(name: str, models: int, tmp_path: Path) -> None:
    for space, supernet, architectures in random_networks(name, 1, models):
        nn.set_precision(supernet, "fp32")
        for architecture in architectures:
            path = tmp_path / "cut.onnx"
            cut = torch.nn.Sequential(supernet.cut(architecture))
            export(cut, path, architecture.resolution, space.channels)
            assert Counter(kernels_of_onnx(path).kernels) == Counter(kernels(space, architecture))


@pytest.mark.parametrize("act", ["hswish", "swish", "sigmoid", "hsigmoid", "relu", "relu6"])
def test_an_activation_alone(act: str, tmp_path: Path) -> None:
    kernel, path = Kernel(act, 16, 16, 7), tmp_path / "kernel.onnx"
    path.write_bytes(OnnxRuntime().kernel_model(kernel, "fp32"))
    assert kernels_of_onnx(path).kernels == [kernel]
