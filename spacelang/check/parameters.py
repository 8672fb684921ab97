"""What a block's parameters are, inferred from how its body uses them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from spacelang import ast
from spacelang.check.expressions import refs
from spacelang.report.source import Span

Type = Literal["activation", "kernel", "number"]
Use = tuple[str, Type, Span]


def types(block: ast.Block) -> Mapping[str, Type]:
    """The type of each parameter: an activation; a kernel size, where it stands as one; else a number."""
    found: dict[str, Type] = {each.text: "number" for each in block.parameters}
    for name, type, _ in uses(block):
        if name in found and type != "number" and found[name] != "activation":
            found[name] = type
    return found


def uses(block: ast.Block) -> Iterator[Use]:
    """Every name that the body uses, as what, and where."""
    for step in block.body:
        match step:
            case ast.Let():
                yield from _numbers(step.value)
            case ast.Shortcut():
                yield from _activation(step.act)
            case ast.Operator():
                yield from _operator(step)


def _operator(step: ast.Operator) -> Iterator[Use]:
    match step.argument:
        case ast.Name():
            yield from _activation(step.argument)
        case ast.Ref() if step.kind.text != "se":
            yield step.argument.name, "kernel", step.argument.span
        case None:
            pass
        case _:
            yield from _numbers(step.argument)
    yield from _activation(step.act)
    for expr in (step.out, step.repeat, step.when):
        if expr is not None and not isinstance(expr, ast.Values):
            yield from _numbers(expr)


def _activation(name: ast.Name | None) -> Iterator[Use]:
    if name is not None:
        yield name.text, "activation", name.span


def _numbers(expr: ast.Expr | ast.Compare) -> Iterator[Use]:
    for each in refs(expr):
        yield each.name, "number", each.span
