"""`latency collect`, `export-bench` and `import`: measurements of kernels and networks, here or elsewhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import say, show_diagnostics, write_json
from spacelang.cli.inputs import RuntimeChoice, load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import Json, Threads
from spacelang.report.diagnostics import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacelang.ir.nodes import SearchSpace
    from spacelang.latency.collect.log import Log, Measured
    from spacelang.latency.collect.sampler import Errors
    from spacelang.latency.collect.target import Target
    from spacelang.latency.runtimes.protocol import Precision


PARQUET = ".parquet"


class PrecisionsChoice(StrEnum):
    INT8 = "int8"
    FP32 = "fp32"
    BOTH = "both"


Spaces = Annotated[
    list[str],
    typer.Option("--space", metavar="FILE", help="A hyperspace, space or model; once for each whose kernels count."),
]
LogOption = Annotated[Path, typer.Option("--output", "-o", metavar="LOG", help="The Parquet file to append to.")]
DeviceOption = Annotated[
    str | None, typer.Option("--device", metavar="NAME", help="The declared device to measure for, of several.")
]
RuntimeOption = Annotated[RuntimeChoice | None, typer.Option(help="In place of what the device declares.")]
PrecisionOption = Annotated[PrecisionsChoice | None, typer.Option(help="In place of what the device declares.")]
Samples = Annotated[int, typer.Option(min=20, max=1_000_000, help="How many kernels to learn from, in each precision.")]
HoldOut = Annotated[int, typer.Option(min=0, max=1_000_000, help="How many kernels of the fixed hold-out.")]
Networks = Annotated[
    int, typer.Option(min=0, max=100_000, help="How many random networks of each space to measure whole.")
]


def collect(
    space: Spaces,
    output: LogOption,
    device: DeviceOption = None,
    runtime: RuntimeOption = None,
    precision: PrecisionOption = None,
    threads: Threads = None,
    samples: Samples = 4000,
    hold_out: HoldOut = 500,
    networks: Networks = 60,
    for_adapt: Annotated[
        bool,
        typer.Option(
            "--for-adapt", help="The hundred kernels and ten networks that tell most, in place of the three numbers."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Measure kernels and networks of spaces on this machine, one core a thread; interrupted, it goes on."""
    from spacelang.latency.collect.collecting import Plan
    from spacelang.latency.collect.collecting import collect as collected
    from spacelang.latency.collect.log import open_log, warn_of_clock
    from spacelang.latency.collect.measure import Rig
    from spacelang.latency.device import pinned, this_device
    from spacelang.latency.meter import Meter
    from spacelang.latency.runtimes.runtime import runtime as runtime_named

    spaces = [load_space(each) for each in space]
    target = _target(spaces, device, runtime, precision, threads)
    runs = runtime_named(target.runtime, target.threads)
    log = open_log(output, this_device(target.runtime, target.threads))
    before, report = log.measurements, Report()
    with (
        progress("measuring") as update,
        pinned(report, target.threads),
    ):  # what shows the progress runs on another core
        meter = Meter(reference_ms=log.reference_ms, threads=target.threads)
        log.reference_ms = meter.reference_ms
        plan = Plan(100, 0, -(-10 // len(spaces)), rounds=False) if for_adapt else Plan(samples, hold_out, networks)
        collected(spaces, plan, target.precisions, Rig(runs, meter, log, output), _errors(log), update)
    warn_of_clock(log.time(), report)
    show_diagnostics(report.diagnostics)
    _show_log(log, log.measurements - before, output, json)


def export_bench(
    space: Spaces,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="A new folder.")],
    device: DeviceOption = None,
    runtime: RuntimeOption = None,
    precision: PrecisionOption = None,
    threads: Threads = None,
    samples: Samples = 1000,
    hold_out: HoldOut = 200,
    networks: Networks = 20,
) -> None:
    """Write models and a script that measures them, for a device where spacelang isn't: a phone, another server."""
    from spacelang.latency.collect.bundle import export_bench as exported
    from spacelang.latency.collect.collecting import Plan
    from spacelang.latency.runtimes.runtime import runtime as runtime_named

    spaces = [load_space(each) for each in space]
    target = _target(spaces, device, runtime, precision, threads)
    plan = Plan(samples, hold_out, networks)
    with progress("writing") as update:
        count = exported(spaces, plan, target.precisions, runtime_named(target.runtime, target.threads), output, update)
    say(f"{count} models in {output}; copy the folder to the device and run `python measure.py` in it")


def import_(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|RESULTS|LOG", help="The folder with results.json, or that; or another log of the device."
        ),
    ],
    output: LogOption,
    json: Json = False,
) -> None:
    """Append what was measured elsewhere, or in another log of the same device, to a log; all in one scale."""
    from spacelang.latency.collect.bundle import log_of_results
    from spacelang.latency.collect.log import open_log, read_log, warn_of_clock

    other = read_log(results) if results.suffix == PARQUET else log_of_results(results)
    log, report = open_log(output, other.fingerprint), Report()
    added = log.merge(other)
    log.settle()
    log.write(output)
    warn_of_clock(log.time(), report)
    show_diagnostics(report.diagnostics)
    _show_log(log, added, output, json)


def _target(
    spaces: Sequence[SearchSpace],
    device: str | None,
    runtime: RuntimeChoice | None,
    precision: PrecisionsChoice | None,
    threads: int | None,
) -> Target:
    from spacelang.latency.collect.target import target_of
    from spacelang.latency.runtimes.protocol import PRECISIONS

    named: dict[PrecisionsChoice, tuple[Precision, ...]] = {
        PrecisionsChoice.INT8: ("int8",),
        PrecisionsChoice.FP32: ("fp32",),
        PrecisionsChoice.BOTH: PRECISIONS,
    }
    precisions = named[precision] if precision else None
    return target_of(spaces, device, runtime.value if runtime else None, precisions, threads)


def _errors(log: Log) -> Errors:
    """How far off a predictor that learned from some kernels is on the others."""
    from collections import Counter

    from spacelang.latency.collect.log import Log
    from spacelang.latency.predict.train import FEWEST, train

    def errors(learned: Sequence[Measured], judged: Sequence[Measured]) -> list[float]:
        if max(Counter(each.kernel.kind for each in learned).values(), default=0) < FEWEST:
            return [0.0] * len(judged)
        part = Log(log.fingerprint)
        part.append(*learned)
        made = train(part, learned[0].precision)
        known = [each for each in judged if each.kernel.kind in made.kinds]
        predicted = made.predict_kernels([each.kernel for each in known]).tolist()
        off = {each.kernel: abs(ms / each.ms - 1) for each, ms in zip(known, predicted, strict=True)}
        return [off.get(each.kernel, 0.0) for each in judged]

    return errors


def _show_log(log: Log, added: int, path: Path, json: bool) -> None:
    from spacelang.latency.runtimes.protocol import PRECISIONS

    counts = {
        precision: (len(log.kernels(precision)), len(log.networks(precision)))
        for precision in PRECISIONS
        if log.kernels(precision) or log.networks(precision)
    }
    if json:
        rows = {precision: {"kernels": kernels, "networks": nets} for precision, (kernels, nets) in counts.items()}
        canary = log.time()
        about = {"device": log.fingerprint.model_dump(mode="json"), "canary": canary and canary.as_json()}
        write_json({**about, "added": added, "holds": rows})
        return
    held = ", ".join(f"{kernels} kernels and {nets} networks in {each}" for each, (kernels, nets) in counts.items())
    say(f"{added} measurements added; {path} holds {held or 'none'}")
