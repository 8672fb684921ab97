"""The static checks: they find everything that is wrong with the declarations in one run.

    names       declared twice, or never used
    blocks      each block on its own
    spaces      each space, in the order of its text; for each stage
        values      its numbers
        arguments   its blocks and what they are given
        bodies      whether the blocks' bodies fit the numbers and arguments
    heads, settings

An error in one place doesn't cause errors in others: where a value is unknown, the checks that need it are skipped.
"""

from __future__ import annotations

from spacelang.ast.bodies import lower_body
from spacelang.ast.loader import Program
from spacelang.check.blocks import check_block
from spacelang.check.bodies import Budget
from spacelang.check.context import Context, unsound_blocks
from spacelang.check.names import check_names
from spacelang.check.spaces import check_space
from spacelang.report.diagnostics import Report

__all__ = ["check"]


def check(program: Program, report: Report) -> None:
    """Reports everything that is wrong with a program; without an error in the report, it can be lowered."""
    check_names(program, report)
    for module in program.modules:
        for block in module.blocks:
            check_block(block, report)
    unsound, budget = unsound_blocks(program, report), Budget()
    bodies = {name: lower_body(block) for name, block in program.blocks.items()}
    for module in program.modules:
        for space in module.spaces:
            check_space(Context(program, space, report, budget, bodies, unsound))
