"""`bench`: models, measured whole on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import print_parts, show_diagnostics, write_json
from spacelang.cli.inputs import RuntimeChoice, load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import Json, Threads, networks, simple_table
from spacelang.report.diagnostics import Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from spacelang.latency.bench import Benched


def bench(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Models, exported files, or spaces to take three models of.")
    ],
    runs: Annotated[
        int, typer.Option("--runs", min=1, max=100_000, help="In each of 4 sweeps; the fastest counts.")
    ] = 50,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the sampled model of a space.")] = 0,
    runtime: Annotated[RuntimeChoice, typer.Option(help="What runs the models.")] = RuntimeChoice.ONNXRUNTIME,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Measure models on one core for each thread, INT8 and FP32, for a minute or more; of a space, three models."""
    from spacelang.latency.bench import Model, exported
    from spacelang.latency.bench import bench as benched
    from spacelang.latency.collect.log import warn_of_clock
    from spacelang.latency.collect.target import threads_of
    from spacelang.latency.device import pinned, this_device
    from spacelang.latency.meter import Meter
    from spacelang.latency.runtimes.runtime import runtime as named

    written = [each for each in files if Path(each).suffix.lower() in (".onnx", ".tflite")]
    spaces = [load_space(each, ("space", "model")) for each in files if each not in written]
    models = exported([Path(each) for each in written], named(runtime.value)) + [
        Model(space, architecture, f"{space.name} {name}" if space.kind == "space" else name)
        for space in spaces
        for name, architecture in networks(space, seed).items()
    ]
    count = threads_of([each.space.device for each in models]) if threads is None else threads
    measured_in, device, report = named(runtime.value, count), this_device(runtime.value, count), Report()
    with progress("measuring") as update, pinned(report, count):  # what shows the progress runs on another core
        meter = Meter(threads=count)
        found = benched(models, meter, runs, measured_in, update)
    results, canary = [each.scaled(meter.fast_ms / meter.reference_ms) for each in found], meter.time()
    warn_of_clock(canary, report)
    if json:
        rows = [{**asdict(each), "speedup": each.speedup} for each in results]
        about = {"device": device.model_dump(mode="json"), "runs": runs, "canary": canary.as_json()}
        write_json({**about, "models": rows})
    else:
        print_parts(device.describe(), _table(results), canary.describe())
    show_diagnostics(report.diagnostics)


def _table(results: Iterable[Benched]) -> Table:
    numbers = ("resolution", "INT8 ms", "FP32 ms", "speedup", "MFLOPs")
    table = simple_table("", ("model", *numbers), numbers)
    for each in results:
        latencies = (f"{each.int8_ms:.2f}", f"{each.fp32_ms:.2f}", f"{each.speedup:.1f}×")
        table.add_row(each.name, str(each.resolution), *latencies, f"{each.mflops:.0f}")
    return table
