"""Tables for terminals that are narrower than they are. No word or number is broken, and no line wraps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from rich.console import Console
from rich.table import Column, Table

Gap: TypeAlias = tuple[int, int] | tuple[int, int, int, int]

COMFORTABLE = 12
"""Cells up to this length stay on one line: a width such as `2 of 32..64`."""
GAPS: tuple[Gap, ...] = ((0, 1), (0, 1, 0, 0))
"""The padding of cells: what tables have, and less."""


def fitted(console: Console, table: Table, width: int) -> Iterator[Table]:
    """The table as it is, if the width holds it; else with long cells wrapped between words, and columns closer.

    If that isn't enough, in parts that stand below each other, each with the first column.
    """
    if _width(console, table) <= width:
        yield table
        return
    columns = range(len(table.columns))
    for gap in GAPS:
        if _width(console, _part(console, table, columns, gap)) <= width:
            yield _widened(console, table, columns, gap, width)
            return
    group = [0]
    for at in columns[1:]:
        if len(group) > 1 and _width(console, _part(console, table, [*group, at], GAPS[-1])) > width:
            yield _widened(console, table, group, GAPS[-1], width)
            group = [0]
        group.append(at)
    yield _widened(console, table, group, GAPS[-1], width)


def _width(console: Console, table: Table) -> int:
    return console.measure(table).maximum


def _part(console: Console, table: Table, columns: Sequence[int], gap: Gap) -> Table:
    """Some columns of a table, as narrow as they can be without breaking a word or a short cell."""
    titled = 1 in columns  # the first part
    part = Table(
        title=table.title if titled else None,
        title_justify=table.title_justify,
        title_style=table.title_style,
        box=table.box,
        pad_edge=table.pad_edge,
        padding=gap,
    )
    for at in columns:
        column = table.columns[at]
        part.add_column(column.header, justify=column.justify, overflow="fold", width=_least(console, column))
    cells = zip(*(table.columns[at].cells for at in columns), strict=True)
    for row, values in zip(table.rows, cells, strict=True):
        part.add_row(*values, end_section=row.end_section)
    return part


def _least(console: Console, column: Column) -> int:
    cells = [console.measure(each) for each in column.cells]
    words = [console.measure(column.header).minimum, *(each.minimum for each in cells)]
    return max(*words, min(COMFORTABLE, max((each.maximum for each in cells), default=0)))


def _widened(console: Console, table: Table, columns: Sequence[int], gap: Gap, width: int) -> Table:
    """A part whose columns share the width that is left; those that need least get it first."""
    part = _part(console, table, columns, gap)
    left = max(0, width - _width(console, part))
    wanted = [max(console.measure(each).maximum for each in (column.header, *column.cells)) for column in part.columns]
    by_need = sorted(zip(wanted, part.columns, strict=True), key=lambda each: each[0] - (each[1].width or 0))
    for at, (want, column) in enumerate(by_need):
        more = min(want - (column.width or 0), left // (len(by_need) - at))
        column.width = (column.width or 0) + more
        left -= more
    return part
