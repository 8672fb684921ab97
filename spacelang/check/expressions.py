"""Expressions of a text: the names they use, and what is wrong with them for every choice."""

from __future__ import annotations

from collections.abc import Iterator

from spacelang import ast
from spacelang.ast.bodies import lower_expression
from spacelang.ir.expressions import Undefined, evaluate
from spacelang.language.schema import FUNCTIONS
from spacelang.report.diagnostics import Report
from spacelang.report.source import Span
from spacelang.report.suggest import closest, did_you_mean


def refs(expr: ast.Expr | ast.Compare) -> Iterator[ast.Ref]:
    """The names in an expression, in the order of the text."""
    match expr:
        case ast.Ref():
            yield expr
        case ast.Binary() | ast.Compare():
            yield from refs(expr.left)
            yield from refs(expr.right)
        case ast.Call():
            for each in expr.arguments:
                yield from refs(each)


def check_calls(expr: ast.Expr | ast.Compare, report: Report) -> None:
    """Reports unknown functions and wrong numbers of arguments."""
    match expr:
        case ast.Binary() | ast.Compare():
            check_calls(expr.left, report)
            check_calls(expr.right, report)
        case ast.Call():
            _check_call(expr, report)
            for each in expr.arguments:
                check_calls(each, report)


def _check_call(call: ast.Call, report: Report) -> None:
    name, given = call.function.text, len(call.arguments)
    if name not in FUNCTIONS:
        mend: str = did_you_mean(name, FUNCTIONS)
        if given == 1 and closest(name, FUNCTIONS) is None:
            mend = f"{mend}; after a word, a space comes before an expression in parentheses"
        report.error("SP0204", f"unknown function `{name}`", call.function.span, help=mend)
        return
    wanted = FUNCTIONS[name]
    if (wanted is None and given < 2) or (wanted is not None and given != wanted):
        takes = "two or more arguments" if wanted is None else "one argument"
        report.error("SP0219", f"`{name}` takes {takes}, not {given}", call.span)


def divisions_by_zero(expr: ast.Expr | ast.Compare) -> Iterator[Span]:
    """Divisions whose divisor is zero for every choice."""
    match expr:
        case ast.Binary() | ast.Compare():
            if expr.op in ("/", "div") and not any(refs(expr.right)) and _is_zero(expr.right):
                yield expr.span
            yield from divisions_by_zero(expr.left)
            yield from divisions_by_zero(expr.right)
        case ast.Call():
            for each in expr.arguments:
                yield from divisions_by_zero(each)


def _is_zero(expr: ast.Expr) -> bool:
    try:
        return evaluate(lower_expression(expr), {}) == 0
    except (Undefined, KeyError, TypeError):
        return False
