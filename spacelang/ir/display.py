"""A space as notebooks show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spacelang.ir.expressions import Number
from spacelang.ir.nodes import Choices, SearchSpace, Stage
from spacelang.report.html import table
from spacelang.report.suggest import spelled

SHOWN = 4
"""The most windows that are written out."""


def html_of(space: SearchSpace) -> str:
    """The stages of a space as an HTML table."""
    caption = f"{space.kind} {space.name} on {space.device.name}, resolution {_set(space.resolutions)}"
    columns = ("stage", "blocks", "depth", "stride", "widths")
    return table(caption, columns, (_row(each) for each in space.stem + space.stages))


def _row(stage: Stage) -> Iterator[str]:
    yield stage.name
    yield ", ".join(each.block for each in stage.candidates)
    yield _set(stage.depth)
    yield str(stage.stride)
    yield ", ".join(map(_choices, stage.windows[:SHOWN])) + ", …" * (len(stage.windows) > SHOWN)


def _choices(choices: Choices) -> str:
    return f"[{_listed(choices.values)}]" if choices.per_layer else _set(choices.values)


def _set(values: Iterable[Number]) -> str:
    return f"{{{_listed(values)}}}"


def _listed(values: Iterable[Number]) -> str:
    return ", ".join(map(spelled, values))
