"""What the checks of one space share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacelang import ast
from spacelang.ast.bodies import Body
from spacelang.ast.loader import Program
from spacelang.check import bodies
from spacelang.check.values import WidthRule
from spacelang.ir.parameters import ParameterType
from spacelang.language.arithmetic import Real
from spacelang.report.diagnostics import Report
from spacelang.report.source import Span


class Context:
    """One space in its program.

    Attributes:
        bodies: the program's blocks, lowered.
        unsound: names of blocks that have errors of their own, so nothing is concluded from their bodies.
        widths: the device's rule; None if the device or its rule is unknown, which is reported.
        blocks_written: whether the space has a list of blocks, even one that couldn't be read.
        head_whole: whether every line of the head could be read.
        candidates: the space's list, without what is wrong in it.
        numbers: the values of numeric arguments, by argument.
    """

    def __init__(
        self,
        program: Program,
        space: ast.Space,
        report: Report,
        budget: bodies.Budget,
        blocks: Mapping[str, Body],
        unsound: frozenset[str],
    ) -> None:
        self.program, self.space, self.report = program, space, report
        self.budget, self.bodies, self.unsound = budget, blocks, unsound
        self.widths: WidthRule | None = None
        self.blocks_written = False
        self.head_whole = True
        self.candidates: tuple[ast.BlockUse, ...] = ()
        self.numbers: dict[ast.Argument, tuple[Real, ...]] = {}
        self._known: dict[tuple[object, ...], Answer] = {}

    @property
    def is_model(self) -> bool:
        return self.space.kind == "model"

    @property
    def blocks(self) -> Mapping[str, ast.Block]:
        return self.program.blocks

    def is_sound(self, block: ast.Block) -> bool:
        return block.name.text not in self.unsound

    def touched(self, span: Span) -> bool:
        return bool(self.report.errors_within(span))

    def types(self, block: str) -> Mapping[str, ParameterType]:
        """The type of each parameter of a block."""
        return {each.name: each.type for each in self.bodies[block].block.parameters}

    def misfit(self, block: str, given: bodies.Given, size: int | None) -> Answer:
        """`bodies.misfit`, computed once for each set of arguments."""
        return self._once("fits", block, given, size)

    def uneven(self, block: str, given: bodies.Given) -> Answer:
        """`bodies.uneven`, computed once for each set of arguments."""
        return self._once("even", block, given, None)

    def _once(self, *key: Any) -> Answer:
        if key not in self._known:
            law, block, given, size = key
            body = self.bodies[block].block
            fits = law == "fits"
            self._known[key] = (
                bodies.misfit(body, given, size, self.budget) if fits else bodies.uneven(body, given, self.budget)
            )
        return self._known[key]


Answer = bodies.Found | bodies.Undecided | None


def unsound_blocks(program: Program, report: Report) -> frozenset[str]:
    """Blocks with an error found so far."""
    return frozenset(name for name, block in program.blocks.items() if report.errors_within(block.span))
