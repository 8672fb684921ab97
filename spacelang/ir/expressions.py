"""Expressions: their nodes, the names that they use, and their values. The only evaluator is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal

from spacelang.language.arithmetic import ARITHMETIC, CALLS, COMPARISONS
from spacelang.language.node import Node, Tagged

Number = int | float


def spelled_once(value: Number) -> Number:
    """1.0 and 1 are the same choice, so they must give the same IR and the same hash."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Num(Node):
    kind: Literal["num"] = "num"
    value: Number

    def __post_init__(self) -> None:
        self.__dict__["value"] = spelled_once(self.value)


class Ref(Node):
    """`in`, `out`, `stride`, `classes`, a parameter, or a name that a `Let` above binds."""

    kind: Literal["ref"] = "ref"
    name: str


class Binary(Node):
    """`div` divides and rounds down; `/` is exact."""

    kind: Literal["binary"] = "binary"
    op: Literal["+", "-", "*", "/", "div"]
    left: Expr
    right: Expr


class Call(Node):
    kind: Literal["call"] = "call"
    function: Literal["round8", "min", "max"]
    arguments: tuple[Expr, ...]


Expr = Annotated[Num | Ref | Binary | Call, Tagged()]


class Compare(Node):
    op: Literal["==", "!=", "<", "<=", ">", ">="]
    left: Expr
    right: Expr


class Undefined(Exception):
    """An expression without a value: a division by zero, or a number that is too large. `expr` is the operation."""

    def __init__(self, reason: str, expr: Expr) -> None:
        super().__init__(reason)
        self.expr = expr


def refs(expr: Expr | Compare) -> Iterator[str]:
    """The names in an expression, in the order of the text."""
    if isinstance(expr, Ref):
        yield expr.name
    else:
        for each in operands(expr):
            yield from refs(each)


def operands(expr: Expr | Compare) -> tuple[Expr, ...]:
    """The expressions that this one is made of."""
    if isinstance(expr, Binary | Compare):
        return expr.left, expr.right
    return expr.arguments if isinstance(expr, Call) else ()


def evaluate(expr: Expr, names: Mapping[str, Number]) -> Number:
    """The value of an expression.

    Raises:
        Undefined: with the operation that has no value.
        KeyError: for a name that isn't among `names`.
    """
    if isinstance(expr, Ref):
        return names[expr.name]
    if isinstance(expr, Num):
        return expr.value
    call: Callable[..., Number] = ARITHMETIC[expr.op] if isinstance(expr, Binary) else CALLS[expr.function]
    arguments = [evaluate(each, names) for each in operands(expr)]
    try:
        return call(*arguments)
    except ZeroDivisionError:
        raise Undefined("division by zero", expr) from None
    except (OverflowError, ValueError):
        raise Undefined("a number too large", expr) from None


def holds(condition: Compare | None, names: Mapping[str, Number]) -> bool:
    """Whether an operator with this `when` is there; True without one. Raises as `evaluate`."""
    if condition is None:
        return True
    return COMPARISONS[condition.op](evaluate(condition.left, names), evaluate(condition.right, names))
