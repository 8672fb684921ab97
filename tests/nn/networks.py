"""Supernets that were not trained but are not trivial either, and random architectures of random spaces."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

import spacelang
from spacelang import ir, nn
from spacelang.networks.architecture import Architecture
from spacelang.networks.genome import Genome, narrow
from spacelang.networks.sample import sample

SPECS = Path(__file__).parents[2] / "specs"


def spec(name: str) -> ir.SearchSpace:
    return spacelang.load(SPECS / f"{name}.space")


def random_space(hyperspace: ir.SearchSpace, seed: int) -> ir.SearchSpace:
    """A random space of a hyperspace: its supernet has one block a stage, so it is built in a second."""
    draw = random.Random(seed)
    genome = Genome(
        tuple(draw.choice(stage.candidates).id for stage in hyperspace.stages),
        tuple(draw.randrange(len(stage.windows)) for stage in hyperspace.stages),
    )
    return narrow(hyperspace, genome, f"random{seed}")


def lively(supernet: nn.Supernet) -> nn.Supernet:
    """In evaluation mode, with batch norms and biases as training would leave them: different for every channel."""
    for module in supernet.modules():
        if isinstance(module, nn.ElasticBatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            torch.nn.init.normal_(module.weight, 1, 0.5)
            torch.nn.init.normal_(module.bias, 0, 0.5)
            torch.nn.init.normal_(module.running_mean, 0, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
        if isinstance(module, nn.ElasticConv2d) and module.bias is not None:
            torch.nn.init.normal_(module.bias)
    supernet.eval()
    return supernet


def random_networks(
    name: str, spaces: int, models: int
) -> Iterator[tuple[ir.SearchSpace, nn.Supernet, list[Architecture]]]:
    """Random architectures of random spaces of a spec, with the supernet of each space."""
    hyperspace = spec(name)
    for seed in range(spaces):
        space = random_space(hyperspace, seed)
        yield space, lively(nn.build(space)), sample(space, models, seed)


def images(space: ir.SearchSpace, size: int, count: int = 2) -> Tensor:
    return torch.randn(count, space.channels, size, size)
