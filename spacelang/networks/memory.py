"""Peak activation memory: how many numbers must be kept at once while a network runs, one operator after the other."""

from __future__ import annotations

from collections.abc import Sequence

from spacelang.ir.operators import INPUT, Op


def peak_activations(ops: Sequence[Op], channels_in: int, size: int) -> int:
    """The most numbers that the feature maps take at any operator of one layer.

    A map is kept from the operator that makes it to the last one that reads it. While an operator runs, its inputs, its
    output and every map that a later operator still reads are kept. A layer's input is gone before the next layer.

    Args:
        ops: the operators of one layer, as `layer_ops` gives them.
        channels_in, size: channels, and height and width, of the layer's input.
    """
    sizes = {INPUT: channels_in * size**2}
    last = {each: at for at, op in enumerate(ops) for each in op.inputs}
    peak = sizes[INPUT]
    for at, op in enumerate(ops):
        sizes[at] = op.channels_out * op.size_out**2
        peak = max(peak, sum(sizes.values()))
        sizes = {each: value for each, value in sizes.items() if last.get(each, -1) > at or each == len(ops) - 1}
    return peak
