"""Parts of an IR as they are written: numbers, choices, expressions, block bodies, heads, settings.

`printer` puts whole texts together from these; `diff` and the command line show single ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from spacelang import ir
from spacelang.ir.operators import OPERATORS, Part
from spacelang.language.numbers import number_text

WIDTH_RANGE = 3
"""At least this many neighbouring widths are written as a range; fewer read better as a set."""
STEP_RANGE = 6
"""At least this many values with another step are written as a range."""
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "div": 2}


def expr_text(expr: ir.Expr) -> str:
    """An expression with only the parentheses that it needs; operators of the same rank bind to the left.

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
    entry = OPERATORS[step.kind]
    start = [step.kind, *(_part(each, getattr(step, each.name)) for each in (entry.argument,) if each)]
    start += [f"-> {_part(each, getattr(step, each.name))}" for each in (entry.out,) if each]
    return _with(" ".join(start), *(_modifier(each, getattr(step, each.name)) for each in entry.modifiers.values()))


def _part(part: Part, value: Any) -> str:
    return expr_text(value) if part.role == "count" else str(value)


def _modifier(part: Part, value: Any) -> str:
    """A modifier as it is written; empty if nothing needs to be written."""
    if value == part.default:
        return ""
    match part.role:
        case "stride":
            return "stride" if value == "layer" else f"stride {value}"
        case "activation":
            return _act(value)
        case "norm":
            return "norm none"
        case "flag":
            return part.name
        case "condition":
            return f"{part.name} {_compare(value)}"
        case "number":
            return f"{part.name} {number_text(value)}"
    return f"{part.name} {_part(part, value)}"


def convolution_modifiers(step: ir.HeadConv) -> tuple[str, str]:
    """The modifiers that differ from the default, which is a norm and no bias."""
    return "" if step.norm else "norm none", "bias" if step.bias else ""


def _compare(compare: ir.Compare) -> str:
    return f"{expr_text(compare.left)} {compare.op} {expr_text(compare.right)}"


def _act(act: str | None) -> str:
    """`act NAME`, or `act` alone for a parameter with that name."""
    return "" if act is None else "act" if act == "act" else f"act {act}"


def _with(start: str, *modifiers: str) -> str:
    return ", ".join((start, *filter(None, modifiers)))


# --- values -----------------------------------------------------------------------------------------------------------


def set_text(values: Sequence[ir.Number]) -> str:
    """`3`, `{3, 5}`; if one has a fraction, all are written with a point."""
    point = any(isinstance(each, float) for each in values)
    texts = [number_text(each, point=point) for each in values]
    return texts[0] if len(texts) == 1 else f"{{{', '.join(texts)}}}"


def range_text(values: Sequence[ir.Number], step: int, least: int) -> str:
    """`2..4` for at least `least` values that are `step` apart, `128..224 step 4` for many with another step."""
    gaps = {high - low for low, high in pairwise(values)}
    if len(gaps) != 1 or not all(isinstance(each, int) for each in values):
        return set_text(values)
    gap = gaps.pop()
    if gap == step and len(values) >= least and all(each % step == 0 for each in values):
        return f"{values[0]}..{values[-1]}"
    if len(values) >= STEP_RANGE:
        return f"{values[0]}..{values[-1]} step {gap}"
    return set_text(values)


def choices_text(choices: ir.Choices) -> str:
    if not choices.per_layer:
        return set_text(choices.values)
    texts = list(map(number_text, choices.values))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def widths_text(windows: Sequence[ir.Choices], multiple: int) -> str:
    """`2 of 32..64`, `{32, 48}`, or in a model `[32, 48]`; `multiple` is the device's."""
    first = windows[0]
    if first.per_layer:
        return choices_text(first)
    values = [*first.values, *(each.values[-1] for each in windows[1:])]
    text = range_text(values, multiple, WIDTH_RANGE)
    return text if len(windows) == 1 else f"{len(first.values)} of {text}"


# --- heads and stages -------------------------------------------------------------------------------------------------


def head_step_text(step: ir.HeadStep, multiple: int) -> str:
    """`conv 1 -> 1280, act hswish`; `multiple` is the device's."""
    if isinstance(step, ir.HeadConv):
        if isinstance(step.out, ir.Choices):
            out = range_text(step.out.values, multiple, WIDTH_RANGE)
        else:
            out = expr_text(step.out)
        act = f"act {step.act}" if step.act else ""
        return ", ".join(filter(None, (f"conv {step.kernel} -> {out}", act, *convolution_modifiers(step))))
    if isinstance(step, ir.HeadLinear):
        return f"linear -> {expr_text(step.out)}"
    if isinstance(step, ir.HeadDropout):
        return f"dropout {number_text(step.rate)}"
    return "pool" if isinstance(step, ir.HeadPool) else f"act {step.act}"


def arguments_text(candidate: ir.Candidate) -> list[str]:
    numbers = [f"{name} {choices_text(choices)}" for name, choices in candidate.numbers.items()]
    return numbers + [f"{name} {act}" for name, act in candidate.acts.items()]


def use_text(candidate: ir.Candidate) -> str:
    """`mbv2 { kernel {3, 5, 7}, expand {4, 6, 8}, act relu6 }`."""
    return f"{candidate.block} {{ {', '.join(arguments_text(candidate))} }}"


def origin_text(origin: ir.Origin) -> str:
    details = {"sha256": origin.sha256, "encoding": origin.encoding, "checksum": origin.checksum}
    written = (f'{name} "{value}"' for name, value in details.items() if value)
    return ", ".join((f"from {origin.kind} {origin.name}", *written))


# --- settings -------------------------------------------------------------------------------------------------------


def settings_text(space: ir.SearchSpace) -> list[str]:
    texts = []
    if space.targets:
        texts.append(f"targets latency {set_text(latencies(space.targets))} ms")
    if space.limits:
        texts.append(f"limits {{ {_fields(space.limits)} }}")
    if space.quality:
        texts.append(_quality(space.quality))
    for name in ("evolution", "distill", "train"):
        section: ir.Node | None = getattr(space, name)
        if section is not None:
            texts.append(f"{name} {{ {_fields(section)} }}")
    return texts


def latencies(targets: ir.Targets) -> tuple[ir.Number, ...]:
    """The latencies in ms; whole numbers are written without a point."""
    return tuple(int(each) if each.is_integer() else each for each in targets.latency_ms)


def _quality(quality: ir.Quality) -> str:
    samples = "" if quality.samples is None else f" {{ samples {quality.samples} }}"
    parts = [f"estimator {quality.estimator}{samples}", f"top {quality.top}", f"chain {quality.chain}"]
    if quality.penalty:
        parts.append(f"penalty {{ {_fields(quality.penalty)} }}")
    return f"quality {{ {', '.join(parts)} }}"


def _fields(section: ir.Node) -> str:
    return ", ".join(
        f"{name} {value if isinstance(value, str) else number_text(value)}"
        for name, value in ir.items(section)
        if value is not None
    )
