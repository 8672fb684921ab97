"""In INT8, every tensor that an integer runtime would see is on a grid of 256 values."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from spacelang import nn
from tests.nn.networks import images, lively, random_networks, spec

INTEGER = (
    nn.QuantisedConv2d,
    nn.QuantisedLinear,
    nn.Add,
    nn.Multiply,
    torch.nn.AdaptiveAvgPool2d,
    torch.nn.AvgPool2d,
    torch.nn.MaxPool2d,
    torch.nn.Hardswish,
    torch.nn.SiLU,
    torch.nn.Hardsigmoid,
)


def levels(x: Tensor) -> int:
    return len(torch.unique(x))


@pytest.mark.parametrize(("name", "spaces"), [("digits", 4), ("ofa_resnet50", 1)])
@torch.no_grad()
def test_every_operator_receives_integers(name: str, spaces: int) -> None:
    networks = [
        (space, supernet.cut(architecture))
        for space, supernet, (architecture, *_) in random_networks(name, spaces, models=1)
    ]
    seen: dict[type, int] = {}

    def check(module: torch.nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen[type(module)] = seen.get(type(module), 0) + 1
        assert all(levels(each) <= 256 for each in inputs), module

    for space, network in networks:
        nn.set_precision(network, "int8")
        for module in network.modules():
            if isinstance(module, INTEGER):
                module.register_forward_pre_hook(check)
            if isinstance(module, nn.QuantisedConv2d | nn.QuantisedLinear):
                assert levels(module.quantiser(module.weight)) <= 255
        assert levels(network(images(space, 32))) <= 256
    assert seen[nn.QuantisedConv2d] > 10


@torch.no_grad()
def test_int8_stays_near_fp32() -> None:
    """Quantisers that start from the range of the batch cost little."""
    for space, supernet, (architecture, *_) in random_networks("digits", spaces=4, models=1):
        x = images(space, 24, 8)
        expected = supernet(x, architecture)
        nn.set_precision(supernet, "int8")
        noise = (supernet(x, architecture) - expected).square().mean() / expected.var()
        assert 0 < noise < 0.02


def test_a_supernet_in_int8_keeps_its_quantisers_through_its_state() -> None:
    space = spec("digits")
    first, second = lively(nn.build(space)), nn.build(space).eval()
    nn.set_precision(first, "int8")
    for _, _, (architecture, *_) in random_networks("digits", spaces=1, models=1):
        x = images(space, 24)
        expected = first(x, architecture)
        second.load_state_dict(first.state_dict())
        nn.set_precision(second, "int8")
        second(10 * x, architecture)
        assert torch.equal(second(x, architecture), expected)
