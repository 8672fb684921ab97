"""`diff`: what differs in meaning between two spaces."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import wants_color, write, write_json
from spacelang.cli.exits import DIFFERENT
from spacelang.cli.inputs import load_space
from spacelang.cli.revisions import checked_out

if TYPE_CHECKING:
    from spacelang.ir.nodes import SearchSpace
    from spacelang.latency.predict.predictor import LatencyEstimator

COLORS = {"+": "32", "-": "31", "~": "33"}


class DiffFormat(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


Side = Annotated[str, typer.Argument(metavar="FILE", help="`FILE`, `FILE#NAME`, or `REV:FILE` of git.")]


def diff(
    before: Side,
    after: Side,
    format: Annotated[DiffFormat, typer.Option(help="`markdown` is for a pull request.")] = DiffFormat.TEXT,
    device: Annotated[
        str | None,
        typer.Option(
            "--device", metavar="NAME|FILE", help="Predict latencies before and after: a predictor, or `cost-model`."
        ),
    ] = None,
    breaking: Annotated[
        bool, typer.Option("--breaking", help="Exit 2 only if something made with the space before no longer fits.")
    ] = False,
) -> None:
    """Compare two spaces by what they mean, and say what follows from it. Exits 2 if they differ."""
    from spacelang.review import review, to_lines, to_markdown

    spaces = _load(before), _load(after)
    found = review(*spaces, _estimators(device, spaces) if device else None)
    if format is DiffFormat.JSON:
        write_json({"before": before, "after": after, **found.to_data()})
    elif format is DiffFormat.MARKDOWN:
        write(to_markdown(found))
    else:
        write(_colored(to_lines(found)))
    if found.unfit if breaking else found.changes:
        raise typer.Exit(DIFFERENT)


def _estimators(device: str, spaces: tuple[SearchSpace, SearchSpace]) -> tuple[LatencyEstimator, LatencyEstimator]:
    from spacelang.latency.predict.shipped import estimator_for

    one, other = (estimator_for(each.device, [device], each.name) for each in spaces)
    return one, other


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
