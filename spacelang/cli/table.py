"""`table import` and `table info`: measured stage architectures, which a search draws its scores from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import print_parts, say, show_diagnostics, write_json
from spacelang.cli.inputs import load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import Json, simple_table

if TYPE_CHECKING:
    from spacelang.evolve.table.table import Table


def _fixed(text: str) -> dict[int, float]:
    """`160=1.751,192=2.277` as numbers."""
    fixed: dict[int, float] = {}
    for part in filter(None, text.split(",")):
        resolution, _, value = part.partition("=")
        try:
            fixed[int(resolution)] = float(value)
        except ValueError:
            raise typer.BadParameter(f"'{part}' is not RESOLUTION=MILLISECONDS, such as 160=1.751") from None
    return fixed


def import_(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE|FOLDER", help="Files named stageS_BLOCK_WINDOW.csv.")],
    space: Annotated[str, typer.Option("--space", metavar="FILE", help="The hyperspace that the table was made for.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The Parquet file to write.")],
    fixed_latency: Annotated[
        str,
        typer.Option(
            metavar="RES=MS,…", help="Latency of stem and head in their smallest setting, for each resolution."
        ),
    ] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Compute FLOPs and parameters of every row; report those that differ.")
    ] = False,
    json: Json = False,
) -> None:
    """Import a published table. It is read strictly: a row that the space can't contain is an error."""
    from spacelang.evolve.table.doubts import contradictions, doubts
    from spacelang.evolve.table.importer import import_table
    from spacelang.evolve.table.parquet import write_table

    hyperspace = load_space(space, ("hyperspace",))
    remarks: list[str] = []
    with progress("verifying" if verify else "importing") as update:
        fixed = _fixed(fixed_latency)
        table = import_table(archive, hyperspace, fixed, verify=verify, progress=update, remark=remarks.append)
    targets = hyperspace.targets.latency_ms if hyperspace.targets else None
    show_diagnostics([*doubts(table, targets), *contradictions(table)])
    write_table(table, output)
    say(f"{len(table.rows)} rows for {len(table.cells)} cells{', all costs equal' * verify}: {output}")
    for each in remarks:
        say(each)
    if table.missing:
        say(f"{len(table.missing)} cells have no rows; `spacelang table info {output}` shows which")
    if json:
        write_json(summary(table, output))


def described(table: Table, output: Path) -> dict[str, object]:
    """What a program gets about a table of losses that was written."""
    return {"table": str(output), "rows": len(table.rows), "cells": len(table.cells), "origin": table.origin}


def summary(table: Table, output: Path) -> dict[str, object]:
    """As `described`, and the device of its latencies."""
    return {**described(table, output), "device": table.latencies.device if table.latencies else None}


def info(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A Parquet file that spacelang wrote.")],
    json: Json = False,
) -> None:
    """Print what a table holds, cell by cell; a cell without rows has to be distilled first."""
    from spacelang.evolve.table.doubts import doubts
    from spacelang.evolve.table.inventory import inventory
    from spacelang.evolve.table.parquet import read_table

    found = read_table(table)
    show_diagnostics(doubts(found))
    if json:
        write_json(_described(found))
        return
    space, latencies = found.space, found.latencies
    device = f"latencies of {latencies.device}" if latencies else "no latencies attached"
    title = f"{len(found.rows)} rows of {space.name} ({space.short_hash}), {device}\n{found.origin}"
    fp32 = found.rows.loss_fp32 is not None
    losses = ("FP32 loss", "INT8 loss", "INT8 adds") if fp32 else ("loss",)
    columns = ("stage", "block", "widths", "rows", *losses, "latency ms")
    rows = simple_table("", columns, columns[3:])
    for each in inventory(found):
        stage = space.stages[each.cell.stage]
        block = f"{each.cell.block} {stage.candidate(each.cell.block).block}"
        widths = ", ".join(map(str, stage.windows[each.cell.window].values))
        ends = [_ends(each.loss_fp32), _ends(each.loss), _share(each.int8_cost)] if fp32 else [_ends(each.loss)]
        rows.add_row(stage.name, block, widths, str(each.rows), *ends, _ends(each.latency_ms))
    print_parts(title, rows)


def _ends(ends: tuple[float, float] | None) -> str:
    return f"{ends[0]:.4f} to {ends[1]:.4f}" if ends else "none"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:+.1%}"


def _described(table: Table) -> dict[str, object]:
    from spacelang.evolve.table.inventory import inventory

    latencies = table.latencies
    return {
        "hyperspace": table.space.name,
        "sha256": table.space.sha256,
        "origin": table.origin,
        "device": latencies.device if latencies else None,
        "fixed_ms": {str(size): value for size, value in latencies.fixed_ms.items()} if latencies else None,
        "rows": len(table.rows),
        "cells": [
            {
                "stage": table.space.stages[each.cell.stage].name,
                "block": each.cell.block,
                "window": each.cell.window,
                "rows": each.rows,
                "resolutions": {str(size): count for size, count in each.resolutions.items()},
                "loss": each.loss,
                "loss_fp32": each.loss_fp32,
                "int8_cost": each.int8_cost,
                "latency_ms": each.latency_ms,
            }
            for each in inventory(table)
        ],
    }
