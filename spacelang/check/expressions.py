"""Expressions: which names they use, what they are worth, and between which bounds they must lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import floor

from spacelang import ast
from spacelang.language.arithmetic import ARITHMETIC, CALLS, COMPARISONS, Real
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
    """Divisions whose divisor is zero whatever is chosen."""
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
        return evaluate(expr, {}) == 0
    except (Undefined, KeyError, TypeError):
        return False


class Undefined(Exception):
    """An expression has no value for some choice: a division by zero, or a number beyond all bounds."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.span = span


def evaluate(expr: ast.Expr, names: Mapping[str, Real]) -> Real:
    """What an expression is worth.

    Raises:
        Undefined: with the place of the operation.
        KeyError: for a name that isn't among `names`.
    """
    match expr:
        case ast.Number():
            return expr.value
        case ast.Ref():
            return names[expr.name]
        case ast.Binary():
            call: Callable[..., Real] = ARITHMETIC[expr.op]
            arguments = [evaluate(expr.left, names), evaluate(expr.right, names)]
        case ast.Call():
            call = CALLS[expr.function.text]
            arguments = [evaluate(each, names) for each in expr.arguments]
    try:
        return call(*arguments)
    except ZeroDivisionError:
        raise Undefined("division by zero", expr.span) from None
    except (OverflowError, ValueError):
        raise Undefined("a number too large to be meant", expr.span) from None


def holds(condition: ast.Compare | None, names: Mapping[str, Real]) -> bool:
    """Whether a `when` lets its operator in; raises as `evaluate`."""
    if condition is None:
        return True
    return COMPARISONS[condition.op](evaluate(condition.left, names), evaluate(condition.right, names))


# --- bounds ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bounds:
    """An expression lies between `low` and `high`, and is always an integer if `whole`."""

    low: Real
    high: Real
    whole: bool

    @classmethod
    def of(cls, values: tuple[Real, ...]) -> Bounds:
        return cls(min(values), max(values), all(each == int(each) for each in values))

    def natural(self, most: int) -> bool:
        """Whether it is a positive integer, and at most so large, whatever is chosen."""
        return self.whole and self.low >= 1 and self.high <= most


def bounds(expr: ast.Expr, names: Mapping[str, Bounds | None]) -> Bounds | None:
    """Bounds that hold for every choice; None where no simple argument gives them.

    With them, most bodies are known to be right at once, without a walk through all choices.
    """
    match expr:
        case ast.Number():
            return Bounds.of((expr.value,))
        case ast.Ref():
            return names.get(expr.name)
        case ast.Binary():
            left, right = bounds(expr.left, names), bounds(expr.right, names)
            return None if left is None or right is None else _binary(expr.op, left, right)
        case ast.Call():
            inner = [bounds(each, names) for each in expr.arguments]
    known = [each for each in inner if each is not None]
    if len(known) < len(inner):
        return None
    try:
        return _call(expr.function.text, known)
    except (OverflowError, ValueError):
        return None


def _call(name: str, arguments: Sequence[Bounds]) -> Bounds:
    """All functions grow with their arguments."""
    call, whole = CALLS[name], name == "round8" or all(each.whole for each in arguments)
    return Bounds(call(*(each.low for each in arguments)), call(*(each.high for each in arguments)), whole)


def _binary(op: str, left: Bounds, right: Bounds) -> Bounds | None:
    if op in ("/", "div") and right.low <= 0 <= right.high:
        return None
    exact = ARITHMETIC["/" if op == "div" else op]
    try:
        corners = [exact(x, y) for x, y in product((left.low, left.high), (right.low, right.high))]
        low, high = min(corners), max(corners)
        if op == "div":
            return Bounds(floor(low), floor(high), True)
    except (OverflowError, ValueError):
        return None
    return Bounds(low, high, op != "/" and left.whole and right.whole)
