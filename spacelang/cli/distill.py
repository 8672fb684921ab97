"""`distill`: the students of every stage and block, trained against the teacher."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import print_parts, say, write, write_json
from spacelang.cli.progress import progress
from spacelang.cli.show import Json, simple_table
from spacelang.cli.train import Accelerator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from spacelang.train.distill import Plan, TrainedStudent
    from spacelang.train.distill.learner import Loss

Readers = Annotated[
    int | None,
    typer.Option(
        "--readers",
        min=0,
        max=256,
        help="Processes that read images ahead of each worker; none on a processor, up to 16 on a GPU.",
    ),
]
EXPLAINED = "NSR loss on the validation images, largest / smallest: 0 is perfect, 1 is what a mean reaches"


class ExecutorName(StrEnum):
    LOCAL = "local"
    RAY = "ray"


def distill(
    build: Annotated[Path, typer.Argument(metavar="BUILD", help="A directory that `spacelang compile` wrote.")],
    job: Annotated[
        list[int] | None, typer.Option("--job", min=0, metavar="N", help="Only this job; may be given several times.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="`digits` (the default), or a folder with train/ and val/."),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="trained (the default for digits), efficientnet-b5[:FOLDER], transformers:ID_OR_FOLDER or timm:MODEL.",
        ),
    ] = None,
    executor: Annotated[
        ExecutorName, typer.Option(help="Processes on this machine, or a Ray cluster (RAY_ADDRESS names it).")
    ] = ExecutorName.LOCAL,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=256, help="Processes of `local`; one for each core, or one on a GPU."),
    ] = None,
    readers: Readers = None,
    accelerator: Accelerator = "auto",
    renew: Annotated[
        bool,
        typer.Option(
            "--renew", help="After the space, the images or the teacher changed: train again what depends on it only."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Distil every stage and block from the teacher, FP32 then INT8; interrupted, the same command goes on."""
    from spacelang.train.distill import default_workers, prepare
    from spacelang.train.distill import distill as distilled

    if executor is ExecutorName.RAY and workers:
        raise typer.BadParameter("--workers is for --executor local; Ray runs a task for each job")
    with progress("opening the teacher") as update:
        plan = prepare(
            build,
            data=data,
            teacher=teacher,
            jobs=job or (),
            accelerator=accelerator,
            readers=readers,
            renew=renew,
            update=update,
        )
    if not json:
        _print_plan(plan)
    try:
        with progress("distilling") as update:
            results = distilled(
                plan,
                executor=executor.value,
                workers=workers or default_workers(accelerator),
                accelerator=accelerator,
                readers=readers,
                update=update,
            )
    except KeyboardInterrupt:
        say(f"{build}/bkd holds what is trained; the same command goes on from there")
        raise
    if json:
        write_json({"build": str(build), "jobs": [each.model_dump(mode="json", exclude={"begun"}) for each in results]})
    else:
        print_parts(EXPLAINED, _table(results))
        write(f"next, their losses: spacelang table build {build} -o table.parquet\n")


def _print_plan(plan: Plan) -> None:
    sources, done = plan.sources, len(plan.jobs) - len(plan.left)
    title = f"the teacher {sources.begun.teacher} on {sources.begun.data}, cut for {plan.build.space.name}"
    columns = ("stage", "gets", "channels", "1/size", "should give", "channels", "1/size")
    table = simple_table("", columns, ("channels", "1/size"))
    for stage, entry, out in plan.cut:
        table.add_row(stage, *(str(each) for point in (entry, out) for each in point))
    print_parts(title, table)
    if done:
        say(f"{done} of {len(plan.jobs)} jobs are trained already")


def _table(results: Iterable[TrainedStudent]) -> Table:
    numbers = ("untrained", "FP32", "INT8")
    table = simple_table("", ("job", "stage", "block", *numbers), ("job", *numbers))
    for each in results:
        losses = (each.losses.untrained, each.losses.fp32, each.losses.int8)
        table.add_row(str(each.job), each.stage, f"{each.block_id} {each.block}", *map(_both, losses))
    return table


def _both(loss: Loss | None) -> str:
    return f"{loss.largest:.4f} / {loss.smallest:.4f}" if loss else ""
