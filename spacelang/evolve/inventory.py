"""What a table holds, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

from spacelang.evolve.table import Cell, FloatArray, Table, all_cells


@dataclass(frozen=True)
class CellSummary:
    """Of one cell; `loss` and `latency_ms` are (least, greatest), None where there are none."""

    cell: Cell
    rows: int
    resolutions: dict[int, int]
    loss: tuple[float, float] | None
    latency_ms: tuple[float, float] | None


def inventory(table: Table) -> tuple[CellSummary, ...]:
    """Every cell of the table's hyperspace in order, those without rows too; `resolutions` counts the rows of each."""
    return tuple(_summary(table, cell) for cell in all_cells(table.space))


def _summary(table: Table, cell: Cell) -> CellSummary:
    part = table.cells.get(cell, slice(0, 0))
    resolution = table.rows.resolution[part]
    return CellSummary(
        cell,
        len(resolution),
        {each: int((resolution == each).sum()) for each in table.space.resolutions},
        _range(table.rows.loss[part]),
        _range(table.latencies.rows_ms[part]) if table.latencies else None,
    )


def _range(values: FloatArray) -> tuple[float, float] | None:
    return (float(values.min()), float(values.max())) if len(values) else None
