"""Code actions: the fixes that diagnostics carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from spacelang.editor.analysis import Analysis
from spacelang.report.diagnostics import Diagnostic
from spacelang.report.mend import Fix, Mend


class Action(NamedTuple):
    """`preferred`: the fix is what was probably meant, so the editor may apply it with one key."""

    diagnostic: Diagnostic
    fix: Fix
    preferred: bool


def actions(analysis: Analysis, start: int, end: int) -> Iterator[Action]:
    """The fixes for diagnostics that touch the characters `start` to `end` of the document."""
    for each in analysis.diagnostics:
        if each.span is None or each.span.source is not analysis.source:
            continue
        if each.span.start <= end and each.span.end >= start:
            sure = isinstance(each.help, Mend) and each.help.sure
            for index, fix in enumerate(each.fixes):
                yield Action(each, fix, sure and index == 0)
