"""`search`: the best models in a trained supernet."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli import complete
from spacelang.cli.console import print_parts, say, write, write_json
from spacelang.cli.inputs import load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import File, Json, simple_table

if TYPE_CHECKING:
    from spacelang.ir.nodes import Kind
    from spacelang.search.run import FoundModels

MENDS: dict[Kind, str] = {"model": "a model has nothing to search: `spacelang evaluate` says how good it is"}


class AlgorithmName(StrEnum):
    SURROGATE = "surrogate"
    EVOLUTION = "evolution"


class ExecutorName(StrEnum):
    LOCAL = "local"
    RAY = "ray"


def search(
    file: File,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder to make, or to go on with.")
    ],
    run: Annotated[
        Path | None, typer.Option("--run", metavar="RUN", help="A folder that `spacelang train` finished.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            metavar="NAME|FILE",
            help="A predictor (`spacelang latency devices`), or `cost-model`; else the shipped one of the runtime.",
            autocompletion=complete.devices,
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", metavar="FILE", help="Pick models by this table of losses; needs no supernet."),
    ] = None,
    algorithm: Annotated[
        AlgorithmName | None,
        typer.Option(help="`evolution` is what the surrogate (the default) is compared with."),
    ] = None,
    target: Annotated[
        list[float] | None,
        typer.Option(
            "--target", metavar="MS", help="A latency target in ms, in place of the space's; may be repeated."
        ),
    ] = None,
    models: Annotated[
        int | None,
        typer.Option("--models", min=1, max=1_000_000, help="How many; else 600, with --table 64, by evolution 5632."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of what is drawn at random.")] = 0,
    images: Annotated[int, typer.Option(min=1, help="At most this many validation images are looked at.")] = 5000,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="Images to use in place of those that it was trained on."),
    ] = None,
    executor: Annotated[ExecutorName, typer.Option(help="`ray` evaluates on a Ray cluster.")] = ExecutorName.LOCAL,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that evaluate models; 1 if not given.")
    ] = None,
    json: Json = False,
) -> None:
    """Search a trained supernet for the best models within each latency target; nothing is trained."""
    from spacelang.evolve.table.parquet import read_table
    from spacelang.search.by_table import pick_models
    from spacelang.search.run import search_models

    if run is None and table is None:
        raise typer.BadParameter("give --run, a trained supernet, or --table, a table of losses")
    if table is not None and algorithm is not None:
        raise typer.BadParameter("--algorithm is for a search of --run alone: with --table, the table picks the models")
    if executor is ExecutorName.RAY and workers is not None:
        raise typer.BadParameter("--workers is for this machine: on Ray, one model is evaluated on each CPU")
    space, chosen = load_space(file, ("space",), mends=MENDS), algorithm or AlgorithmName.SURROGATE
    try:
        with progress("searching") as update:
            if table is not None:
                found = pick_models(
                    space, read_table(table), output, run=run, device=device, targets_ms=target, models=models,
                    seed=seed, images=images, data=data, executor=executor.value, workers=workers or 1, update=update,
                )  # fmt: skip
            else:
                assert run is not None
                found = search_models(
                    space, run, output, device=device, algorithm=chosen.value, targets_ms=target, models=models,
                    seed=seed, images=images, data=data, executor=executor.value, workers=workers or 1, update=update,
                )  # fmt: skip
    except KeyboardInterrupt:
        say("what is evaluated is kept; the same command goes on from there")
        raise
    if json:
        write_json({"folder": str(output), **found.model_dump(mode="json")})
    else:
        _print(found, output, by_table=table is not None)


def _print(found: FoundModels, folder: Path, *, by_table: bool) -> None:
    evaluated = found.images > 0
    numbers = ("latency ms", *(("cross entropy", "top-1") if evaluated else ("table's loss",)), "within ms")
    shown = simple_table("", ("model", *numbers), numbers)
    for each in found.front:
        targets = ", ".join(f"{target:g}" for target in each.targets_ms)
        good = (f"{each.cross_entropy:.4f}", f"{each.top1:.2%}") if evaluated else (f"{each.table_loss:.4f}",)
        shown.add_row(each.name, f"{each.latency_ms:.4g}", *good, targets)
    on = f", INT8 on {found.images} validation images" if evaluated else ""
    print_parts(f"{found.space} on {found.device}{on}", shown)
    if found.unmet_ms:
        write(f"no model was found within {', '.join(f'{each:g}' for each in found.unmet_ms)} ms\n")
    write(f"{found.evaluated} models {'evaluated' if evaluated else 'looked at'}")
    what = "the table's losses and cross entropies of random models" if by_table else "the surrogate on models held out"
    write(f"; rank correlation of {what}: {found.rank:.2f}\n" if found.rank is not None else "\n")
    write(f"{folder} holds the models\n")
