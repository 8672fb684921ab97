"""Whole networks of the spaces, to learn the border and the factor from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spacelang import ir
from spacelang.architecture import Architecture, model_of
from spacelang.kernels import kernels_of
from spacelang.latency.collect.log import Network
from spacelang.network import layers
from spacelang.sample import sample

SEED = 1


class Candidate(NamedTuple):
    """A network of a space."""

    space: ir.SearchSpace
    architecture: Architecture
    network: Network


def random_networks(spaces: Sequence[ir.SearchSpace], count: int, seed: int = SEED) -> Iterator[Candidate]:
    """`count` networks of each space, each once, in turn; the same for the same seed. A model is one network.

    Raises: ShapeError: as `layers`.
    """
    drawn = [(space, dict.fromkeys(sample(space, count, seed))) for space in spaces]
    columns = [[network_of(space, each, f"{space.name} {at}") for at, each in enumerate(of)] for space, of in drawn]
    for at in range(count):
        for column in columns:
            if at < len(column):
                yield column[at]


def network_of(space: ir.SearchSpace, architecture: Architecture, name: str) -> Candidate:
    """What a log keeps of a network. Raises: ShapeError: as `layers`."""
    sha256 = model_of(space, architecture, space.name).sha256
    kernels = tuple(kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops))
    return Candidate(space, architecture, Network(name, sha256, space.channels, architecture.resolution, kernels))
