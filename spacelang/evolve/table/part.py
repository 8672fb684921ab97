"""The part of a table that a narrower hyperspace needs: fixed operators or fixed widths take no table of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spacelang import ir
from spacelang.evolve.table.table import Cell, Table, all_cells, assembled


def table_for(space: ir.SearchSpace, table: Table) -> Table:
    """The table of a hyperspace: the whole one where it was made for it, a part where it was made for a wider one.

    A wider one has the same input, stem, strides, depths and head, and all of the blocks, width lists and resolutions.
    Search ids may differ: a block is known by its body and its choices. Rows keep the channels that they were measured
    with, so a space has the score here that it has in the wider one. Row numbers are those of the part.

    Raises: SpacelangError: SP0704: if the table doesn't fit; the message names what differs.
    """
    cells = None if space.sha256 == table.space.sha256 else _wider_cells(space, table.space)
    if cells is None:
        table.require_fit(space)
        return table
    index, labels = [np.zeros(0, np.int64)], [np.zeros((0, len(Cell._fields)), np.int64)]
    for mine, wider in cells.items():
        part = table.cells.get(wider, slice(0, 0))
        rows = part.start + np.flatnonzero(np.isin(table.rows.resolution[part], space.resolutions))
        index.append(rows)
        labels.append(np.tile(mine, (len(rows), 1)))
    kept = np.concatenate(index)
    stage, block, window = np.concatenate(labels).T
    latencies = table.latencies
    if latencies is not None:
        fixed_ms = {size: latencies.fixed_ms[size] for size in space.resolutions if size in latencies.fixed_ms}
        latencies = replace(latencies, fixed_ms=fixed_ms, rows_ms=latencies.rows_ms[kept])
    rows_here = replace(table.rows.take(kept), stage=stage, block=block, window=window)
    return assembled(space, rows_here, latencies, table.origin)


def serves(wider: ir.SearchSpace, space: ir.SearchSpace) -> bool:
    """Whether a table of `wider` can be used for a hyperspace: it is the same or a narrower one."""
    return space.sha256 == wider.sha256 or _wider_cells(space, wider) is not None


def _wider_cells(space: ir.SearchSpace, wider: ir.SearchSpace) -> dict[Cell, Cell] | None:
    """The cell of the wider hyperspace that each cell is; None where one isn't there, or the rest differs."""
    if not set(space.resolutions) <= set(wider.resolutions) or _frame(space) != _frame(wider):
        return None
    found = {}
    for cell in all_cells(space):
        mine, theirs = space.stages[cell.stage], wider.stages[cell.stage]
        choice = _choice(space, mine.candidate(cell.block))
        ids = [each.id for each in theirs.candidates if _choice(wider, each) == choice]
        if not ids or mine.windows[cell.window] not in theirs.windows:
            return None
        block = cell.block if cell.block in ids else ids[0]
        found[cell] = Cell(cell.stage, block, theirs.windows.index(mine.windows[cell.window]))
    return found


def _frame(space: ir.SearchSpace) -> tuple[object, ...]:
    """What a narrower hyperspace shares with the wider one."""
    stages = [ir.replace(stage, windows=(), candidates=()) for stage in space.stages]
    stem = [[_choice(space, each) for each in stage.candidates] for stage in space.stem]
    return space.kind, space.channels, space.classes, space.stem, stem, stages, space.head


def _choice(space: ir.SearchSpace, candidate: ir.Candidate) -> tuple[ir.Block, ir.Candidate]:
    """A block's body, and what its parameters may take."""
    return space.blocks_by_name[candidate.block], ir.replace(candidate, id=0)
