"""The IR's expressions as Python, in the words of the generated code."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from spacelang import ir
from spacelang.ir.operators import OPERATORS

OWN = ("self", "x", "y", "layer", "stride", "channels_in", "width", "projects", "nn", "Tensor")
MISTAKABLE = ("l", "O", "I")
TAKEN = frozenset({*OWN, *MISTAKABLE, "super", "int", "max", "min", *keyword.kwlist})
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "div": 2}
ATOM = 3
LONGEST = 80
"""Operands that are longer than this together get their own names, so that no expression spans several lines."""


def words(names: Iterable[str]) -> dict[str, str]:
    """A Python identifier for each of a block's names, all different."""
    found: dict[str, str] = {}
    generated = _generated()
    for name in names:
        word = name
        while word in TAKEN or word in found.values() or generated.fullmatch(word):
            word += "_"
        found[name] = word
    return found


def _generated() -> re.Pattern[str]:
    """The words that, besides `TAKEN`, the generated code itself uses; a block's name among them gets a `_`."""
    counts = {part.name for each in OPERATORS.values() for part in each.parts if part.rule is not None}
    return re.compile(rf"(has_)?({'|'.join(OPERATORS)}|add|part)\d+(_(in|{'|'.join(sorted(counts))}))?")


@dataclass
class Expressions:
    """Turns expressions into Python.

    Attributes:
        words: the identifier of each name in scope.
        whole: the names whose values are whole numbers for every choice.
        used: the names that occurred so far.
        lines: assignments that have to come before what was rendered last.
    """

    words: Mapping[str, str]
    whole: set[str]
    used: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    parts: int = 0

    def python(self, expr: ir.Expr) -> str:
        return self._render(expr)[0]

    def count(self, expr: ir.Expr) -> str:
        """The expression as an int, for channels, kernel sizes and repetitions."""
        text = self._short(self.python(expr), 2)
        return text if self.is_whole(expr) else f"int({text})"

    def condition(self, condition: ir.Compare) -> str:
        left, right = (self._short(self.python(each), 2) for each in (condition.left, condition.right))
        return f"{left} {condition.op} {right}"

    def take_lines(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines

    def is_whole(self, expr: ir.Expr) -> bool:
        if isinstance(expr, ir.Num):
            return isinstance(expr.value, int)
        if isinstance(expr, ir.Ref):
            return expr.name in self.whole
        if isinstance(expr, ir.Binary):
            return expr.op != "/" and self.is_whole(expr.left) and self.is_whole(expr.right)
        return expr.function == "round8" or all(map(self.is_whole, expr.arguments))

    def _render(self, expr: ir.Expr) -> tuple[str, int]:
        """The Python text, and how tightly its outermost operator binds."""
        if isinstance(expr, ir.Num):
            return repr(expr.value), ATOM
        if isinstance(expr, ir.Ref):
            self.used.add(expr.name)
            return self.words[expr.name], ATOM
        if isinstance(expr, ir.Call):
            function = "nn.round8" if expr.function == "round8" else expr.function
            arguments = (self._short(self._render(each)[0], len(expr.arguments)) for each in expr.arguments)
            return f"{function}({', '.join(arguments)})", ATOM
        level = PRECEDENCE[expr.op]
        left, right = self._operand(expr.left, level), self._operand(expr.right, level + 1)
        return f"{left} {'//' if expr.op == 'div' else expr.op} {right}", level

    def _operand(self, expr: ir.Expr, least: int) -> str:
        text, level = self._render(expr)
        short = self._short(text, 2)
        return short if level >= least or short != text else f"({text})"

    def _short(self, text: str, among: int) -> str:
        """The text, or a name for it if it would take more than its share of a line."""
        if len(text) <= LONGEST // among:
            return text
        self.parts += 1
        self.lines.append(f"part{self.parts} = {text}")
        return f"part{self.parts}"
