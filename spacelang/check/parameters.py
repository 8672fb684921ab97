"""The names that a block's body uses: as what, and where."""

from __future__ import annotations

from collections.abc import Iterator

from spacelang import ast
from spacelang.check.expressions import refs
from spacelang.ir.operators import OPERATORS
from spacelang.ir.parameters import ParameterType
from spacelang.report.source import Span

Use = tuple[str, ParameterType, Span]


def uses(block: ast.Block) -> Iterator[Use]:
    """Every name that the body uses: as what, and where."""
    for step in block.body:
        match step:
            case ast.Let():
                yield from _numbers(step.value)
            case ast.Shortcut():
                yield from _activation(step.act)
            case ast.Operator():
                yield from _operator(step)


def _operator(step: ast.Operator) -> Iterator[Use]:
    if isinstance(step.argument, ast.Ref) and step.kind.text in OPERATORS:
        argument = OPERATORS[step.kind.text].argument
        kernel = argument is not None and argument.rule is not None and argument.rule.odd
        yield step.argument.name, "kernel" if kernel else "number", step.argument.span
    else:
        yield from _value(step.argument)
    for each in (step.out, *step.modifiers.values()):
        yield from _value(each)


def _value(value: ast.Modifier | ast.Values | None) -> Iterator[Use]:
    if isinstance(value, ast.Name):
        yield from _activation(value)
    elif value is not None and value is not True and not isinstance(value, ast.Values):
        yield from _numbers(value)


def _activation(name: ast.Name | None) -> Iterator[Use]:
    if name is not None:
        yield name.text, "activation", name.span


def _numbers(expr: ast.Expr | ast.Compare) -> Iterator[Use]:
    for each in refs(expr):
        yield each.name, "number", each.span
