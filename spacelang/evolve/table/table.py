"""A table of measured stage architectures: what a space's quality is computed from (paper, C.3).

For each (stage, block, window) of a hyperspace it holds rows: the layers, the channels that come in, the resolution and
the loss of block-wise distillation. None of that depends on a device, so latencies are attached apart from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from spacelang import ir
from spacelang.evolve.settings import require_space, shown
from spacelang.evolve.table.columns import regular, regular_latencies
from spacelang.evolve.table.repeats import copies
from spacelang.evolve.table.rows import Cell, FloatArray, IntArray, Latencies, Rows
from spacelang.evolve.table.rules import SHOWN, check_latencies, check_losses, check_rows
from spacelang.networks.genome import Genome
from spacelang.report.diagnostics import Report, refuse
from spacelang.report.html import table as html_table
from spacelang.report.suggest import listed, some
from spacelang.translate.diff import Change, diff

__all__ = ["Cell", "FloatArray", "IntArray", "Latencies", "Rows", "Table", "all_cells", "cells_of", "genome_of_cells"]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of one hyperspace, sorted by cell. Make one with `Table.of`, `read_table` or `import_table`.

    Attributes:
        space: the hyperspace, without its settings.
        latencies: None until a device's are attached.
        origin: where the rows came from, in words.
    """

    space: ir.SearchSpace
    rows: Rows
    latencies: Latencies | None
    origin: str

    def __repr__(self) -> str:
        device = f"latencies of {self.latencies.device}" if self.latencies is not None else "no latencies"
        return f"<table of {self.space.name}: {len(self.rows)} rows, {len(self.cells)} cells, {device}>"

    def _repr_html_(self) -> str:
        counts: dict[tuple[int, int], int] = {}
        for cell, rows in self.cells.items():
            key = (cell.stage, cell.block)
            counts[key] = counts.get(key, 0) + rows.stop - rows.start
        names = [(stage.name, each.block, index, each.id) for index, stage in enumerate(self.space.stages)
                 for each in stage.candidates]  # fmt: skip
        shown = ((stage, block, counts.get((index, id), 0)) for stage, block, index, id in names)
        return html_table(repr(self)[1:-1], ("stage", "block", "rows"), shown)

    @staticmethod
    def of(space: ir.SearchSpace, rows: Rows, latencies: Latencies | None, origin: str) -> Table:
        """A table of rows in any order. Rows that only copy others are left out (`repeats.copies`).

        Raises:
            SpacelangError: SP0703, SP0714, SP0725: if an argument is of another kind, if the space can't contain a row,
                if a loss or a latency isn't usable, or one is missing.
        """
        require_space(space)
        if not isinstance(origin, str):
            refuse("SP0725", f"`origin` is {shown(origin)}", "say in words where the rows came from")
        rows, latencies = regular(rows, latencies)
        _require_sound(space, rows, latencies)
        report = Report()
        check_rows(space, rows, "the table", report)
        report.raise_if_failed()
        return assembled(space, rows, latencies, origin).without_copies()

    def without_copies(self) -> Table:
        """The same table if no row only copies another."""
        latency = None if self.latencies is None else self.latencies.rows_ms
        extra = copies(self.rows, latency)
        if not len(extra):
            return self
        kept = np.delete(np.arange(len(self.rows)), extra)
        latencies = None if self.latencies is None else replace(self.latencies, rows_ms=self.latencies.rows_ms[kept])
        return replace(self, rows=self.rows.take(kept), latencies=latencies)

    @cached_property
    def cells(self) -> dict[Cell, slice]:
        """The rows of each cell that has any."""
        rows = self.rows
        keys = np.stack((rows.stage, rows.block, rows.window), axis=1)
        starts = np.flatnonzero(np.any(keys[1:] != keys[:-1], axis=1)) + 1
        bounds = [0, *starts.tolist(), len(rows)] if len(rows) else [0]
        return {Cell(*keys[start].tolist()): slice(start, end) for start, end in pairwise(bounds)}

    @property
    def missing(self) -> tuple[Cell, ...]:
        """The cells of the hyperspace that have no row."""
        return tuple(each for each in all_cells(self.space) if each not in self.cells)

    def attach(self, device: str, rows_ms: FloatArray, fixed_ms: Mapping[int, float]) -> Table:
        """The same rows with the latencies of a device, which replace any that were there.

        Args:
            rows_ms: one for each row, in the table's order.
            fixed_ms: of stem and head in their smallest setting, for each resolution of the space.

        Raises:
            SpacelangError: SP0703, SP0714, SP0725: if one is missing, not positive or too large, or not a number.
        """
        latencies = regular_latencies(Latencies(device, fixed_ms, rows_ms))
        _require_sound(self.space, self.rows, latencies)
        return replace(self, latencies=latencies)

    def require_latencies(self) -> Latencies:
        """Raises: SpacelangError: SP0705: if none are attached."""
        if self.latencies is None:
            refuse(
                "SP0705",
                "the table has no latencies, so no space can be scored with it",
                "attach those of a device: `spacelang table attach TABLE --device NAME -o TABLE`",
            )
        return self.latencies

    def require_cells(self, cells: Iterator[Cell] | tuple[Cell, ...]) -> None:
        """Raises: SpacelangError: SP0706: if one of the cells has no row."""
        missing = [each for each in cells if each not in self.cells]
        if missing:
            named = some([self.describe(each) for each in missing], SHOWN, joint="; ")
            help = "distil these blocks first; `spacelang table info` lists what is missing"
            refuse("SP0706", f"the table has no rows for {named}", help)

    def require_fit(self, space: ir.SearchSpace, part: ir.SearchSpace | None = None) -> None:
        """Check that `space` is the table's hyperspace, or the given part of it.

        Raises: SpacelangError: SP0704: if it isn't; the message names what differs.
        """
        mine = part or self.space
        if space.sha256 == mine.sha256:
            return
        verb = "is not" if part is None else "doesn't hold"
        other = f"{verb} {space.name}@{space.short_hash}"
        found = [_in_words(each) for each in _structural_changes(mine, space)]
        refuse(
            "SP0704",
            f"the table was made for {self.space.name}@{self.space.short_hash}, which {other}: "
            f"{some(found, SHOWN, 'differences', '; ')}",
            "use the space that the table was made for, or make a table for this one",
        )

    def describe(self, cell: Cell) -> str:
        """A cell in the words of the text."""
        stage = self.space.stages[cell.stage]
        widths = listed(map(str, stage.windows[cell.window].values), "and")
        block = stage.candidate(cell.block).block
        return f"{stage.name}, block {cell.block} ({block}), width list {cell.window} ({widths})"


def _structural_changes(mine: ir.SearchSpace, other: ir.SearchSpace) -> list[Change]:
    """What differs in the networks themselves; names, devices and settings aside."""
    pair = (
        ir.replace(without_settings(each), name=mine.name, device=mine.device, origin=None) for each in (mine, other)
    )
    return [each for each in diff(*pair) if each.path not in ("spaces", "models")]


def _in_words(change: Change) -> str:
    if "\n" in change.before + change.after:
        return f"{change.path} differs"
    if change.kind == "renamed":
        return f"the stage {change.before} of the table is called {change.after} in the space"
    if change.kind == "moved":
        return f"the stage {change.path} is in another place in the space"
    if change.kind == "changed":
        return f"{change.path} is {change.before} in the table, {change.after} in the space"
    if change.kind == "removed":
        return f"{change.path} {change.before} is in the table only"
    return f"{change.path} {change.after} is in the space only"


def require_table(table: Any) -> Table:
    """Raises: SpacelangError: SP0703, SP0714, SP0725: if it isn't a table, or has become invalid."""
    if not isinstance(table, Table):
        refuse("SP0725", f"the table is {shown(table)}", 'give what `spacelang.read_table("FILE")` returns')
    require_space(table.space)
    rows, latencies = regular(table.rows, table.latencies)
    _require_sound(table.space, rows, latencies)
    return table if rows is table.rows else replace(table, rows=rows, latencies=latencies)


def assembled(space: ir.SearchSpace, rows: Rows, latencies: Latencies | None, origin: str) -> Table:
    """A table of rows that are known to be sound, in any order."""
    if not rows.ordered:
        if latencies is not None:
            latencies = replace(latencies, rows_ms=latencies.rows_ms[rows.order])
        rows = rows.take(rows.order)
    return Table(without_settings(space), rows, latencies, origin)


def without_settings(space: ir.SearchSpace) -> ir.SearchSpace:
    """The space as a table remembers it: targets and search settings may change, the rows stay right."""
    return ir.replace(space, targets=None, limits=None, quality=None, evolution=None, distill=None, train=None)


def all_cells(space: ir.SearchSpace) -> Iterator[Cell]:
    """Every (stage, block, window) of a hyperspace, in order."""
    for index, stage in enumerate(space.stages):
        for block in sorted(each.id for each in stage.candidates):
            for window in range(len(stage.windows)):
                yield Cell(index, block, window)


def cells_of(genome: Genome) -> tuple[Cell, ...]:
    """The cell that each stage of a space uses."""
    return tuple(Cell(stage, *choice) for stage, choice in enumerate(zip(genome.blocks, genome.windows, strict=True)))


def genome_of_cells(cells: tuple[Cell, ...]) -> Genome:
    """The inverse of `cells_of`."""
    return Genome(tuple(each.block for each in cells), tuple(each.window for each in cells))


def _require_sound(space: ir.SearchSpace, rows: Rows, latencies: Latencies | None) -> None:
    """Raises: SpacelangError: SP0703, SP0714: if a loss or a latency isn't usable, or one is missing."""
    report = Report()
    check_losses(rows, report)
    if latencies is not None:
        check_latencies(space, rows, latencies, report)
    report.raise_if_failed()
