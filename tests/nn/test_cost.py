"""Networks that were instantiated cost what `spacelang.cost` says: counted by torch, operator by operator."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from spacelang import ir, nn
from spacelang.networks.architecture import Architecture
from spacelang.networks.cost import Cost, cost, total
from spacelang.networks.sample import sample
from tests.nn.networks import spec

SPACES = ["vnni", "pixel4_released", "digits", "ofa_resnet50", "attentivenas", "mobilenetv3", "proxylessnas"]


def counted(supernet: nn.Supernet, space: ir.SearchSpace, architecture: Architecture) -> Cost:
    network = supernet.cut(architecture).eval()
    image = torch.empty(1, space.channels, architecture.resolution, architecture.resolution, device="meta")
    with FlopCounterMode(display=False) as counter:
        network(image)
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    learned = [each.numel() for name, each in network.named_parameters() if not name.endswith((".scale", ".offset"))]
    return Cost(flops // 2, sum(learned), sum(isinstance(each, nn.QuantisedConv2d) for each in network.modules()))


def check(name: str, count: int) -> None:
    space = spec(name)
    with torch.device("meta"):
        supernet = nn.build(space)
    for architecture in sample(space, count, seed=1):
        assert counted(supernet, space, architecture) == total(each.cost for each in cost(space, architecture))


@pytest.mark.parametrize("name", SPACES)
def test_flops_and_parameters(name: str) -> None:
    check(name, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES[:3])
def test_flops_and_parameters_of_many(name: str) -> None:
    check(name, 200)
