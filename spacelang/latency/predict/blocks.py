"""Latencies of whole blocks, for measurements of blocks: one regressor for each block.

Kernels are the better unit, since all blocks share them. But published measurements are of blocks, including those of
the paper's own devices. A block's kernels say what it costs on paper, and a regressor learns the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spacelang import ir
from spacelang.ir.operators import Op
from spacelang.language.shapes import size_after
from spacelang.latency.predict.columns import Floats, Ints, activations, by_kind, macs, weights
from spacelang.latency.predict.fit import fit_boosting
from spacelang.latency.predict.roofline import base_ms
from spacelang.latency.predict.trees import Trees
from spacelang.latency.runtimes.protocol import Precision
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layer_ops
from spacelang.networks.walk import LayerShape

STEPS = (16, 32, 48)
"""The latency of integer kernels steps at multiples of these numbers of channels."""


class BlockLayer(NamedTuple):
    """One layer of a block.

    Attributes:
        block: its name.
        numbers: the values of the block's numeric parameters, in the order of `Block.numeric`.
        acts: the activation of each activation parameter, as pairs.
        size: height and width of the input.
    """

    block: str
    numbers: tuple[ir.Number, ...]
    acts: tuple[tuple[str, str], ...]
    channels_in: int
    channels_out: int
    stride: int
    size: int


@dataclass(frozen=True, eq=False)
class BlockPredictor:
    """Made by `learn_blocks`.

    Attributes:
        blocks: the bodies, by name.
        trees: for each block, those for log(latency / base).
    """

    blocks: Mapping[str, ir.Block]
    precision: Precision
    trees: Mapping[str, Trees]

    def predict(self, layers: Sequence[BlockLayer]) -> Floats:
        """(layers,) milliseconds.

        Raises:
            KeyError: if no layer of one of the blocks was measured.
            ShapeError: as `layer_ops`.
        """
        made = np.empty(len(layers))
        for name, index, features, base in _by_block(self.blocks, layers, self.precision):
            made[index] = np.exp(self.trees[name].predict(features)) * base
        return made


def learn_blocks(
    blocks: Iterable[ir.Block], layers: Sequence[BlockLayer], ms: Floats, precision: Precision = "int8"
) -> BlockPredictor:
    """Learn from measured layers.

    Args:
        blocks: the bodies of all blocks that were measured, such as `space.blocks`.
        layers, ms: the layers that were measured, and their milliseconds.

    Raises:
        KeyError: if a layer's block isn't among them.
        ShapeError: as `layer_ops`.
    """
    named = {each.name: each for each in blocks}
    trees = {
        name: fit_boosting(features, np.log(ms[index] / base), noisy=True)
        for name, index, features, base in _by_block(named, layers, precision)
    }
    return BlockPredictor(named, precision, trees)


def _by_block(
    blocks: Mapping[str, ir.Block], layers: Sequence[BlockLayer], precision: Precision
) -> Iterable[tuple[str, list[int], Floats, Floats]]:
    """For each block: its name, where its layers are, (layers, features) and (layers,) the analytic base in ms."""
    for name in sorted({each.block for each in layers}):
        index = [at for at, each in enumerate(layers) if each.block == name]
        mine = [layers[at] for at in index]
        yield name, index, *_features(blocks[name], mine, precision)


def _features(block: ir.Block, layers: Sequence[BlockLayer], precision: Precision) -> tuple[Floats, Floats]:
    kernels = [kernels_of(_ops(block, each)) for each in layers]
    plain = [
        (each.size, size_after(each.size, each.stride), each.stride, *each.numbers, len(parts))
        for each, parts in zip(layers, kernels, strict=True)
    ]
    ends = [
        (each.channels_in, parts[0].channels_out, each.channels_out)
        for each, parts in zip(layers, kernels, strict=True)
    ]
    """The channels that come in, those within the block, and those that go out."""
    channels = np.array(ends, np.int64)
    steps = (channels, -(-channels // STEPS[0]), *(channels % each for each in STEPS))
    on_paper, base = _on_paper(kernels, precision)
    return np.column_stack((np.array(plain, float), *steps, on_paper)), base


def _ops(block: ir.Block, of: BlockLayer) -> Sequence[Op]:
    shape = LayerShape(of.channels_in, of.channels_out, of.stride, of.size)
    return layer_ops(block, of.numbers, dict(of.acts), shape)


def _on_paper(layers: Sequence[Sequence[Kernel]], precision: Precision) -> tuple[Floats, Floats]:
    """(layers, …) each layer's MACs, weights, activations and analytic ms, and that ms by kind; (layers,) the ms."""
    flat = [each for layer in layers for each in layer]
    owner = np.repeat(np.arange(len(layers)), [len(each) for each in layers])

    def total(values: Floats, index: Ints) -> Floats:
        return np.bincount(owner[index], values, len(layers)).astype(np.float64)

    sums = np.zeros((4, len(layers)))
    kinds = []
    for kind, index, of in by_kind(flat):
        base = base_ms(kind, of, precision)
        for row, values in enumerate((macs(kind, of), weights(kind, of), activations(kind, of), base)):
            sums[row] += total(values.astype(np.float64), index)
        kinds.append(total(base, index))
    return np.column_stack((*sums, *kinds)), sums[-1]
