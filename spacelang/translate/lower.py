"""Checked declarations → IR: names resolved, ranges and windows written out, everything in normal form.

In normal form values ascend (`check` ensures that), candidates are sorted by search id and blocks by name, and stems
are called stem1, stem2 and so on: texts that mean the same give the same IR.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spacelang import ast, ir
from spacelang.ast.bodies import lower_body, lower_expression
from spacelang.ast.choices import DEPTH_STEP, NUMBER_STEP, expand, windows
from spacelang.ast.loader import Program
from spacelang.ast.settings import settings
from spacelang.ir.parameters import uniform_fields
from spacelang.language.settings import CLASSES, made
from spacelang.networks.genome import DIGITS, OLD_SEPARATOR, SEPARATOR

RESOLUTION_STEP = 1
"""The step of a range of resolutions without `step`."""


def lower(program: Program, spaces: Iterable[ast.Space] | None = None) -> tuple[ir.SearchSpace, ...]:
    """The IRs of the spaces that the main file declares, in order, or of the given spaces of the program.

    Args:
        program: one in which `check` found no error.
    """
    wanted = program.own_spaces if spaces is None else spaces
    blocks = {name: lower_block(each) for name, each in program.blocks.items()}
    devices = {name: made(ir.Device, {"name": name, **settings(each)}) for name, each in program.devices.items()}
    return tuple(_space(each, blocks, devices[each.device.text]) for each in wanted)


# --- blocks ---------------------------------------------------------------------------------------------------------


def lower_block(block: ast.Block) -> ir.Block:
    """A block as the IR has it."""
    return lower_body(block).block


def _text(name: ast.Name | None) -> str | None:
    return None if name is None else name.text


# --- spaces ---------------------------------------------------------------------------------------------------------


def _space(space: ast.Space, blocks: Mapping[str, ir.Block], device: ir.Device) -> ir.SearchSpace:
    assert space.channels
    assert space.resolution
    assert space.classes
    origin = _origin(space.origin) if space.origin else None
    stages = _Stages(space, blocks, device, origin)
    stem = tuple(stages.lower(each, f"stem{at}", 0) for at, each in enumerate(space.stem, 1))
    body = tuple(stages.lower(each, _required(each.name), at) for at, each in enumerate(space.stages))
    used = {candidate.block for stage in stem + body for candidate in stage.candidates}
    return ir.SearchSpace(
        kind=space.kind,
        name=space.name.text,
        device=device,
        origin=origin,
        channels=int(space.channels.value),
        resolutions=_integers(space.resolution, RESOLUTION_STEP),
        classes=int(space.classes.value),
        blocks=tuple(blocks[name] for name in sorted(used)),
        stem=stem,
        stages=body,
        head=tuple(_head_step(each, device) for each in space.head),
        targets=_targets(space.targets) if space.targets else None,
        **{each.name.text: made(CLASSES[each.name.text], settings(each)) for each in space.sections},
    )


def _origin(origin: ast.Origin) -> ir.Origin:
    texts = (each.value if each else None for each in (origin.sha256, origin.encoding, origin.checksum))
    sha256, encoding, checksum = texts
    return ir.Origin(
        kind=origin.kind.text,  # type: ignore[arg-type]
        name=origin.name.text,
        sha256=sha256,
        encoding=encoding,
        checksum=checksum,
    )


def _targets(targets: ast.Targets) -> ir.Targets:
    return ir.Targets(latency_ms=tuple(map(float, expand(targets.values, NUMBER_STEP))))


def inline_id(block: str, listed: Mapping[str, int], origin: ir.Origin | None, stage: int) -> int:
    """The search id of a block that stage number `stage` names without a list.

    The id in the space's own list of blocks; otherwise the digit of the space's encoding for this stage; otherwise 0.
    """
    if block in listed:
        return listed[block]
    if origin is None or origin.encoding is None:
        return 0
    digits = origin.encoding.replace(OLD_SEPARATOR, SEPARATOR).partition(SEPARATOR)[0]
    return max(0, DIGITS.find(digits[stage])) if stage < len(digits) else 0


class _Stages:
    """Lowers the stages of one space."""

    def __init__(
        self, space: ast.Space, blocks: Mapping[str, ir.Block], device: ir.Device, origin: ir.Origin | None
    ) -> None:
        self.space = space
        self.blocks = blocks
        self.multiple = device.width_multiple
        self.origin = origin
        self.listed = {each.block.text: int(each.id.value) for each in space.blocks}

    def lower(self, stage: ast.Stage, name: str, index: int) -> ir.Stage:
        assert stage.depth
        assert stage.stride
        assert stage.width
        depth = _integers(stage.depth, DEPTH_STEP)
        candidates = sorted(self._candidates(stage, index, depth[0]), key=lambda each: each.id)
        return ir.Stage(
            name=name,
            stride=int(stage.stride.value),
            depth=depth,
            windows=self._windows(stage.width, depth[0]),
            candidates=tuple(candidates),
            uniform=uniform_fields((each.text for each in stage.uniform), candidates),
        )

    def _candidates(self, stage: ast.Stage, index: int, depth: int) -> list[ir.Candidate]:
        if stage.block is not None:
            name = stage.block.text
            id = inline_id(name, self.listed, self.origin, index) if stage.role == "stage" else 0
            return [self._candidate(id, name, stage.arguments, depth)]
        uses = self.space.blocks if stage.blocks is None else stage.blocks
        return [self._candidate(int(each.id.value), each.block.text, each.arguments, depth) for each in uses]

    def _candidate(self, id: int, block: str, arguments: Iterable[ast.Argument], depth: int) -> ir.Candidate:
        written = {each.name.text: each.value for each in arguments}
        numbers: dict[str, ir.Choices] = {}
        acts: dict[str, ir.ActivationName] = {}
        for parameter in self.blocks[block].parameters:
            value = written[parameter.name]
            if isinstance(value, ast.Name):
                acts[parameter.name] = value.text  # type: ignore[assignment]
            else:
                numbers[parameter.name] = self._choices(value, NUMBER_STEP, depth)
        return ir.Candidate(id=id, block=block, numbers=numbers, acts=acts)

    def _windows(self, widths: ast.Widths, depth: int) -> tuple[ir.Choices, ...]:
        if self.space.kind == "model":
            return (self._choices(widths.values, self.multiple, depth),)
        return tuple(ir.Choices(values=each) for each in windows(widths, self.multiple))

    def _choices(self, values: ast.Values, step: int, depth: int) -> ir.Choices:
        """In a model, one value for each layer: a single value applies to all of them."""
        numbers = expand(values, step)
        if self.space.kind != "model":
            return ir.Choices(values=numbers)
        return ir.Choices(values=numbers if len(numbers) == depth else numbers * depth, per_layer=True)


def _integers(values: ast.Values, step: int) -> tuple[int, ...]:
    return tuple(int(each) for each in expand(values, step))


def _required(name: ast.Name | None) -> str:
    assert name is not None
    return name.text


# --- heads ----------------------------------------------------------------------------------------------------------


def _head_step(step: ast.Operator, device: ir.Device) -> ir.HeadStep:
    kind = step.kind.text
    if kind == "pool":
        return ir.HeadPool()
    if kind == "act":
        return ir.HeadActivation(act=_text(step.argument))  # type: ignore[arg-type]
    if kind == "dropout":
        assert isinstance(step.argument, ast.Number)
        return ir.HeadDropout(rate=float(step.argument.value))
    if kind == "linear":
        assert step.out is not None
        return ir.HeadLinear(out=_head_width(step.out, device))  # type: ignore[arg-type]
    assert isinstance(step.argument, ast.Number)
    assert step.out is not None
    return ir.HeadConv(
        kernel=int(step.argument.value),
        out=_head_width(step.out, device),
        act=_text(step.act),  # type: ignore[arg-type]
        norm="norm" not in step.modifiers,
        bias="bias" in step.modifiers,
    )


def _head_width(out: ast.Expr | ast.Values, device: ir.Device) -> ir.Expr | ir.Choices:
    """A set with one value isn't a choice."""
    if not isinstance(out, ast.Values):
        return lower_expression(out)
    values = expand(out, device.width_multiple)
    return ir.Num(value=values[0]) if len(values) == 1 else ir.Choices(values=values)
