"""FLOPs and parameters of many architectures at once, as arrays.

The layers at one place of a stage are few, however many architectures there are: they differ in their block, their
numbers and the channels on both sides. Each of them is laid out once, for all sizes together, and an architecture's
layers are looked up in arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import chain, count
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spacelang import ir
from spacelang.ir.operators import LAWS, Op
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice, head_widths, require_architecture
from spacelang.networks.cost import LSQ_SCALARS
from spacelang.networks.network import head_ops, layer_ops
from spacelang.networks.sample import collector_paused
from spacelang.networks.walk import LayerShape

Ints = NDArray[np.int64]
T = TypeVar("T", bound=Hashable)


class Costs(NamedTuple):
    """The costs of architectures, in their order; the fields are those of `Cost`.

    Attributes:
        macs: multiply-accumulates for one image, int64 of shape [architectures].
        params: weights, biases and 2 per batch-norm channel, likewise.
        convolutions: how many are quantised, likewise.
    """

    macs: Ints
    params: Ints
    convolutions: Ints

    @property
    def mflops(self) -> NDArray[np.float64]:
        return self.macs / 1e6

    @property
    def mparams(self) -> NDArray[np.float64]:
        """Millions of parameters, not counting those of the quantisers."""
        return self.params / 1e6

    @property
    def mparams_quantised(self) -> NDArray[np.float64]:
        """Millions of parameters with LSQ+'s scalars, as the published table counts them."""
        return (self.params + LSQ_SCALARS * self.convolutions) / 1e6


def costs(space: ir.SearchSpace, architectures: Sequence[Architecture]) -> Costs:
    """The cost of each architecture: the sums over the layers that `cost` lists.

    Raises:
        ShapeError: as `layer_ops`.
        SpacelangError: SP1013: if it isn't an architecture of the space.
    """
    if not len(architectures):
        return Costs(*np.zeros((3, 0), np.int64))
    try:
        return _costs(space, architectures)
    except (TypeError, ValueError, LookupError, AttributeError):
        for each in architectures:  # only now, since it takes as long as the costs
            require_architecture(space, each)
        raise


def _costs(space: ir.SearchSpace, architectures: Sequence[Architecture]) -> Costs:
    course = _Course(space, architectures)
    columns = zip(*(each.stem + each.stages for each in architectures), strict=True)
    with collector_paused():
        for stage, choices in zip(space.stem + space.stages, columns, strict=True):
            course.take(stage, choices)
        course.finish(architectures)
    return Costs(*course.sums.T)


class _Course:
    """What the architectures have come to, stage by stage.

    Attributes:
        channels, size: (architectures,) channels, and height and width, of what comes next.
        sums: (architectures, 3) the costs so far, in the order of the fields of `Costs`.
    """

    def __init__(self, space: ir.SearchSpace, architectures: Sequence[Architecture]) -> None:
        number = len(architectures)
        self.space = space
        self.channels: Ints = np.full(number, space.channels, np.int64)
        self.size: Ints = np.fromiter((each.resolution for each in architectures), np.int64, number)
        self.sums: Ints = np.zeros((number, 3), np.int64)

    def take(self, stage: ir.Stage, choices: Sequence[StageChoice]) -> None:
        """Adds a stage; `choices` has one for each architecture."""
        layers = _Layers(choices, self.channels)
        sizes, which = np.unique(self.size, return_inverse=True)
        table = _table((self._layer(stage, each, sizes) for each in layers.kinds), len(layers.kinds), len(sizes))
        found = np.zeros((len(layers.kind) + 1, 3), np.int64)
        np.cumsum(table[layers.kind, which[layers.owner]], axis=0, out=found[1:])
        self.sums += found[layers.ends] - found[layers.starts]
        there = layers.ends > layers.starts
        self.channels[there] = layers.width[layers.ends[there] - 1]
        self.size[there] = size_after(self.size[there], stage.stride)

    def _layer(self, stage: ir.Stage, kind: _Kind, sizes: Ints) -> tuple[Op, ...]:
        candidate = stage.candidate(kind.candidate)
        stride = stage.stride if kind.first else 1
        entering = sizes if kind.first else size_after(sizes, stage.stride)
        block = self.space.blocks_by_name[candidate.block]
        shape = LayerShape(kind.channels, kind.layer.width, stride, _exact(entering))
        return layer_ops(block, kind.layer.numbers, candidate.acts, shape)

    def finish(self, architectures: Sequence[Architecture]) -> None:
        """Adds the head."""
        widths, chosen = _numbered(head_widths(self.space, each) for each in architectures)
        sizes, which = np.unique(self.size, return_inverse=True)
        kinds, (chosen, channels) = _distinct(chosen, self.channels)
        space, made = self.space, zip(chosen.tolist(), channels.tolist(), strict=True)
        ops = (head_ops(space.head, widths[at], entering, _exact(sizes), space.classes) for at, entering in made)
        self.sums += _table(ops, len(channels), len(sizes))[kinds, which]


class _Kind(NamedTuple):
    """Layers of a stage that cost the same at the same size. `first`: they stand first and have the stage's stride."""

    layer: LayerChoice
    candidate: int
    channels: int
    first: bool


class _Layers:
    """The layers of one stage of all architectures, one after the other.

    Attributes:
        starts, ends: (architectures,) where each architecture's layers are.
        owner, width, kind: (layers,) the architecture, the channels, and the index in `kinds` of each layer.
    """

    def __init__(self, choices: Sequence[StageChoice], channels: Ints) -> None:
        depth = np.fromiter((len(each.layers) for each in choices), np.int64, len(choices))
        self.ends = np.cumsum(depth)
        self.starts = self.ends - depth
        self.owner = np.repeat(np.arange(len(choices)), depth)
        values, value = _numbered(chain.from_iterable(each.layers for each in choices))
        self.width = np.array([each.width for each in values], np.int64)[value]
        first = np.arange(len(value)) == self.starts[self.owner]
        before = np.where(first, channels[self.owner], np.roll(self.width, 1))
        candidate = np.fromiter((each.candidate for each in choices), np.int64, len(choices))[self.owner]
        self.kind, columns = _distinct(value, candidate, before, first)
        rows = zip(*(each.tolist() for each in columns), strict=True)
        self.kinds = [_Kind(values[at], *rest) for at, *rest in rows]


def _numbered(values: Iterable[T]) -> tuple[list[T], Ints]:
    """The distinct values, and the index among them of each."""
    numbers: defaultdict[T, int] = defaultdict(count().__next__)
    index = np.fromiter(map(numbers.__getitem__, values), np.int64)
    return list(numbers), index


def _distinct(*columns: Ints) -> tuple[Ints, list[Ints]]:
    """For each row its index among the distinct rows, and these, as columns. The columns hold no negative numbers."""
    packed = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        packed = packed * (column.max(initial=0) + 1) + column
    _, at, index = np.unique(packed, return_index=True, return_inverse=True)
    return index, [each[at] for each in columns]


def _exact(sizes: Ints) -> Any:
    """Sizes that operators compute with as with one number; Python's integers, since costs may be any."""
    return sizes.astype(object)


def _table(layers: Iterable[Sequence[Op]], number: int, sizes: int) -> Ints:
    """(layers, sizes, 3) the costs of layers whose operators are laid out for several sizes.

    Raises:
        OverflowError: if a cost doesn't fit into 64 bits.
    """
    table = np.zeros((number, sizes, 3), np.int64)
    for at, ops in enumerate(layers):
        macs, params, convolutions = 0, 0, 0
        for op in ops:
            more = LAWS[op.kind].cost(op)
            macs, params, convolutions = macs + more[0], params + more[1], convolutions + more[2]
        table[at, :, 0] = macs
        table[at, :, 1:] = params, convolutions
    return table
