"""`run`: the whole way from a `.space` file to files that ship."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacelang.cli import complete
from spacelang.cli.console import print_parts, say, write, write_json
from spacelang.cli.inputs import STDIN, load_space
from spacelang.cli.show import File, Json, simple_table
from spacelang.cli.way import duration, watching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacelang.whole import Planned, Way
    from spacelang.whole.record import Whole


class ExecutorName(StrEnum):
    LOCAL = "local"
    RAY = "ray"
    SLURM = "slurm"


class FormatName(StrEnum):
    ONNX = "onnx"
    TFLITE = "tflite"


def run(
    file: File,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder to make, or to go on with.")
    ],
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="`digits` (the default), or a folder with train/ and val/."),
    ] = None,
    teacher: Annotated[str | None, typer.Option("--teacher", metavar="NAME", help="As of `spacelang distill`.")] = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            metavar="NAME|FILE",
            help="A predictor (`spacelang latency devices`); else the shipped one of the runtime.",
            autocompletion=complete.devices,
        ),
    ] = None,
    models: Annotated[
        int | None, typer.Option("--models", min=1, help="How many models the search evaluates. [default: 600]")
    ] = None,
    to: Annotated[
        list[FormatName] | None,
        typer.Option("--to", help="The format of the files that ship; may be repeated. [default: onnx, tflite]"),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="STEP", help="Stop after this step.")] = None,
    again: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="Run this step and what follows again.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, and run nothing.")] = False,
    executor: Annotated[
        ExecutorName, typer.Option(help="Where students are distilled, and (but on Slurm) models evaluated.")
    ] = ExecutorName.LOCAL,
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=256, help="Processes on this machine.")] = None,
    json: Json = False,
) -> None:
    """Go the whole way, from a hyperspace or space to INT8 files that ship; killed or mended, the same command goes on.

    Steps whose inputs haven't changed are skipped. An option that is left out is as the folder was begun with.
    """
    from spacelang.whole import Means, open_way, plan, require_ready, require_step
    from spacelang.whole import run as run_steps

    if file == STDIN:
        raise typer.BadParameter("name a file: the steps read it again")
    space = load_space(file, ("hyperspace", "space"))
    means = Means(executor.value, workers)
    formats = tuple(dict.fromkeys(each.value for each in to)) if to else None
    way = open_way(
        file, space, output, means, data=data, teacher=teacher, device=device, models=models, formats=formats
    )
    for name in (until, again):
        require_step(way, name)
    require_ready(way, until)
    planned = plan(way, again, until)
    if dry_run:
        _print_plan(planned) if not json else write_json(_plan_json(way, planned))
        return
    try:
        with watching(planned) as watch:
            whole = run_steps(way, watch, again, until)
    except KeyboardInterrupt:
        say(f"{output} holds what is done; the same command goes on from there")
        raise
    if json:
        write_json({**_plan_json(way, plan(way, until=until)), "ran": watch.ran})
    else:
        _print_end(way, whole)


def _print_plan(planned: Sequence[Planned]) -> None:
    shown = simple_table("", ("step", "what", "state", "takes", "why"), ("takes",))
    for each in planned:
        shown.add_row(each.step.name, each.step.title, each.state.value, _takes(each), each.why)
    print_parts(shown)
    write(_total(planned) + "\n")


def _takes(each: Planned) -> str:
    if each.estimate is None:
        return ""
    return f"{'' if each.estimate.measured else '~'}{duration(each.estimate.seconds)}"


def _total(planned: Sequence[Planned]) -> str:
    estimates = [each.estimate for each in planned if each.state.runs and each.estimate]
    if not any(each.state.runs for each in planned):
        return "nothing to do"
    rough = "" if all(each.measured for each in estimates) else "; ~ is from default rates, not yet measured here"
    return f"{len(estimates)} steps to run, about {duration(sum(each.seconds for each in estimates))}{rough}"


def _plan_json(way: Way, planned: Sequence[Planned]) -> dict[str, Any]:
    steps = [
        {
            "step": each.step.name,
            "state": each.state.value,
            "why": each.why,
            "changed": sorted(each.changed),
            "seconds": each.estimate and round(each.estimate.seconds, 1),
            "measured": each.estimate and each.estimate.measured,
        }
        for each in planned
    ]
    return {"folder": str(way.folder), "file": way.file, **way.choices.model_dump(mode="json"), "steps": steps}


def _print_end(way: Way, whole: Whole) -> None:
    from spacelang.whole.results import shipped

    files = shipped(way.folder)
    if files:
        numbers = ("MB", "top-1", "predicted ms", "INT8 ms", "FP32 ms")
        shown = simple_table("", ("file", *numbers), numbers)
        for each in files:
            latencies = (each.predicted_ms, each.int8_ms, each.fp32_ms)
            shown.add_row(
                str(each.path), f"{each.bytes / 1e6:.2f}", "" if each.top1 is None else f"{each.top1:.2%}",
                *("" if ms is None else f"{ms:.3f}" for ms in latencies),
            )  # fmt: skip
        print_parts(shown)
    seconds, peak = sum(each.seconds for each in whole.done.values()), max(each.peak_mb for each in whole.done.values())
    write(f"{len(whole.done)} steps, {duration(seconds)} in all, at most {peak / 1000:.1f} GB of memory\n")
    page = way.folder / "report.html"
    if "report" in whole.done:
        write(f"report: {page.resolve().as_uri()}\n")
