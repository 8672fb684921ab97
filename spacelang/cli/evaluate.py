"""`evaluate`: networks of a run, models cut from it, and files that ship."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import print_parts, write_json
from spacelang.cli.inputs import load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import Json, simple_table
from spacelang.cli.train import Accelerator, Workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table

    from spacelang.export import EvaluatedFile
    from spacelang.train.supernet import Evaluated


def evaluate(
    what: Annotated[
        list[str],
        typer.Argument(metavar="RUN|FILE…", help="A folder that `spacelang train` finished; or ONNX, TFLite, models."),
    ],
    run: Annotated[
        Path | None, typer.Option("--run", metavar="RUN", help="Where models (MODEL.space) are cut from.")
    ] = None,
    models: Annotated[int, typer.Option("--models", min=0, max=100_000, help="Sampled networks of a run.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the sampled networks.")] = 0,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="Images to use in place of those that it was trained on."),
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="Use only this many images, for files and models.")
    ] = None,
    accelerator: Accelerator = "auto",
    workers: Workers = 0,
    json: Json = False,
) -> None:
    """Accuracy of a run's networks, FP32 and INT8, with batch norms of their own; or of files, as they ship."""
    from spacelang.export import refuse_saved_model

    for each in what:
        refuse_saved_model(Path(each))
    if len(what) == 1 and run is None and not _is_of_files(what[0]):
        _evaluate_run(Path(what[0]), models, seed, data, accelerator, workers, json)
    else:
        _evaluate_files(what, run, data, images, workers, json)


def _is_of_files(argument: str) -> bool:
    """Whether this is a file for a runtime or a model; else it is the folder of a run."""
    from spacelang.driver import split_name
    from spacelang.export import is_file

    return is_file(argument) or Path(split_name(argument)[0]).is_file()


def _evaluate_run(
    run: Path, models: int, seed: int, data: str | None, accelerator: str, workers: int, json: bool
) -> None:
    from spacelang.train.supernet import evaluate as evaluated

    with progress("evaluating") as update:
        results = evaluated(run, models, seed, data, accelerator=accelerator, workers=workers, update=update)
    if json:
        write_json({"run": str(run), "models": [asdict(each) for each in results]})
    else:
        print_parts(_table(results))


def _table(results: Iterable[Evaluated]) -> Table:
    numbers = ("resolution", "MFLOPs", "FP32", "INT8", "difference")
    table = simple_table("", ("model", *numbers), numbers)
    for each in results:
        accuracies = (f"{each.fp32:.2%}", f"{each.int8:.2%}", f"{each.int8 - each.fp32:+.2%}")
        table.add_row(each.name, str(each.resolution), f"{each.mflops:.1f}", *accuracies)
    return table


def _evaluate_files(
    what: Sequence[str], run: Path | None, data: str | None, images: int | None, workers: int, json: bool
) -> None:
    from spacelang.export import evaluate_file, evaluate_model, is_file

    results = []
    with progress("evaluating") as update:
        for each in what:
            if is_file(each):
                results.append(evaluate_file(Path(each), data, images, update, workers))
            elif Path(each).is_dir():
                raise typer.BadParameter(f"{each} is a folder: evaluate a run by itself, without files or models")
            elif run is None:
                raise typer.BadParameter(f"{each}: a model doesn't hold weights: say where they are with --run RUN")
            else:
                results.append(evaluate_model(load_space(each, ("model",)), run, data, images, update, workers))
    if json:
        write_json({"files": [asdict(each) for each in results]})
    else:
        print_parts(_files_table(results))


def _files_table(results: Iterable[EvaluatedFile]) -> Table:
    numbers = ("images", "top-1", "top-5", "cross entropy", "images/s", "MB")
    table = simple_table("", ("file", "format", "precision", *numbers), numbers)
    for each in results:
        made = each.accuracy
        shares = (f"{made.top1:.2%}", f"{made.top5:.2%}", f"{made.cross_entropy:.4f}", f"{made.images_per_second:.0f}")
        table.add_row(each.name, each.format, each.precision, str(made.images), *shares, f"{each.bytes / 1e6:.2f}")
    return table
