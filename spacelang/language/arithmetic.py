"""The operators and functions of expressions, on plain numbers. `ir.expressions` evaluates with them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

Real = int | float


def round8(value: Real) -> int:
    """The multiple of 8 next to `value`, at least 8 and never more than 10 % below it; 0 if `value` isn't positive.

    >>> [round8(each) for each in (0, 3, 11, 12, 19.9)]
    [0, 8, 16, 16, 24]
    """
    if value <= 0:
        return 0
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


ARITHMETIC: Mapping[str, Callable[[Real, Real], Real]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "div": operator.floordiv,
}
COMPARISONS: Mapping[str, Callable[[Real, Real], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
CALLS: Mapping[str, Callable[..., Real]] = {"round8": round8, "min": min, "max": max}
