"""Rules that a text can't break: that an IR is in normal form, and that its parts agree with each other.

Each finding has the path of its place. If these rules are kept, the declarations of the IR can be made, and `check`
reports the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from spacelang import ir
from spacelang.ir.expressions import operands
from spacelang.ir.operators import expressions
from spacelang.ir.parameters import parameter_type
from spacelang.language.numbers import is_sayable
from spacelang.language.schema import FUNCTIONS

Finding = tuple[str, str, str]
"""A code, the path, and the message."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def form(space: ir.SearchSpace) -> Iterator[Finding]:
    if space.ir_version != ir.IR_VERSION:
        yield "SP0902", "ir_version", f"ir_version is {space.ir_version}, this spacelang reads {ir.IR_VERSION}"
    yield from _names(space)
    for at, block in enumerate(space.blocks):
        yield from _block(block, f"blocks[{at}]")
    for name in ("resolutions", "stem", "stages", "head"):
        if not getattr(space, name):
            yield "SP0907", name, f"`{name}` is empty"
    stages = [(f"{group}[{at}]", each) for group in ("stem", "stages") for at, each in enumerate(getattr(space, group))]
    for path, stage in stages:
        yield from _stage(stage, path, space)
    for at, each in enumerate(space.stem):
        yield from _stem(each, at)
    yield from _settings(space)
    yield from _numbers(space)


def _names(space: ir.SearchSpace) -> Iterator[Finding]:
    names = [("name", space.name), ("device.name", space.device.name)]
    names += [(f"stages[{at}].name", each.name) for at, each in enumerate(space.stages)]
    names += [] if space.origin is None else [("origin.name", space.origin.name)]
    for at, block in enumerate(space.blocks):
        names.append((f"blocks[{at}].name", block.name))
        names += [(f"blocks[{at}].parameters[{no}].name", each.name) for no, each in enumerate(block.parameters)]
        lets = ((no, each) for no, each in enumerate(block.steps) if isinstance(each, ir.Let))
        names += [(f"blocks[{at}].steps[{no}].name", each.name) for no, each in lets]
    for path, name in names:
        if not NAME.fullmatch(name) or name == "div":
            yield "SP0904", path, f"'{name}' is not a name"
    yield from _ascending("blocks", [each.name for each in space.blocks], "the names of blocks")
    used = {each.block for stage in space.stem + space.stages for each in stage.candidates}
    for unused in sorted({each.name for each in space.blocks} - used):
        yield "SP0904", "blocks", f"no stage uses '{unused}'"


def stale(space: ir.SearchSpace) -> Iterator[Finding]:
    """Reports an origin that was claimed before the space was edited."""
    claimed = None if space.origin is None else space.origin.checksum
    if claimed not in (None, space.checksum):
        yield "SP0607", "origin.checksum", f"'{claimed}', but that of this space is {space.checksum}"


def _ascending(path: str, values: Sequence[str] | Sequence[int], what: str) -> Iterator[Finding]:
    if not all(low < high for low, high in pairwise(values)):  # type: ignore[operator]
        yield "SP0905", path, f"{what} aren't in ascending order"


def _block(block: ir.Block, path: str) -> Iterator[Finding]:
    for at, parameter in enumerate(block.parameters):
        implied = parameter_type(parameter.name, block.steps, block.shortcut)
        if parameter.type != implied:
            message = f"parameter '{parameter.name}' is used as {implied}, not as {parameter.type}"
            yield "SP0905", f"{path}.parameters[{at}].type", message
    if block.shortcut.kind == "none" and block.shortcut.act is not None:
        yield "SP0904", f"{path}.shortcut.act", f"'{block.shortcut.act}' doesn't follow a shortcut"


def _stem(stage: ir.Stage, at: int) -> Iterator[Finding]:
    path = f"stem[{at}]"
    if stage.name != f"stem{at + 1}":
        yield "SP0905", f"{path}.name", f"'{stage.name}' is stem{at + 1} in normal form"
    if len(stage.candidates) != 1 or len(stage.windows) != 1:
        yield "SP0907", path, "a stem has one block and one width list"
    elif stage.candidates[0].id != 0:
        yield "SP0905", f"{path}.candidates[0].id", "the block of a stem has search id 0"


def _stage(stage: ir.Stage, path: str, space: ir.SearchSpace) -> Iterator[Finding]:
    for name in ("depth", "windows", "candidates"):
        if not getattr(stage, name):
            yield "SP0907", f"{path}.{name}", f"`{name}` is empty"
    yield from _ascending(f"{path}.candidates", [each.id for each in stage.candidates], "search ids")
    yield from _windows(stage.windows, f"{path}.windows")
    blocks = [space.blocks_by_name[each.block] for each in stage.candidates if each.block in space.blocks_by_name]
    order = dict.fromkeys(("width", *(name for each in blocks for name in each.numeric)))
    known = [name for name in stage.uniform if name in order]
    if known != [name for name in order if name in known]:
        yield "SP0905", f"{path}.uniform", f"the normal form has the order {', '.join(order)}"
    yield from _kind(stage, path, space.kind)


def _windows(windows: Sequence[ir.Choices], path: str) -> Iterator[Finding]:
    for at, each in enumerate(windows):
        if not each.values:
            yield "SP0907", f"{path}[{at}].values", "`values` is empty"
    slide = all(
        len(low.values) == len(high.values) and low.values[1:] == high.values[:-1] and low.values != high.values
        for low, high in pairwise(windows)
    )
    if not slide:
        yield "SP0905", path, "these are not neighbouring windows of one list"


def _kind(stage: ir.Stage, path: str, kind: ir.Kind) -> Iterator[Finding]:
    """A space has one block and one width list per stage; a model one value for everything."""
    if kind != "hyperspace" and (len(stage.candidates), len(stage.windows)) != (1, 1):
        yield "SP0907", path, f"a {kind} has one block and one width list a stage"
    model = kind == "model"
    choices = [*stage.windows, *(each for one in stage.candidates for each in one.numbers.values())]
    if any(each.per_layer != model for each in choices):
        yield "SP0907", path, "values for each layer belong to models, choices to the others"
    if any(not each.values for one in stage.candidates for each in one.numbers.values()):
        yield "SP0907", path, "a parameter has no values"
    if model and stage.uniform:
        yield "SP0907", f"{path}.uniform", "a model has nothing to share"


def _settings(space: ir.SearchSpace) -> Iterator[Finding]:
    quality = space.quality
    if quality and (quality.samples is not None) != (quality.estimator == "sampled"):
        yield "SP0905", "quality.samples", "the sampled estimator has it, the exact one does not"
    if space.targets and not space.targets.latency_ms:
        yield "SP0907", "targets.latency_ms", "`latency_ms` is empty"
    for at, step in enumerate(space.head):
        out = getattr(step, "out", None)
        if isinstance(out, ir.Choices) and (out.per_layer or len(out.values) < 2):
            yield "SP0905", f"head[{at}].out", "a choice of a head's widths has two values or more"


def _numbers(space: ir.SearchSpace) -> Iterator[Finding]:
    """Numbers and calls that a text can't have."""
    for at, block in enumerate(space.blocks):
        for no, step in enumerate(block.steps):
            for expr in expressions(step):
                yield from _sayable(expr, f"blocks[{at}].steps[{no}]")
    for at, head in enumerate(space.head):
        out = getattr(head, "out", None)
        if out is not None and not isinstance(out, ir.Choices):
            yield from _sayable(out, f"head[{at}].out")
    values: Iterable[tuple[str, ir.Number]] = [
        (path, value)
        for group in ("stem", "stages")
        for at, stage in enumerate(getattr(space, group))
        for path, choices in _choices(stage, f"{group}[{at}]")
        for value in choices.values
    ]
    for path, value in values:
        if not is_sayable(value):
            yield "SP0906", path, f"a text can't express {value}"


def _choices(stage: ir.Stage, path: str) -> Iterator[tuple[str, ir.Choices]]:
    yield from ((f"{path}.windows[{at}]", each) for at, each in enumerate(stage.windows))
    for at, candidate in enumerate(stage.candidates):
        for name, each in candidate.numbers.items():
            yield f"{path}.candidates[{at}].numbers.{name}", each


def _sayable(expr: ir.Expr, path: str) -> Iterator[Finding]:
    if isinstance(expr, ir.Num) and not is_sayable(expr.value):
        yield "SP0906", path, f"a text can't express {expr.value}"
    if isinstance(expr, ir.Call) and expr.function not in FUNCTIONS:
        yield "SP0904", path, f"unknown function {expr.function}"
    for each in operands(expr):
        yield from _sayable(each, path)
