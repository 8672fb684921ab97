"""The static network of an architecture is the supernet, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from spacelang import ir, nn
from spacelang.networks.architecture import Architecture, largest, model_of
from spacelang.networks.cost import cost, total
from spacelang.networks.sample import sample
from tests.nn.networks import images, lively, random_networks, spec
from tests.strategies import architectures, spaces


@torch.no_grad()
def assert_same(space: ir.SearchSpace, supernet: nn.Supernet, architecture: Architecture, size: int) -> None:
    x = images(space, size)
    for precision in ("fp32", "int8"):
        nn.set_precision(supernet, precision)
        expected = supernet(x, architecture)
        assert expected.std() > 0
        assert torch.equal(supernet.cut(architecture)(x), expected), (precision, architecture)


@pytest.mark.parametrize(("name", "count"), [("vnni", 1), ("pixel4_released", 1), ("digits", 4)])
def test_a_cut_out_network_has_the_outputs_of_the_supernet(name: str, count: int) -> None:
    for space, supernet, sampled in random_networks(name, count, models=3):
        for architecture in sampled:
            assert_same(space, supernet, architecture, 32)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vnni", "pixel4_released", "digits"])
def test_many_cut_out_networks_have_the_outputs_of_the_supernet(name: str) -> None:
    for space, supernet, sampled in random_networks(name, spaces=20, models=10):
        for architecture in sampled:
            assert_same(space, supernet, architecture, 64)


def test_candidates_of_a_hyperspace() -> None:
    hyperspace = spec("digits")
    supernet = lively(nn.build(hyperspace))
    for space, _, (architecture, *_) in random_networks("digits", spaces=5, models=1):
        assert_same(space, supernet, architecture, 24)


@pytest.mark.parametrize("name", ["ofa_resnet50", "attentivenas", "mobilenetv3", "proxylessnas", "seqnet_vnni_a0"])
def test_same_outputs_of_other_spaces(name: str) -> None:
    space = spec(name)
    supernet = lively(nn.build(space))
    for architecture in sample(space, 2, seed=0):
        assert_same(space, supernet, architecture, 32)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(st.data())
def test_same_outputs_of_random_blocks(data: st.DataObject) -> None:
    space = data.draw(spaces())
    assume(total(each.cost for each in cost(space, largest(space))).params < 3e6)
    assert_same(space, lively(nn.build(space)), data.draw(architectures(space)), 32)


def test_channels_last_and_bfloat16() -> None:
    for space, supernet, (architecture, *_) in random_networks("digits", spaces=2, models=1):
        x = images(space, 24).to(memory_format=torch.channels_last)
        for dtype in (torch.float32, torch.bfloat16):
            network = supernet.cut(architecture).to(dtype)
            expected = supernet.to(dtype)(x.to(dtype), architecture)
            assert torch.equal(network(x.to(dtype)), expected)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_trains_as_the_supernet_does(precision: nn.Precision) -> None:
    for space, supernet, (architecture, *_) in random_networks("digits", spaces=2, models=1):
        x = images(space, 24, 4)
        nn.set_precision(supernet, precision)
        supernet(x, architecture)
        supernet.train()
        network = supernet.cut(architecture)
        outputs: list[Tensor] = []
        for one, arguments in ((supernet, (x, architecture)), (network, (x,))):
            torch.manual_seed(1)
            outputs.append(one(*arguments))
            outputs[-1].square().sum().backward()  # type: ignore[no-untyped-call]
        assert torch.equal(outputs[0], outputs[1])
        sums = [
            sum(float(each.grad.abs().sum()) for each in one.parameters() if each.grad is not None)
            for one in (supernet, network)
        ]
        assert sums[0] == pytest.approx(sums[1], rel=1e-4)
        assert sums[0] > 0


def test_holds_ordinary_layers_and_no_more_weights_than_it_needs() -> None:
    for space, supernet, (architecture, *_) in random_networks("vnni", spaces=1, models=1):
        network = supernet.cut(architecture)
        assert not [each for each in network.modules() if isinstance(each, nn.ElasticConv2d | nn.ElasticBatchNorm2d)]
        weights = sum(
            each.numel() for name, each in network.named_parameters() if not name.endswith((".scale", ".offset"))
        )
        assert weights == total(each.cost for each in cost(space, architecture)).params


def test_shares_nothing_with_the_supernet() -> None:
    for space, supernet, (architecture, *_) in random_networks("digits", spaces=1, models=1):
        x = images(space, 24)
        network = supernet.cut(architecture)
        before = network(x)
        for parameter in supernet.parameters():
            parameter.data.zero_()
        assert torch.equal(network(x), before)


def test_weights_load_into_the_network_of_the_model(tmp_path: Path) -> None:
    """A deployed model is a `.space` text and a file of weights; the hyperspace isn't needed any more."""
    hyperspace = spec("digits")
    supernet = lively(nn.build(hyperspace))
    for space, _, (architecture, *_) in random_networks("digits", spaces=3, models=1):
        x = images(space, 24)
        nn.set_precision(supernet, "int8")
        expected = supernet(x, architecture)
        save_file(supernet.cut(architecture).state_dict(), tmp_path / "weights.safetensors")
        model = model_of(space, architecture, "found")
        network = nn.build(model).cut(architecture)
        network.load_state_dict(load_file(tmp_path / "weights.safetensors"))
        nn.set_precision(network.eval(), "int8")
        assert torch.equal(network(x), expected)


def test_refuses_what_the_supernet_does_not_hold() -> None:
    for _, supernet, (architecture, *_) in random_networks("digits", spaces=1, models=1):
        stage = architecture.stages[0]
        wide = stage._replace(layers=(stage.layers[0]._replace(width=4096), *stage.layers[1:]))
        deep = stage._replace(layers=stage.layers * 9)
        for wrong in (wide, deep):
            changed = architecture._replace(stages=(wrong, *architecture.stages[1:]))
            with pytest.raises(ValueError, match="4096|layers were chosen"):
                supernet.cut(changed)
            with pytest.raises(ValueError, match="4096|layers were chosen"):
                supernet(torch.zeros(1, 1, 24, 24), changed)
