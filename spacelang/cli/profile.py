"""`profile`: what INT8 gains on this device, and the `device` to declare for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import print_parts, show_diagnostics, write_json
from spacelang.cli.inputs import RuntimeChoice, load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import Json, simple_table
from spacelang.report.diagnostics import Report

if TYPE_CHECKING:
    from rich.table import Table

    from spacelang.latency.profile.results import Results


def profile(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the page and the numbers go.")
    ],
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="What to call the device that is proposed.")],
    runtime: Annotated[RuntimeChoice, typer.Option("--runtime", help="What runs the models.")] = (
        RuntimeChoice.ONNXRUNTIME
    ),
    space: Annotated[
        str | None,
        typer.Option("--space", metavar="FILE", help="Compare its blocks, in place of the standard library's."),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=1024, help="That a model runs on.")] = 1,
    json: Json = False,
) -> None:
    """Measure what INT8 gains on one core of this device, and propose its declaration; interrupted, it goes on."""
    from spacelang.latency.device import pinned
    from spacelang.latency.profile.profiling import PAGE, as_json
    from spacelang.latency.profile.profiling import profile as profiled

    loaded = load_space(space) if space else None
    report = Report()
    keeps = f"{output} keeps what was measured"
    with (
        progress("measuring", keeps) as update,
        pinned(report, threads),
    ):  # progress is shown from another core
        show_diagnostics(report.diagnostics)
        found = profiled(output, device, runtime.value, loaded, update, threads)
    if json:
        write_json(as_json(found))
    else:
        _print(found, output / PAGE)


def _print(found: Results, page: Path) -> None:
    from spacelang.latency.profile import findings
    from spacelang.latency.profile.declaration import declaration

    text = declaration(found)
    print_parts(
        found.fingerprint.describe(),
        _operators(found),
        _blocks(found),
        findings.steps(found),
        *([f"\nProposed, with confidence {found.rule.confidence:.0%}:\n\n{text}"] if text else [""]),
        f"The page: {page}",
    )


def _operators(found: Results) -> Table:
    numbers = ("kernels", "speedup", "least", "most")
    table = simple_table("operators, INT8 over FP32", ("operator", *numbers), numbers)
    for each in found.operators:
        speedups = (each.speedup, min(each.speedups), max(each.speedups))
        table.add_row(each.name, str(len(each.pairs)), *(f"{value:.2f}×" for value in speedups))
    return table


def _blocks(found: Results) -> Table:
    from spacelang.latency.profile.results import BADLY

    numbers = ("id", "speedup")
    table = simple_table(f"blocks of {found.space}, INT8 over FP32", ("block", *numbers, ""), numbers)
    for each in found.blocks:
        speedup = "–" if each.speedup is None else f"{each.speedup:.2f}×"
        table.add_row(each.name, str(each.id), speedup, f"badly: less than {BADLY:g}×" if each.runs_badly else "")
    return table
