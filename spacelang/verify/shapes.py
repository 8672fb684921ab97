"""Whether the bodies of an IR give networks: whole positive widths, odd kernels, the strides that the stages say.

Every candidate is laid out at the ends of its ranges, with the ends of the widths that can come in: between them the
arithmetic of a body has no surprises that its ends don't show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import architecture_of
from spacelang.networks.network import ShapeError, head_ops, layer_ops, layers
from spacelang.verify.blocks import Finding


def verify_shapes(space: ir.SearchSpace) -> Iterator[Finding]:
    """Findings of code SP0908; the rest of the IR must be valid."""
    if space.kind == "model":
        yield from _model(space)
        return
    incoming: tuple[int, ...] = (space.channels,)
    size = max(space.resolutions)
    for stage in space.stem + space.stages:
        for candidate in stage.candidates:
            yield from _candidate(space.blocks_by_name[candidate.block], stage, candidate, incoming, size)
        incoming, size = _ends(stage.windows), size_after(size, stage.stride)
    for channels in incoming:
        yield from _head(space, channels, size)


def _ends(choices: Iterable[ir.Choices]) -> tuple[int, ...]:
    values = [int(value) for each in choices for value in each.values]
    return tuple(dict.fromkeys((min(values), max(values))))


def _candidate(
    block: ir.Block, stage: ir.Stage, candidate: ir.Candidate, incoming: tuple[int, ...], size: int
) -> Iterator[Finding]:
    """The first layer with what comes in, and, where there are more, another one with what the first gives."""
    widths = _ends(stage.windows)
    numbers = [(choices.values[0], choices.values[-1]) for choices in map(candidate.numbers.__getitem__, block.numeric)]
    places = [(stage.stride, incoming, size)]
    if stage.depth[-1] > 1:
        places.append((1, widths, size_after(size, stage.stride)))
    for stride, inputs, size_in in places:
        for channels, width, values in product(inputs, widths, product(*map(dict.fromkeys, numbers))):
            found = _layer(block, values, candidate.acts, channels, width, stride, size_in)
            if found:
                given = ", ".join(f"{name} {value}" for name, value in zip(block.numeric, values, strict=True))
                yield "SP0908", f"{stage.name}, {block.name} {{ {given} }} from {channels} to {width} channels: {found}"


def _layer(
    block: ir.Block,
    values: tuple[ir.Number, ...],
    acts: dict[str, ir.ActivationName],
    channels: int,
    width: int,
    stride: int,
    size: int,
) -> str:
    """What is wrong with a layer; empty where nothing is."""
    try:
        ops = layer_ops(block, values, acts, channels, width, stride, size)
    except ShapeError as error:
        return str(error)
    end = ops[-1].size_out if ops else size
    return "" if end == size_after(size, stride) else f"the body gives {end} pixels, stride {stride} gives another size"


def _head(space: ir.SearchSpace, channels: int, size: int) -> Iterator[Finding]:
    choices = [step.out for step in space.head if isinstance(step, ir.HeadConv) and isinstance(step.out, ir.Choices)]
    for widths in product(*(_ends([each]) for each in choices)):
        try:
            head_ops(space.head, widths, channels, size, space.classes)
        except ShapeError as error:
            yield "SP0908", f"head, {channels} channels: {error}"


def _model(space: ir.SearchSpace) -> Iterator[Finding]:
    try:
        layers(space, architecture_of(space))
    except ShapeError as error:
        yield "SP0908", str(error)
