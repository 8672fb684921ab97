"""`diff`: what differs in meaning between two spaces."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import wants_color, write, write_json
from spacelang.cli.exits import DIFFERENT
from spacelang.cli.inputs import load_space
from spacelang.cli.revisions import checked_out

if TYPE_CHECKING:
    from spacelang.ir.nodes import SearchSpace

COLORS = {"+": "32", "-": "31", "~": "33"}


class DiffFormat(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


Side = Annotated[str, typer.Argument(metavar="FILE", help="`FILE`, `FILE#NAME`, or `REV:FILE` of git.")]


def diff(
    before: Side,
    after: Side,
    format: Annotated[DiffFormat, typer.Option(help="`markdown` is a table for a pull request.")] = DiffFormat.TEXT,
) -> None:
    """Compare two spaces by what they mean: stages, blocks, widths, targets, cardinality. Exits 2 if they differ."""
    from spacelang.translate.diff import diff as changes_between
    from spacelang.translate.diff import to_lines, to_markdown

    changes = changes_between(_load(before), _load(after))
    if format is DiffFormat.JSON:
        write_json({"before": before, "after": after, "changes": [asdict(each) for each in changes]})
    elif format is DiffFormat.MARKDOWN:
        write(to_markdown(changes))
    else:
        write(_colored(to_lines(changes)))
    if changes:
        raise typer.Exit(DIFFERENT)


def _load(argument: str) -> SearchSpace:
    with checked_out(argument) as file:
        return load_space(file, shown=argument)


def _colored(text: str) -> str:
    if not wants_color(sys.stdout):
        return text
    lines = text.splitlines()
    return "".join(f"{_paint(line, COLORS.get(line.lstrip()[:1]))}\n" for line in lines)


def _paint(line: str, color: str | None) -> str:
    return f"\x1b[{color}m{line}\x1b[0m" if color else line
