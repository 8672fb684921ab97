"""Formatting as edits: only the lines that change, so that cursors and marks elsewhere stay in place."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

from spacelang.editor.analysis import Analysis
from spacelang.syntax.format import format_file


class TextEdit(NamedTuple):
    """`text` replaces the characters `start` to `end`."""

    start: int
    end: int
    text: str


def formatting(analysis: Analysis, start: int = 0, end: int | None = None) -> list[TextEdit]:
    """The edits that lay a document out, or those that touch the lines between two offsets.

    There are none if the syntax is wrong, because half a text can't be formatted.
    """
    text = analysis.source.text
    if not analysis.parsed.is_well_formed:
        return []
    before, after = text.splitlines(keepends=True), format_file(analysis.parsed.file).splitlines(keepends=True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    edits = [
        TextEdit(starts[i], starts[j], "".join(after[k:m]))
        for tag, i, j, k, m in matcher.get_opcodes()
        if tag != "equal"
    ]
    stop = len(text) if end is None else end
    return [each for each in edits if each.start <= stop and each.end >= start]
