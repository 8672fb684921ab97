"""One line of a source as a terminal shows it, and where a span lies under it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from spacelang.report.render.escape import columns, visible
from spacelang.report.source import Source, Span

TAB = 4
MAX_COLUMNS = 160
"""The most columns of an excerpt; a longer line is cut around the place that matters."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A character as shown: its text and its columns `start` to `end` (excluded)."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=2)  # with many errors on a long line, its characters are processed only once
def cells(line: str) -> Sequence[Cell]:
    """The characters of a line, tabs widened and hidden characters escaped."""
    shown: list[Cell] = []
    at = 0
    for char in line:
        text = " " * (TAB - at % TAB) if char == "\t" else visible(char)
        end = at + sum(map(columns, text))
        shown.append(Cell(text, at, end))
        at = end
    return shown


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line as shown, and the columns (end excluded) to underline for each of the spans asked for."""

    text: str
    underlined: tuple[tuple[int, int], ...]


def excerpt(source: Source, number: int, spans: Sequence[Span]) -> Excerpt:
    """The line of that number, and the part of each span that lies in it.

    A span that runs on beyond the line is underlined to the line's end, one that began before it from the first
    character that isn't blank; an empty one gets one column. A line too long to read is cut around the first span.
    """
    line = source.line(number)
    shown = cells(line)
    places = [_columns(source, number, line, shown, span) for span in spans]
    width = shown[-1].end if shown else 0
    if width <= MAX_COLUMNS:
        return Excerpt("".join(cell.text for cell in shown), tuple(places))

    left = max(0, min(places[0][0] - MAX_COLUMNS // 3, width - MAX_COLUMNS))
    first = bisect_left(shown, left, key=lambda cell: cell.start)
    kept = shown[first : bisect_right(shown, left + MAX_COLUMNS, key=lambda cell: cell.end)]
    before, after = "…" if left else "", "…" if kept[-1] is not shown[-1] else ""
    low, high, shift = kept[0].start, kept[-1].end, kept[0].start - len(before)
    starts = [min(max(start, low), high) for start, _ in places]
    ends = [max(min(end, high), start + 1) for start, (_, end) in zip(starts, places, strict=True)]
    text = before + "".join(cell.text for cell in kept) + after
    return Excerpt(text, tuple((start - shift, end - shift) for start, end in zip(starts, ends, strict=True)))


def _columns(source: Source, number: int, line: str, shown: Sequence[Cell], span: Span) -> tuple[int, int]:
    first_line, first_column = source.position(span.start)
    last_line, last_column = source.position(span.end)
    first = first_column - 1 if number == first_line else len(line) - len(line.lstrip())
    last = last_column - 1 if number == last_line else len(line)
    width = shown[-1].end if shown else 0
    start = shown[first].start if first < len(shown) else width
    end = shown[last - 1].end if 0 < last <= len(shown) else width
    return start, max(end, start + 1)
