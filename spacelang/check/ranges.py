"""The values that an expression can have when its names may have many: bounds, and the grid that all values lie on.

Grids decide divisibility by arithmetic, without trying each value: multiples of 16, times 1.5, are multiples of 24, and
all of them are whole. Grids are kept in units of 2⁻²⁰, and only while floating point holds every value exactly, so that
the conclusions are the same as evaluating each value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import gcd
from typing import NamedTuple

from spacelang import ir
from spacelang.ir.expressions import operands
from spacelang.language.arithmetic import ARITHMETIC, CALLS, Real

UNIT = 1 << 20
EXACT = 1 << 32
"""Numbers below it have at most 52 binary digits in units of 2⁻²⁰."""


class Range(NamedTuple):
    """Values from `low` to `high`; in units, each is `phase` plus a multiple of `step`.

    A `step` of 0 is a single value; None is a grid that isn't known.
    """

    low: Real
    high: Real
    phase: int = 0
    step: int | None = None

    @classmethod
    def of(cls, values: Sequence[Real]) -> Range:
        """The tightest range around some values."""
        units = [each * UNIT for each in values]
        low, high = min(values), max(values)
        if not all(each == int(each) for each in units):
            return cls(low, high)
        first = int(units[0])
        return cls(low, high, first, gcd(*(int(each) - first for each in units)))

    @property
    def single(self) -> bool:
        return self.low == self.high

    @property
    def whole(self) -> bool:
        return self.multiple_of(1)

    def multiple_of(self, number: int) -> bool:
        """Whether every value is a multiple of a number."""
        if self.single:
            return self.low % number == 0
        return self.step is not None and self.phase % (number * UNIT) == 0 and self.step % (number * UNIT) == 0


def range_of(expr: ir.Expr, names: Mapping[str, Range | None]) -> Range | None:
    """A range that holds for every choice; None where none can be found simply."""
    if isinstance(expr, ir.Num):
        return Range.of((expr.value,))
    if isinstance(expr, ir.Ref):
        return names.get(expr.name)
    inner = [range_of(each, names) for each in operands(expr)]
    known = [each for each in inner if each is not None]
    if len(known) < len(inner):
        return None
    if all(each.single for each in known):
        return _single(expr, known)
    try:
        found = _binary(expr.op, *known) if isinstance(expr, ir.Binary) else _call(expr.function, known)
    except (OverflowError, ValueError):
        return None
    return found if found is None or max(abs(found.low), abs(found.high)) < EXACT else Range(found.low, found.high)


def _single(expr: ir.Binary | ir.Call, known: Sequence[Range]) -> Range | None:
    call: Callable[..., Real] = ARITHMETIC[expr.op] if isinstance(expr, ir.Binary) else CALLS[expr.function]
    try:
        return Range.of((call(*(each.low for each in known)),))
    except (ZeroDivisionError, OverflowError, ValueError):
        return None


def _call(name: str, arguments: Sequence[Range]) -> Range:
    """All functions grow with their arguments."""
    call = CALLS[name]
    low, high = call(*(each.low for each in arguments)), call(*(each.high for each in arguments))
    if name == "round8":
        (only,) = arguments
        same = only.multiple_of(8) and only.low >= 8 and only.step is not None
        return Range(low, high, only.phase, only.step) if same else Range(low, high, 0, 8 * UNIT)
    steps = [each.step for each in arguments]
    first = arguments[0].phase
    apart = (each.phase - first for each in arguments)
    return Range(low, high) if None in steps else Range(low, high, first, gcd(*apart, *(each or 0 for each in steps)))


def _binary(op: str, left: Range, right: Range) -> Range | None:
    if op in ("/", "div") and right.low <= 0 <= right.high:
        return None
    corners = [ARITHMETIC[op](x, y) for x, y in product((left.low, left.high), (right.low, right.high))]
    low, high = min(corners), max(corners)
    grid = None if left.step is None or right.step is None else _grid(op, left, right, left.step, right.step)
    if grid is None:
        return Range(low, high, 0, UNIT if op == "div" else None)
    return Range(low, high, *grid)


def _grid(op: str, left: Range, right: Range, by: int, other: int) -> tuple[int, int] | None:
    """The phase and step of a result; `by` and `other` are the steps of the operands."""
    if op in ("+", "-"):
        return ARITHMETIC[op](left.phase, right.phase), gcd(by, other)  # type: ignore[return-value]
    if op == "*":
        step = gcd(left.phase * other, right.phase * by, by * other)
        return _exactly(left.phase * right.phase, step, UNIT)
    if other:
        return None
    if op == "/":
        return _exactly(left.phase * UNIT, by * UNIT, right.phase)
    step = by * UNIT
    if step % right.phase or step // right.phase % UNIT:
        return None
    return left.phase // right.phase * UNIT, abs(step // right.phase)


def _exactly(phase: int, step: int, divisor: int) -> tuple[int, int] | None:
    return None if phase % divisor or step % divisor else (phase // divisor, abs(step // divisor))
