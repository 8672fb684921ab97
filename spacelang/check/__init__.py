"""Everything that can be wrong with declarations that could be read, all in one run."""

from __future__ import annotations

from spacelang.diagnostics import Report
from spacelang.loader import Program


def check(program: Program, report: Report) -> None:
    """Reports everything that is wrong with a program; without an error, it can be lowered."""
