"""`train`: the supernet of a space."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import print_parts, say, write, write_json
from spacelang.cli.inputs import load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import File, Json, simple_table

if TYPE_CHECKING:
    from spacelang.train.supernet import Run

Accelerator = Annotated[str, typer.Option("--accelerator", metavar="NAME", help="auto, cpu or cuda.")]
Workers = Annotated[int, typer.Option("--workers", min=0, max=256, help="Processes that read images ahead.")]


def train(
    file: File,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="RUN", help="The folder to make, or to go on with.")
    ],
    data: Annotated[str, typer.Option("--data", metavar="DATA", help="`digits`, or a folder with train/ and val/.")] = (
        "digits"
    ),
    start: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="RUN|FILE", help="Begin with the weights of another training, or with a file of them."
        ),
    ] = None,
    keep_every: Annotated[
        int, typer.Option(min=0, max=100000, metavar="N", help="Keep the weights of every N epochs too; 0: of none.")
    ] = 0,
    accelerator: Accelerator = "auto",
    workers: Annotated[
        int | None,
        typer.Option(
            min=0, max=256, help="Processes that read images ahead; none beside a processor, one a core beside a GPU."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Train the supernet of a space, FP32 then INT8. Interrupted, the same command goes on; works under `torchrun`."""
    from spacelang.train.supernet import is_first
    from spacelang.train.supernet import train as trained

    space = load_space(file)
    first = is_first()
    try:
        with progress("training") if first else nullcontext(_silent) as update:
            run = trained(
                space,
                output,
                data,
                accelerator=accelerator,
                workers=workers,
                update=update,
                start=start,
                keep_every=keep_every,
            )
    except KeyboardInterrupt:
        if first:
            say(f"{output} holds what is trained; the same command goes on from there")
        raise
    if not first:
        return
    if json:
        write_json({"run": str(output), **run.model_dump(mode="json", include={"validations", "supernet_sha256"})})
    else:
        _print_run(run, output)


def _silent(done: int, total: int | None, note: str = "") -> None: ...


def _print_run(run: Run, folder: Path) -> None:
    columns = ("largest", "smallest") if run.space.kind == "space" else (run.space.name,)
    table = simple_table("", ("validation accuracy after the last epoch", *columns), columns)
    last = {each.precision: each for each in run.validations}
    for precision, each in last.items():
        accuracies = (each.largest, each.smallest)
        table.add_row(f"in {precision.upper()}", *(f"{accuracy:.2%}" for accuracy in accuracies[: len(columns)]))
    print_parts(table)
    write(f"{folder} holds the supernet; sampled networks: spacelang evaluate {folder} --models 10\n")
