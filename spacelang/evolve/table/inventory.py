"""What a table holds, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

from spacelang.evolve.table.table import Cell, FloatArray, Table, all_cells


@dataclass(frozen=True)
class CellSummary:
    """What a table holds of one cell; ranges are (least, greatest), None where there are no rows or no such column.

    Attributes:
        resolutions: how many rows each has.
        int8_cost: the mean of loss / FP32 loss - 1: what quantisation adds.
    """

    cell: Cell
    rows: int
    resolutions: dict[int, int]
    loss: tuple[float, float] | None
    loss_fp32: tuple[float, float] | None
    int8_cost: float | None
    latency_ms: tuple[float, float] | None


def inventory(table: Table) -> tuple[CellSummary, ...]:
    """Every cell of the table's hyperspace in order, those without rows too."""
    return tuple(_summary(table, cell) for cell in all_cells(table.space))


def _summary(table: Table, cell: Cell) -> CellSummary:
    part = table.cells.get(cell, slice(0, 0))
    resolution, loss = table.rows.resolution[part], table.rows.loss[part]
    fp32 = None if table.rows.loss_fp32 is None else table.rows.loss_fp32[part]
    return CellSummary(
        cell,
        len(resolution),
        {each: int((resolution == each).sum()) for each in table.space.resolutions},
        _range(loss),
        None if fp32 is None else _range(fp32),
        float((loss / fp32 - 1).mean()) if fp32 is not None and len(fp32) else None,
        _range(table.latencies.rows_ms[part]) if table.latencies else None,
    )


def _range(values: FloatArray) -> tuple[float, float] | None:
    return (float(values.min()), float(values.max())) if len(values) else None
