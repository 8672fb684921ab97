"""What the checks of one space share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spacelang import ast
from spacelang.ast.loader import Program
from spacelang.check import bodies
from spacelang.check.values import WidthRule
from spacelang.language.arithmetic import Real
from spacelang.report.diagnostics import Report
from spacelang.report.source import Span


@dataclass
class Context:
    """One space in its program.

    Attributes:
        widths: the device's rule; None where the device or its rule is unknown, which is reported.
        unsound: names of blocks that have errors of their own, so that nothing is concluded from their bodies.
        blocks_written: whether the space has a list of blocks, be it one that couldn't be read.
        head_whole: whether every line of the head could be read.
        candidates: the space's list, without what is wrong in it.
        numbers: what numeric arguments stand for, by argument.
    """

    program: Program
    space: ast.Space
    report: Report
    budget: bodies.Budget
    unsound: frozenset[str]
    widths: WidthRule | None = None
    blocks_written: bool = False
    head_whole: bool = True
    candidates: tuple[ast.BlockUse, ...] = ()
    numbers: dict[ast.Argument, tuple[Real, ...]] = field(default_factory=dict)
    _known: dict[tuple[object, ...], tuple[bodies.Misfit, str] | None] = field(default_factory=dict)

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

    def misfit(self, block: ast.Block, choices: bodies.Choices, size: int | None) -> tuple[bodies.Misfit, str] | None:
        """`bodies.misfit`, once for each question."""
        key = (block.name.text, choices, size)
        if key not in self._known:
            self._known[key] = bodies.misfit(block, choices, size, self.budget)
        return self._known[key]


def unsound_blocks(program: Program, report: Report) -> frozenset[str]:
    """Blocks in whose text an error was found so far."""
    return frozenset(name for name, block in program.blocks.items() if report.errors_within(block.span))
