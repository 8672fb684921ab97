"""IR → a complete text in the language: `lower` of it is the same IR again.

What a search finds is written in the language that the search was asked in. Blocks of the standard library come by
import, others are written out.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache

from spacelang import ir
from spacelang.diagnostics import Report
from spacelang.format import format_file
from spacelang.loader import load_program
from spacelang.lower import inline_id, lower_block
from spacelang.parse import parse
from spacelang.source import Source

STD = "std/blocks.space"
WIDTH_RANGE = 3
"""So many neighbouring widths are written as a range; fewer read better as a set."""
STEP_RANGE = 6
"""So many values with a step of their own are written as a range."""
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "div": 2}


def to_text(space: ir.SearchSpace, *others: ir.SearchSpace) -> str:
    """A complete `.space` text of the spaces and what they need, formatted.

    Args:
        space: a valid IR (`verify`).
        others: more of the same file: blocks and devices of one name are the same ones.
    """
    spaces = (space, *others)
    blocks = {block.name: block for each in spaces for block in each.blocks}
    devices = {each.device.name: each.device for each in spaces}
    declared = (*_blocks(blocks.values()), *map(_device, devices.values()), *(_Printer(each).text() for each in spaces))
    text = "\n".join(("language 1\n", *declared))
    report = Report()
    file = parse(Source(f"{space.name}.space", text), report)
    report.raise_if_failed()
    return format_file(file)


@cache
def std_blocks() -> Mapping[str, ir.Block]:
    """The standard library's blocks, by name."""
    report = Report()
    program = load_program(Source("<std>", f'language 1\nimport "{STD}"\n'), None, report)
    report.raise_if_failed()
    return {name: lower_block(block) for name, block in program.blocks.items()}


def _blocks(blocks: Collection[ir.Block]) -> list[str]:
    """An import where the library has them, else bodies; a library's name with another body forbids the import."""
    library = std_blocks()
    own = [each for each in blocks if library.get(each.name) != each]
    if any(each.name in library for each in own):
        return list(map(block_text, blocks))
    imports = [f'import "{STD}"\n'] if len(own) < len(blocks) else []
    return imports + list(map(block_text, own))


def _device(device: ir.Device) -> str:
    return (
        f"device {device.name} {{\n  runtime {device.runtime}\n  precision {device.precision}\n"
        f"  threads {device.threads}\n  widths multiple of {device.width_multiple}\n}}\n"
    )


# --- blocks -----------------------------------------------------------------------------------------------------------


def number_text(value: ir.Number, *, point: bool = False) -> str:
    """A number without an exponent; with `point`, a whole number is written as `1.0`."""
    text = format(Decimal(repr(value)), "f")
    return text if "." in text or not point else f"{text}.0"


def expr_text(expr: ir.Expr) -> str:
    """With no more parentheses than its tree needs; operators of the same rank bind to the left.

    >>> expr_text(ir.Call(function="round8", arguments=(ir.Ref(name="in"),)))
    'round8(in)'
    """
    return _expr(expr, 0)


def _expr(expr: ir.Expr, least: int) -> str:
    """`least`: the rank below which the expression needs parentheses."""
    if isinstance(expr, ir.Num):
        return number_text(expr.value)
    if isinstance(expr, ir.Ref):
        return expr.name
    if isinstance(expr, ir.Call):
        return f"{expr.function}({', '.join(map(expr_text, expr.arguments))})"
    rank = PRECEDENCE[expr.op]
    text = f"{_expr(expr.left, rank)} {expr.op} {_expr(expr.right, rank + 1)}"
    return f"({text})" if rank < least else text


def block_text(block: ir.Block) -> str:
    """`block name(…) { … }`, one step a line."""
    steps = [_step(each) for each in block.steps]
    if block.shortcut.kind != "none":
        steps.append(_with(f"shortcut {block.shortcut.kind}", _act(block.shortcut.act)))
    parameters = ", ".join(each.name for each in block.parameters)
    body = "".join(f"  {each}\n" for each in steps)
    return f"block {block.name}({parameters}) {{\n{body}}}\n"


def _step(step: ir.BlockStep) -> str:
    if isinstance(step, ir.Let):
        return f"{step.name} = {expr_text(step.value)}"
    when = "" if step.when is None else f"when {_compare(step.when)}"
    if isinstance(step, ir.Activation):
        return _with(f"act {step.act}", when)
    if isinstance(step, ir.SqueezeExcite):
        return _with(f"se {expr_text(step.squeeze)}", when)
    stride = "" if step.stride == 1 else "stride" if step.stride == "layer" else f"stride {step.stride}"
    start = f"{step.kind} {expr_text(step.kernel)}"
    if isinstance(step, ir.Pool):
        return _with(start, stride, when)
    return _with(
        f"{start} -> {expr_text(step.out)}" if isinstance(step, ir.Conv) else start,
        stride,
        _act(step.act),
        *convolution_modifiers(step),
        "residual" if step.residual else "",
        "" if step.repeat is None else f"repeat {expr_text(step.repeat)}",
        when,
    )


def convolution_modifiers(step: ir.Conv | ir.DepthwiseConv | ir.HeadConv) -> tuple[str, str]:
    """What differs from the rule that a norm follows, and no bias."""
    return "" if step.norm else "norm none", "bias" if step.bias else ""


def _compare(compare: ir.Compare) -> str:
    return f"{expr_text(compare.left)} {compare.op} {expr_text(compare.right)}"


def _act(act: str | None) -> str:
    """A parameter called `act` needs no name behind the word."""
    return "" if act is None else "act" if act == "act" else f"act {act}"


def _with(start: str, *modifiers: str) -> str:
    return ", ".join((start, *filter(None, modifiers)))


# --- values ---------------------------------------------------------------------------------------------------------


def _set(values: Sequence[ir.Number]) -> str:
    """`3`, `{3, 5}`; with one decimal fraction, all of them are written with a point."""
    point = any(isinstance(each, float) for each in values)
    texts = [number_text(each, point=point) for each in values]
    return texts[0] if len(texts) == 1 else f"{{{', '.join(texts)}}}"


def _range(values: Sequence[ir.Number], step: int, least: int) -> str:
    """`2..4` for at least `least` values that are `step` apart, `128..224 step 4` for many that are otherwise apart."""
    gaps = {high - low for low, high in itertools.pairwise(values)}
    if len(gaps) != 1 or not all(isinstance(each, int) for each in values):
        return _set(values)
    gap = gaps.pop()
    if gap == step and len(values) >= least and all(each % step == 0 for each in values):
        return f"{values[0]}..{values[-1]}"
    if len(values) >= STEP_RANGE:
        return f"{values[0]}..{values[-1]} step {gap}"
    return _set(values)


def _choices(choices: ir.Choices) -> str:
    if not choices.per_layer:
        return _set(choices.values)
    texts = list(map(number_text, choices.values))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


# --- the space ------------------------------------------------------------------------------------------------------


def head_text(space: ir.SearchSpace) -> list[str]:
    """The steps of the head, as they are written."""
    return list(map(_Printer(space).head_step, space.head))


class _Printer:
    def __init__(self, space: ir.SearchSpace) -> None:
        self.space = space
        self.multiple = space.device.width_multiple
        self.listed = self._common_candidates()

    def text(self) -> str:
        """The declaration; parts are separated by empty lines."""
        space = self.space
        parts = [
            [_origin(space.origin)] if space.origin else [],
            [f"input {space.channels} channels", f"resolution {self._resolutions()}", f"classes {space.classes}"],
            [f"blocks {{\n{_uses(self.listed)}}}"] if self.listed else [],
            [self._stem(each) for each in space.stem],
            [self._stage(each, at) for at, each in enumerate(space.stages)],
            ["\n".join(("head {", *map(self.head_step, space.head), "}"))],
            _settings(space),
        ]
        body = "\n\n".join("\n".join(part) for part in parts if part)
        return f"{space.kind} {space.name} on {space.device.name} {{\n{body}\n}}\n"

    def _common_candidates(self) -> tuple[ir.Candidate, ...]:
        """The list of blocks that most stages share; empty if stages have one block each."""
        lists = Counter(repr(stage.candidates) for stage in self.space.stages if len(stage.candidates) > 1)
        if not lists:
            return ()
        common = max(lists, key=lambda each: lists[each])
        return next(each.candidates for each in self.space.stages if repr(each.candidates) == common)

    def _resolutions(self) -> str:
        return _range(self.space.resolutions, 0, STEP_RANGE)

    def _stem(self, stage: ir.Stage) -> str:
        return f"stem {stage.candidates[0].block} {{ {self._properties(stage, stage.candidates[0])} }}"

    def _stage(self, stage: ir.Stage, index: int) -> str:
        """`stage s mbv2 { … }` with one block that has its id by itself; else a list, the space's or its own."""
        start = f"stage {stage.name}"
        if stage.candidates == self.listed:
            return f"{start} {{ {self._properties(stage)} }}"
        only = stage.candidates[0]
        ids = {each.block: each.id for each in self.listed}
        if len(stage.candidates) == 1 and only.id == inline_id(only.block, ids, self.space.origin, index):
            return f"{start} {only.block} {{ {self._properties(stage, only)} }}"
        return f"{start} {{ {self._properties(stage)}\nblocks {{\n{_uses(stage.candidates)}}}\n}}"

    def _properties(self, stage: ir.Stage, candidate: ir.Candidate | None = None) -> str:
        properties = [
            f"depth {_range(stage.depth, 1, 2)}",
            f"stride {stage.stride}",
            f"width {self._width(stage.windows)}",
            *(_arguments(candidate) if candidate else ()),
        ]
        if stage.uniform:
            properties.append(f"uniform {{{', '.join(stage.uniform)}}}")
        return ", ".join(properties)

    def _width(self, windows: Sequence[ir.Choices]) -> str:
        first = windows[0]
        if first.per_layer:
            return _choices(first)
        values = [*first.values, *(each.values[-1] for each in windows[1:])]
        text = _range(values, self.multiple, WIDTH_RANGE)
        return text if len(windows) == 1 else f"{len(first.values)} of {text}"

    def head_step(self, step: ir.HeadStep) -> str:
        if isinstance(step, ir.HeadConv):
            if isinstance(step.out, ir.Choices):
                out = _range(step.out.values, self.multiple, WIDTH_RANGE)
            else:
                out = expr_text(step.out)
            act = f"act {step.act}" if step.act else ""
            return ", ".join(filter(None, (f"conv {step.kernel} -> {out}", act, *convolution_modifiers(step))))
        if isinstance(step, ir.HeadLinear):
            return f"linear -> {expr_text(step.out)}"
        if isinstance(step, ir.HeadDropout):
            return f"dropout {number_text(step.rate)}"
        return "pool" if isinstance(step, ir.HeadPool) else f"act {step.act}"


def _uses(candidates: Iterable[ir.Candidate]) -> str:
    return "".join(f"{each.id} = {each.block} {{ {', '.join(_arguments(each))} }}\n" for each in candidates)


def _arguments(candidate: ir.Candidate) -> list[str]:
    numbers = [f"{name} {_choices(choices)}" for name, choices in candidate.numbers.items()]
    return numbers + [f"{name} {act}" for name, act in candidate.acts.items()]


def _origin(origin: ir.Origin) -> str:
    details = {"sha256": origin.sha256, "encoding": origin.encoding}
    written = (f'{name} "{value}"' for name, value in details.items() if value)
    return ", ".join((f"from {origin.kind} {origin.name}", *written))


# --- settings -------------------------------------------------------------------------------------------------------


def _settings(space: ir.SearchSpace) -> list[str]:
    texts = []
    if space.targets:
        latencies = [int(each) if each.is_integer() else each for each in space.targets.latency_ms]
        texts.append(f"targets latency {_set(latencies)} ms")
    if space.quality:
        texts.append(_quality(space.quality))
    for name in ("evolution", "distill", "train"):
        section: ir.Node | None = getattr(space, name)
        if section is not None:
            texts.append(f"{name} {{ {_fields(section)} }}")
    return texts


def _quality(quality: ir.Quality) -> str:
    samples = "" if quality.samples is None else f" {{ samples {quality.samples} }}"
    parts = [f"estimator {quality.estimator}{samples}", f"top {quality.top}", f"chain {quality.chain}"]
    if quality.penalty:
        parts.append(f"penalty {{ {_fields(quality.penalty)} }}")
    return f"quality {{ {', '.join(parts)} }}"


def _fields(section: ir.Node) -> str:
    return ", ".join(f"{name} {number_text(value)}" for name, value in section)
