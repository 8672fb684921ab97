"""Inlay hints: the width lists that windows and ranges stand for, and how many choices a stage has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from spacelang import ast
from spacelang.ast.choices import count, windows
from spacelang.editor.analysis import Analysis
from spacelang.language import limits
from spacelang.report.suggest import spelled

SHOWN = 3
"""The most windows, or numbers at the ends of a long list, that a hint writes out."""


class Hint(NamedTuple):
    """`text` is shown at `offset`; `tip` is the full text."""

    offset: int
    text: str
    tip: str


def hints(analysis: Analysis, start: int, end: int) -> list[Hint]:
    """The hints of the lines between two offsets."""
    found = [hint for space in analysis.program.main.spaces for hint in _of_space(space, analysis)]
    return [each for each in found if start <= each.offset <= end]


def _of_space(space: ast.Space, analysis: Analysis) -> Iterator[Hint]:
    multiple = analysis.width_multiple(space)
    for stage in (*space.stem, *space.stages):
        if stage.width is None:
            continue
        lists = width_lists(stage.width, multiple)
        if lists and (stage.width.window is not None or stage.width.values.form == "range"):
            shown = [braced(each) for each in lists]
            more = ", …" if len(shown) > SHOWN else ""
            yield Hint(stage.width.span.end, f"= {', '.join(shown[:SHOWN])}{more}", "\n".join(shown))
        if stage.role == "stage" and space.kind == "hyperspace":
            yield from _spaces(stage, space, lists)


def _spaces(stage: ast.Stage, space: ast.Space, lists: tuple[tuple[int | float, ...], ...]) -> Iterator[Hint]:
    blocks = 1 if stage.block is not None else len(stage.blocks or space.blocks)
    if lists and blocks:
        total = blocks * len(lists)
        tip = f"{_many(blocks, 'block')} × {_many(len(lists), 'width list')}"
        yield Hint(stage.span.end, _many(total, "space"), tip)


def width_lists(widths: ast.Widths, multiple: int | None) -> tuple[tuple[int | float, ...], ...]:
    """The width lists of a stage; none if they are wrong or too many, or if their step isn't known."""
    if multiple is None and widths.values.form == "range" and widths.values.step is None:
        return ()
    window = widths.window
    if not 0 < count(widths.values, multiple or 1) <= limits.VALUES:
        return ()
    if window is not None and (window.value < 1 or window.value != int(window.value)):
        return ()
    return windows(widths, multiple or 1)


def braced(values: tuple[int | float, ...]) -> str:
    """`{32, 48, 64}`; of long lists only the ends are shown."""
    texts = [spelled(each) for each in values]
    if len(texts) > 2 * SHOWN:
        texts = [*texts[:SHOWN], "…", *texts[-SHOWN:]]
    return f"{{{', '.join(texts)}}}"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}".replace(",", "\u202f")
