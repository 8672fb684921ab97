"""Help texts that also hold the edits, so that an editor can make them.

A help text is a `str`. If it can be carried out without a further decision, it is a `Mend`, which also holds the
edits. Messages look the same either way.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple, Self

from spacelang.report.source import Span


class Place(Enum):
    """Where an edit's text goes, relative to the span that is wrong."""

    INSTEAD = "instead"
    ABOVE = "above"
    """On a line of its own, indented as the line of the span is."""
    BELOW = "below"
    AFTER = "after"
    AWAY = "away"
    """The span is removed, and so are lines that are empty then; the edit doesn't have a text."""


class Edit(NamedTuple):
    """One way to fix an error.

    Attributes:
        text: what to write.
        place: where, relative to `span`.
        span: the span to edit, if it isn't the diagnostic's.
    """

    text: str
    place: Place = Place.INSTEAD
    span: Span | None = None


class Fix(NamedTuple):
    """An edit ready to apply: `text` replaces the characters `start` to `end` of the diagnostic's source."""

    title: str
    start: int
    end: int
    text: str


class Mend(str):
    """A help text, and the edits that carry it out: alternatives, the likeliest first."""

    edits: tuple[Edit, ...]
    sure: bool
    """Whether the first edit is what was probably meant, so that an editor may prefer it."""

    def __new__(cls, text: str, edits: Iterable[Edit] = (), *, sure: bool = True) -> Self:
        made = super().__new__(cls, text)
        made.edits = tuple(edits)
        made.sure = sure and len(made.edits) > 0
        return made


def write(help: str, *texts: str) -> Mend:
    """Help whose texts can each replace the span that is wrong; a single one is what was probably meant."""
    return Mend(help, map(Edit, texts), sure=len(texts) == 1)


def put(help: str, text: str, place: Place, span: Span | None = None) -> Mend:
    """Help that one edit carries out."""
    return Mend(help, [Edit(text, place, span)])


def fixes(help: str, span: Span | None) -> tuple[Fix, ...]:
    """The edits of a help text for a finding at `span`; none if it is only prose."""
    if span is None or not isinstance(help, Mend):
        return ()
    found = (_carried_out(each, each.span or span) for each in help.edits)
    return tuple(each for each in found if each is not None)


def _carried_out(edit: Edit, span: Span) -> Fix | None:
    text = span.source.text
    match edit.place:
        case Place.INSTEAD:
            return Fix(f"write `{edit.text}`", span.start, span.end, edit.text)
        case Place.ABOVE:
            start = text.rfind("\n", 0, span.start) + 1
            return Fix(f"write `{edit.text}` above", start, start, f"{_indent(text, start)}{edit.text}\n")
        case Place.BELOW:
            end = _line_end(text, span.end)
            return Fix(f"write `{edit.text}` below", end, end, f"\n{_indent(text, span.start)}{edit.text}")
        case Place.AFTER:
            return Fix(f"add `{edit.text.strip()}`", span.end, span.end, edit.text)
        case Place.AWAY:
            start, end = _gone(text, span)
            return Fix(f"remove `{_first_line(span.text)}`", start, end, "")


def _gone(text: str, span: Span) -> tuple[int, int]:
    """The whole lines of a span if nothing else is on them, otherwise the span with one comma next to it."""
    start, end = span.start, span.end
    line_start = text.rfind("\n", 0, start) + 1
    line_end = _line_end(text, end)
    before, after = text[line_start:start], text[end:line_end]
    if not before.strip() and not after.strip(" \t\r,"):
        return line_start, min(line_end + 1, len(text))
    if after.lstrip().startswith(","):
        comma = text.index(",", end) + 1
        return start, comma + len(text[comma:line_end]) - len(text[comma:line_end].lstrip())
    if before.rstrip().endswith(","):
        return line_start + before.rindex(","), end
    return start, end


def _indent(text: str, at: int) -> str:
    """The indentation of the line that holds a character."""
    line = text[text.rfind("\n", 0, at) + 1 : _line_end(text, at)]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _first_line(text: str) -> str:
    line, *more = text.splitlines() or [""]
    return f"{line} …" if more else line
