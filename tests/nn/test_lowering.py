"""Cut networks as integer steps: they compute what the fake-quantised network computes, operator by operator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, fx

from spacelang import ir, nn
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import kernels_of
from spacelang.networks.network import layers
from spacelang.networks.sample import sample
from spacelang.nn.lowering import lower
from spacelang.report.diagnostics import SpacelangError
from spacelang.steps import Step, Steps
from spacelang.steps.network import HIGHEST
from spacelang.steps.witness import dequantise, logits, run
from spacelang.train.shared.recalibrate import recalibrate
from tests.nn.networks import images, lively, random_networks, spec

KINDS = {"se": ("pool", "conv", "conv", "hsigmoid", "mul")}


def calibrated(supernet: nn.Supernet, architecture: Architecture, x: Tensor) -> fx.GraphModule:
    """Cut, with quantisers and batch norms that fit these images."""
    network = supernet.cut(architecture).eval()
    nn.set_precision(network, "int8")
    with torch.no_grad():
        network(x)
    recalibrate(network, [x])
    return network


def parts(module: torch.nn.Module) -> list[torch.nn.Module]:
    if isinstance(module, nn.Add | nn.Multiply):
        return [*module.ending]
    return [*module] if isinstance(module, torch.nn.Sequential) else [module]


def compared(network: fx.GraphModule, steps: Steps, x: Tensor) -> Iterator[tuple[Step, Tensor]]:
    """For each step how far apart torch is, in units of the output's integers, given the step's integers as input."""
    integers, left = run(steps, x.numpy()), enumerate(steps.steps)
    values: dict[fx.Node, Tensor] = {}
    for node in network.graph.nodes:
        if node.op == "placeholder":
            values[node] = x
        if node.op != "call_module":
            continue
        module = network.get_submodule(str(node.target))
        inputs = [values[each] for each in node.args]
        value = inputs[0]
        if isinstance(module, nn.Add | nn.Multiply):
            value = inputs[0] + inputs[1] if isinstance(module, nn.Add) else inputs[0] * inputs[1]
        for part in parts(module):
            value = part(value)
            closes = isinstance(part, nn.Quantiser) and not isinstance(module, nn.Quantiser)
            if closes or isinstance(part, torch.nn.MaxPool2d):
                index, step = next(left)
                assert step.made.grid is not None
                made = torch.from_numpy(dequantise(integers[index], step.made.grid)).reshape(value.shape)
                yield step, ((value - made) / step.made.grid.scale).round().abs()
                value = made
        values[node] = value
    assert next(left, None) is None


def moved(steps: Steps, step: Step) -> float:
    """The share of outputs that rounding the bias, or the gate of an activation, may move: by its error in their units.

    A gate is off by up to 1/512, and its factor is about half of the largest number of the input's grid.
    """
    if step.kind == "hsigmoid":
        return 0.2
    given = steps.read(step)[0]
    assert given.grid is not None
    assert step.made.grid is not None
    if step.kind in ("hswish", "swish"):
        return 0.02 + 255 / 2 * given.grid.scale / step.made.grid.scale / 512
    if step.weights is None or step.weights.scales is None:
        return 0.02
    units = step.weights.scales * given.grid.scale / step.made.grid.scale
    return 0.02 + float(np.minimum(units, 1).mean()) / 2


@pytest.mark.parametrize("name", ["digits", "mobilenetv3", "ofa_resnet50", "attentivenas"])
@torch.no_grad()
def test_each_operator_computes_what_torch_computes(name: str) -> None:
    """Rounding the bias, and the gates of activations, may move a result by one."""
    torch.manual_seed(0)
    for space, supernet, architectures in random_networks(name, 1, 1):
        architecture = architectures[0]._replace(resolution=min(architectures[0].resolution, 64))
        x = images(space, architecture.resolution, 4)
        network = calibrated(supernet, architecture, x)
        steps = lower(network, space.channels, architecture.resolution)
        for step, apart in compared(network, steps, x):
            assert apart.max() <= 1, step.name
            assert (apart > 0).float().mean() < moved(steps, step), step.name


@pytest.mark.parametrize("name", ["digits", "mobilenetv3", "ofa_resnet50", "vnni"])
def test_the_steps_are_the_kernels_of_the_space(name: str) -> None:
    for space, supernet, (architecture,) in random_networks(name, 1, 1):
        architecture = architecture._replace(resolution=32)
        network = calibrated(supernet, architecture, images(space, 32))
        steps = lower(network, space.channels, 32)
        kernels = [kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops)]
        expected = [kind for kernel in kernels for kind in KINDS.get(kernel.kind, (kernel.kind,))]
        assert sorted(each.kind for each in steps.steps) == sorted(expected)
        fused = [kernel.act for kernel in kernels if kernel.act] + ["relu" for each in kernels if each.kind == "se"]
        assert sorted(each.act for each in steps.steps if each.act) == sorted(fused)
        assert all(each.clamp == (0, HIGHEST) for each in steps.steps)


@torch.no_grad()
def test_floats_are_those_of_torch() -> None:
    from spacelang.latency.runtimes.onnxruntime.floats import floats
    from spacelang.latency.runtimes.onnxruntime.session import Inference

    for space, supernet, (architecture,) in random_networks("digits", 2, 1):
        x = images(space, architecture.resolution, 3)
        network = supernet.cut(architecture).eval()
        recalibrate(network, [x])
        steps = lower(network, space.channels, architecture.resolution, "fp32")
        found = Inference(floats(steps, batch=3).SerializeToString())(x.numpy())
        np.testing.assert_allclose(found, network(x), rtol=1e-4, atol=1e-4)


TEXT = """\
language 1

device cpu {
  runtime   onnxruntime
  precision int8
  threads   1
  widths    multiple of 8
}

block apart {
  conv 3 -> out, stride
  act relu6
  conv 1 -> out
  act hswish
}

space small on cpu {
  input      3 channels
  resolution {16}
  classes    10
  stem  apart  { depth 1, stride 2, width 8 }
  stage one  apart  { depth 1..2, stride 1, width {8, 16} }
  head {
    pool
    linear -> classes
  }
}
"""


def small() -> tuple[ir.SearchSpace, fx.GraphModule, Tensor]:
    import spacelang

    space = spacelang.loads(TEXT)
    (architecture,) = sample(space, 1, 0)
    x = images(space, 16, 8)
    return space, calibrated(lively(nn.build(space)), architecture, x), x


def test_an_activation_that_stands_apart_is_fused_where_the_runtime_fuses_it() -> None:
    _, network, _ = small()
    kinds = [(each.kind, each.act) for each in lower(network, 3, 16).steps]
    assert kinds[:4] == [("conv", "relu6"), ("conv", ""), ("hswish", ""), ("conv", "relu6")]


@torch.no_grad()
def test_dead_channels_keep_their_bias_in_range() -> None:
    """A batch norm whose factor is nearly 0 gives its bias alone."""
    _, network, x = small()
    norms = [each for each in network.modules() if isinstance(each, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.weight[0], norm.bias[0] = 1e-12, 3.0
        norm.weight[1], norm.bias[1] = 0.0, 0.0
        norm.weight[2] = -norm.weight[2].abs()
    steps = lower(network, 3, 16)
    biases = [each.weights.bias for each in steps.steps if each.weights]
    assert max(int(np.abs(each).max()) for each in biases) < 1.001 * 2**30
    first = steps.steps[0]
    assert first.weights is not None
    assert first.weights.scales is not None
    assert (first.weights.values[:2] == 0).all()
    assert steps.inputs[0].grid is not None
    bias = first.weights.bias[0] * float(first.weights.scales[0]) * steps.inputs[0].grid.scale
    assert bias == pytest.approx(3.0, rel=1e-6)
    agree = logits(steps, x.numpy()).argmax(1) == network(x).argmax(1).numpy()
    assert agree.mean() >= 0.75


def test_a_network_that_saw_no_batch_in_int8_is_refused() -> None:
    space = spec("digits")
    for _, supernet, (architecture,) in random_networks("digits", 1, 1):
        with pytest.raises(SpacelangError, match="SP1901.*the quantiser .* has no scale"):
            lower(supernet.cut(architecture), space.channels, architecture.resolution)


def test_weights_that_are_not_finite_are_refused_by_name() -> None:
    _, network, _ = small()
    for each in network.modules():
        if isinstance(each, nn.QuantisedConv2d):
            with torch.no_grad():
                each.weight[0] = torch.nan
            break
    with pytest.raises(SpacelangError, match=r"SP1902.*weights of `stem\.0.*` are not finite"):
        lower(network, 3, 16)
