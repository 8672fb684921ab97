"""How large each layer of a block gets, over everything that a position of the space may be given. Exact."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from spacelang import ir
from spacelang.networks.network import Course, Names, layer_names, taken
from spacelang.networks.positions import Position
from spacelang.networks.walk import LayerShape

LAYER = -1
Role = tuple[int, str]
"""The index of a step in the block, with `in` or the name of a count; or `LAYER`, with `in` or `out`."""


@dataclass
class Extent:
    """The extent of one position.

    Attributes:
        values: what each role of each step may be; empty if the step is never there.
        present: the steps that some choice has.
        projects: whether input and output differ in shape for some choice.
    """

    values: dict[Role, set[int]] = field(default_factory=lambda: defaultdict(set))
    present: set[int] = field(default_factory=set)
    projects: bool = False


def extent(block: ir.Block, position: Position) -> Extent:
    """Raises: ShapeError: if the body gives no network for some choice."""
    found = Extent()
    for channels, width in position.edges:
        found.values[LAYER, "in"].add(channels)
        found.values[LAYER, "out"].add(width)
        shape = LayerShape(channels, width, position.stride, position.size)
        for numbers in position.numbers:
            _walk(block, layer_names(block, numbers, shape), found)
    found.projects = position.stride != 1 or any(channels != width for channels, width in position.edges)
    return found


def _walk(block: ir.Block, names: Names, found: Extent) -> None:
    course = Course(int(names["in"]))
    for each in taken(block, names):
        found.present.add(each.at)
        found.values[each.at, "in"].add(course.channels)
        for part, value in each.counts.items():
            found.values[each.at, part].add(value)
        course.take(each)
    course.finish(block, names)
