"""What a layer may be given, by its position in the space: the channels it receives, its width, its block's numbers.

The layers of a stage after the first are alike (but not in a model, where each layer has its own values), so a stage
has few positions, however deep it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import head_choices

MOST_CHOICES = 500_000
"""The most combinations that a layer, or the head, may be given.

Spaces with more can be searched but not written out.
"""


class TooManyChoices(ValueError):
    """A layer or head with more than `MOST_CHOICES`."""


def bounded(what: str, choices: int) -> None:
    """Raises: TooManyChoices: if there are too many to write out."""
    if choices > MOST_CHOICES:
        raise TooManyChoices(f"{what} may be given {choices} combinations of widths and numbers")


Edge = tuple[int, int]
"""A layer's input channels and its width."""


@dataclass(frozen=True, slots=True)
class Position:
    """Layers of a stage that may be given the same values.

    Attributes:
        layers: how many there are, at the greatest depth.
        edges: the channels that come in and the width, of all width lists.
        size: height and width of the input.
    """

    layers: int
    edges: frozenset[Edge]
    numbers: tuple[tuple[ir.Number, ...], ...]
    stride: int
    size: int


def entry_widths(space: ir.SearchSpace) -> tuple[frozenset[int], ...]:
    """The channels that each stage of stem and body, and then the head, may receive."""
    entries = [frozenset({space.channels})]
    for stage in space.stem + space.stages:
        skipped = entries[-1] if 0 in stage.depth else frozenset()
        entries.append(exit_widths(stage) | skipped)
    return tuple(entries)


def exit_widths(stage: ir.Stage) -> frozenset[int]:
    """The widths that the stage's last layer may have, where it has one."""
    return frozenset(
        width for window in stage.windows for depth in stage.depth if depth for width in integers(window.at(depth - 1))
    )


def positions(
    block: ir.Block, stage: ir.Stage, candidate: ir.Candidate, entry: frozenset[int], size: int
) -> Iterator[Position]:
    """The positions of a stage with this candidate, in the order of its layers.

    Raises:
        TooManyChoices: if a layer has more than can be written out.
    """
    depth = max(stage.depth)
    each_its_own = any(each.per_layer for each in (*stage.windows, *candidate.numbers.values()))
    slots = depth if each_its_own else min(depth, 2)
    stride = stage.stride
    for slot in range(slots):
        edges = frozenset(_edges(stage, slot, entry))
        numbers = [candidate.numbers[name].at(slot) for name in block.numeric]
        bounded(f"a layer of {stage.name}", len(edges) * prod(map(len, numbers)))
        layers = depth - slot if slot == slots - 1 else 1
        yield Position(layers, edges, tuple(product(*numbers)), stride, size)
        size, stride = size_after(size, stride), 1


def _edges(stage: ir.Stage, slot: int, entry: frozenset[int]) -> Iterator[Edge]:
    for window in stage.windows:
        for width in integers(window.at(slot)):
            if slot == 0:
                yield from ((before, width) for before in entry)
            elif "width" in stage.uniform:
                yield width, width
            else:
                yield from ((before, width) for before in integers(window.at(slot - 1)))


def head_positions(space: ir.SearchSpace) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Everything that the head may be given: the channels it receives, and the widths of its convolutions with a
    choice.

    Raises:
        TooManyChoices: as `positions`.
    """
    entry, widths = entry_widths(space)[-1], [integers(each.values) for each in head_choices(space)]
    bounded(f"the head of {space.name}", len(entry) * prod(map(len, widths)))
    yield from product(sorted(entry), product(*widths))


def integers(values: Iterable[ir.Number]) -> tuple[int, ...]:
    return tuple(int(each) for each in values)
