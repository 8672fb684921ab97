"""How large each layer of a block gets, over all that a position of the space may be given. Exact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from spacelang import ir
from spacelang.networks.network import ShapeError, evaluate, holds, natural
from spacelang.networks.positions import Position

LAYER = -1
Role = tuple[int, str]
"""The index of a step in the block, and `in`, `out`, `kernel`, `squeeze` or `repeat`; of `LAYER`, `in` or `out`."""


@dataclass
class Extent:
    """Of one position.

    Attributes:
        values: what each role of each step may be; nothing where the step is never there.
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
        for numbers in position.numbers:
            names: dict[str, ir.Number] = {"in": channels, "out": width, "stride": position.stride}
            names.update(zip(block.numeric, numbers, strict=True))
            _walk(block, names, found)
    found.projects = position.stride != 1 or any(channels != width for channels, width in position.edges)
    return found


def _walk(block: ir.Block, names: dict[str, ir.Number], found: Extent) -> None:
    channels, total = int(names["in"]), 1
    for at, step in enumerate(block.steps):
        if isinstance(step, ir.Let):
            names[step.name] = evaluate(step.value, names)
            continue
        if not holds(step.when, names):
            continue
        found.present.add(at)
        found.values[at, "in"].add(channels)
        for role, value in _values(step, names).items():
            found.values[at, role].add(value)
            channels = value if role == "out" else channels
        stride = getattr(step, "stride", 1)
        total *= int(names["stride"]) if stride == "layer" else stride
    if total != names["stride"]:
        raise ShapeError(f"block {block.name} has stride {total} in a layer of stride {names['stride']}")


def _values(step: ir.BlockStep, names: Mapping[str, ir.Number]) -> dict[str, int]:
    return {
        role: natural(evaluate(expr, names), f"the {role} of {step.kind}")
        for role in ("kernel", "squeeze", "repeat", "out")
        if (expr := getattr(step, role, None)) is not None
    }
