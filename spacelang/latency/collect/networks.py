"""Whole networks of the spaces, to learn the border and the factor from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spacelang import ir
from spacelang.backends.protocol import writing_out
from spacelang.latency.collect.log import Network
from spacelang.networks.architecture import Architecture, model_of
from spacelang.networks.kernels import kernels_of
from spacelang.networks.network import layers
from spacelang.networks.sample import sample

SEED = 1


class Candidate(NamedTuple):
    """A network of a space."""

    space: ir.SearchSpace
    architecture: Architecture
    network: Network


def random_networks(spaces: Sequence[ir.SearchSpace], count: int, seed: int = SEED) -> Iterator[Candidate]:
    """`count` networks of each space, in turn; the same for the same seed. A model is one network.

    Each is given once: a network that several spaces hold counts as the first one's.

    Raises: SpacelangError: SP0813: if a space allows an invalid network.
    """
    columns = [_of_space(space, count, seed) for space in spaces]
    distinct: dict[str, Candidate] = {}
    for at in range(count):
        for column in columns:
            if at < len(column):
                distinct.setdefault(column[at].network.sha256, column[at])
    yield from distinct.values()


def _of_space(space: ir.SearchSpace, count: int, seed: int) -> list[Candidate]:
    drawn = dict.fromkeys(sample(space, count, seed))
    with writing_out(space):
        return [network_of(space, each, f"{space.name} {at}") for at, each in enumerate(drawn)]


def network_of(space: ir.SearchSpace, architecture: Architecture, name: str) -> Candidate:
    """A network, with what a log keeps of it. Raises: ShapeError: as `layers`."""
    sha256 = model_of(space, architecture, space.name).sha256
    kernels = tuple(kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops))
    return Candidate(space, architecture, Network(name, sha256, space.channels, architecture.resolution, kernels))
