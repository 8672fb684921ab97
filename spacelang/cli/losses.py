"""`table build`: the losses of stage architectures, measured by distilled students."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacelang.cli.console import say, write, write_json
from spacelang.cli.distill import Readers
from spacelang.cli.progress import progress
from spacelang.cli.show import Json
from spacelang.cli.table import described
from spacelang.cli.train import Accelerator


def build(
    build: Annotated[Path, typer.Argument(metavar="BUILD", help="What `spacelang distill` trained the students of.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="TABLE", help="The Parquet file to write.")],
    data: Annotated[
        str | None, typer.Option("--data", metavar="DATA", help="The same images, if they have moved since.")
    ] = None,
    teacher: Annotated[
        str | None, typer.Option("--teacher", metavar="NAME", help="The same teacher, if its folder has moved since.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="Processes on this machine; one for each core.")
    ] = None,
    readers: Readers = None,
    accelerator: Accelerator = "auto",
    json: Json = False,
) -> None:
    """Measure the loss of stage architectures, INT8 and FP32; interrupted, the same command goes on."""
    from spacelang.evolve.table.parquet import write_table
    from spacelang.train.tables import build_table, default_workers, prepare

    plan = prepare(build, data=data, teacher=teacher, accelerator=accelerator)
    if plan.done:
        say(f"{len(plan.done)} of {len(plan.parts)} parts are measured already")
    try:
        with progress("measuring") as update:
            table = build_table(
                plan,
                workers=workers or default_workers(accelerator),
                accelerator=accelerator,
                readers=readers,
                update=update,
            )
    except KeyboardInterrupt:
        say(f"{build}/bkd/losses holds what is measured; the same command goes on from there")
        raise
    write_table(table, output)
    if json:
        write_json(described(table, output))
        return
    write(f"{len(table.rows)} rows for {len(table.cells)} cells: {output}\n{table.origin}\n")
    write(f"next, latencies: spacelang table attach {output} --device NAME -o {output}\n")
