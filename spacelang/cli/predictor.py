"""`latency train`, `latency eval`, `latency devices`, `predict` and `table attach`: latencies without measuring."""

from __future__ import annotations

from enum import StrEnum
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from spacelang.cli import complete
from spacelang.cli.console import print_parts, say, show_diagnostics, write, write_json
from spacelang.cli.inputs import load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import Json, simple_table
from spacelang.cli.table import summary
from spacelang.report.diagnostics import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from spacelang.latency.predict.accuracy import Accuracy
    from spacelang.latency.predict.networks import Latencies
    from spacelang.latency.predict.predictor import LatencyEstimator, Predictor

ONNX = ".onnx"
TOLD_BY = 4096
"""Bytes at the beginning of a file that tell whether it is text."""
LogFile = Annotated[Path, typer.Argument(metavar="LOG", help="Made by `spacelang latency collect`.")]


class RegressorChoice(StrEnum):
    BOOSTING = "boosting"
    FOREST = "forest"


class PrecisionChoice(StrEnum):
    INT8 = "int8"
    FP32 = "fp32"


def train(
    log: LogFile,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="PREDICTOR", help="The file to write.")],
    precision: Annotated[PrecisionChoice, typer.Option(help="The precision of the measurements to learn from.")] = (
        PrecisionChoice.INT8
    ),
    regressor: Annotated[
        RegressorChoice, typer.Option(help="`forest` is nn-Meter's, to compare with.")
    ] = RegressorChoice.BOOSTING,
    json: Json = False,
) -> None:
    """Learn a latency predictor from measurements, and say how good it is on those that it didn't see."""
    from spacelang.latency.collect.log import read_log
    from spacelang.latency.predict.predictor import named
    from spacelang.latency.predict.stored import write_predictor
    from spacelang.latency.predict.train import report_left_out
    from spacelang.latency.predict.train import train as trained

    measured, report = read_log(log), Report()
    with progress("training") as update:
        made = trained(measured, precision.value, regressor.value, named(output), update)
    write_predictor(made, output)
    kernels = {kind: each.accuracy for kind, each in made.kinds.items()}
    _show_accuracy(made, kernels, made.accuracy, json)
    report_left_out(made, measured, report)
    show_diagnostics(report.diagnostics)
    if not made.fitted:
        has = "no whole networks that can be learned from" if measured.networks(made.precision) else "no whole networks"
        say(f"the log holds {has}, so their latency is taken to be the sum of their kernels'")


def adapt(
    predictor: Annotated[str, typer.Argument(metavar="PREDICTOR", help="A shipped one's name, or a file.")],
    log: LogFile,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="PREDICTOR", help="The file to write.")],
    json: Json = False,
) -> None:
    """Make a predictor of a new device from one of another and a hundred kernels (`latency collect --for-adapt`)."""
    from spacelang.latency.collect.log import read_log
    from spacelang.latency.predict.adapt import adapt as adapted
    from spacelang.latency.predict.adapt import report_unmeasured
    from spacelang.latency.predict.predictor import named
    from spacelang.latency.predict.shipped import find_predictor
    from spacelang.latency.predict.stored import write_predictor

    base, measured, report = find_predictor(predictor), read_log(log), Report()
    with progress("adapting"):
        made = adapted(base, measured, named(output))
    write_predictor(made, output)
    _show_accuracy(made, {kind: each.accuracy for kind, each in made.kinds.items()}, made.accuracy, json)
    report_unmeasured(made, report)
    show_diagnostics(report.diagnostics)


def eval_(
    predictor: Annotated[str, typer.Argument(metavar="PREDICTOR", help="A file, or a shipped one's name.")],
    log: LogFile,
    json: Json = False,
) -> None:
    """Compare a predictor with the kernels of a log that are held out, and with the networks it wasn't fitted to."""
    from spacelang.latency.collect.log import read_log
    from spacelang.latency.predict.shipped import find_predictor
    from spacelang.latency.predict.train import evaluate, report_left_out
    from spacelang.report.diagnostics import refuse

    found, measured, report = find_predictor(predictor), read_log(log), Report()
    kernels, networks, _ = evaluate(found, measured, report)
    report_left_out(found, measured, report)
    show_diagnostics(report.diagnostics)
    if not kernels and networks is None:
        refuse(
            "SP1611",
            f"{log} holds nothing in {found.precision} that {found.name} can be judged by",
            "`spacelang latency collect --hold-out N --networks N` measures kernels of the hold-out and whole networks",
        )
    _show_accuracy(found, kernels, networks, json)


def _show_accuracy(
    of: Predictor, kernels: Mapping[str, Accuracy | None], networks: Accuracy | None, json: bool
) -> None:
    if json:
        dumped = {kind: each and each.model_dump() for kind, each in kernels.items()}
        about = {"predictor": of.label, "reference_ms": of.reference_ms}
        write_json({**about, "kernels": dumped, "networks": networks and networks.model_dump()})
        return
    numbers = ("held out", "within 5 %", "within 10 %", "RMSPE", "RMSE ms")
    table = simple_table("", ("kernels", *numbers), numbers)
    for kind, each in kernels.items():
        table.add_row(kind, *_accuracy_row(each))
    table.add_section()
    table.add_row("whole networks", *_accuracy_row(networks))
    print_parts(of.label, _canary(of), table)


def _accuracy_row(of: Accuracy | None) -> tuple[str, ...]:
    if of is None:
        return ("0", *("",) * 4)
    shares = (f"{each:.1%}" for each in (of.within_5, of.within_10, of.rmspe))
    return (str(of.count), *shares, f"{of.rmse_ms:.4f}")


def devices(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Print this one's card.")] = "", json: Json = False
) -> None:
    """List the predictors that come with spacelang, or print the card of one: what was measured, how good it is."""
    from spacelang.latency.predict.shipped import COST_MODEL, card, find_predictor, shipped

    found = [find_predictor(each) for each in ([name] if name else shipped())]
    if json:
        rows = [
            {
                "name": each.name,
                "sha256": each.sha256,
                "precision": each.precision,
                "fingerprint": each.fingerprint.model_dump(mode="json"),
                "networks": each.accuracy and each.accuracy.model_dump(),
            }
            for each in found
        ]
        write_json({"devices": rows})
        return
    if name in shipped():
        write(card(name))
        return
    judged = "held-out networks within 10 %"
    table = simple_table("", ("name", "precision", "device", judged), (judged,))
    for each in found:
        share = f"{each.accuracy.within_10:.1%} of {each.accuracy.count}" if each.accuracy else ""
        table.add_row(each.name, each.precision, each.fingerprint.describe(), share)
    if not name:
        table.add_row(COST_MODEL, "any", "none: an analytic model, not measured", "")
    print_parts(table)


class _Predicted(NamedTuple):
    """Networks of one file, and what must be said of their latencies."""

    names: list[str]
    resolutions: list[int]
    estimator: LatencyEstimator
    latencies: Latencies
    remark: str = ""


def predict(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Models, spaces to take models of, or ONNX files.")
    ],
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device",
            metavar="NAME|FILE",
            help="A predictor (`spacelang latency devices`), or `cost-model`; else the shipped one of the runtime. "
            "Twice, for INT8 and FP32, where a network has both.",
            autocompletion=complete.devices,
        ),
    ] = None,
    samples: Annotated[int, typer.Option(min=0, max=1_000_000, help="Sampled models of each space.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the sampled models.")] = 0,
    json: Json = False,
) -> None:
    """Predict the latency of models, with what each kind of kernel takes; nothing is run."""
    from spacelang.report.diagnostics import SpacelangError

    report, found = Report(), []
    for each in files:
        try:
            of_onnx = is_onnx(each)
            found.append(
                _predict_onnx(each, device or [], report)
                if of_onnx
                else _predict_space(each, device or [], samples, seed, report)
            )
        except SpacelangError as error:
            report.diagnostics += error.diagnostics
    show_diagnostics(dict.fromkeys(report.diagnostics))
    for remark in dict.fromkeys(each.remark for each in found if each.remark):
        say(remark)
    if json and found:
        write_json({"models": [row for each in found for row in _rows_json(each)]})
    elif found:
        for label in dict.fromkeys(each.estimator.label for each in found):
            alike = [each for each in found if each.estimator.label == label]
            print_parts(label, _canary(alike[0].estimator), _predicted_table(alike))
    if report.failed:
        raise typer.Exit(1)


def _canary(of: LatencyEstimator) -> str:
    """What its milliseconds are measured in."""
    name, ms = of.label.partition(":")[0].partition("@")[0], of.reference_ms
    if not ms:
        return f"{name}: no reference kernel was measured beside it"
    return f"{name}: in canary time, as when the reference kernel takes {ms:.3f} ms"


def is_onnx(file: str) -> bool:
    """Whether a file is an ONNX model, by its name, or because it isn't text."""
    if file.lower().endswith(ONNX):
        return True
    try:
        with Path(file).open("rb") as opened:
            return b"\0" in opened.read(TOLD_BY)
    except OSError:
        return False


def _predict_space(file: str, device: list[str], samples: int, seed: int, report: Report) -> _Predicted:
    from spacelang.backends.protocol import writing_out
    from spacelang.latency.predict.networks import latencies
    from spacelang.latency.predict.shipped import estimator_for
    from spacelang.networks.architecture import largest, smallest
    from spacelang.networks.sample import sample

    space = load_space(file)
    target = space.device
    estimator = estimator_for(target, device, space.name, report)
    networks = {space.name: smallest(space)}
    if space.kind != "model":
        networks = {f"{space.name} smallest": smallest(space), f"{space.name} largest": largest(space)}
        drawn = sample(space, samples, seed)
        networks |= {f"{space.name} sample {at} of seed {seed}": each for at, each in enumerate(drawn)}
    chosen = list(networks.values())
    with writing_out(space):
        found = latencies(space, chosen, estimator, report)
    stands_in = f"the shipped predictor for {target.runtime} in {target.precision} stands in for `{target.name}`"
    remark = "" if device else f"{stands_in}; to know better, measure the device and give `--device` (docs/predict.md)"
    return _Predicted(list(networks), [each.resolution for each in chosen], estimator, found, remark)


def _predict_onnx(file: str, device: list[str], report: Report) -> _Predicted:
    from spacelang.latency.foreign import predict_onnx
    from spacelang.latency.predict.shipped import find_estimators

    found = predict_onnx(file, find_estimators(device, "onnxruntime"), report)
    return _Predicted([Path(file).name], [found.resolution], found.estimator, found.latencies)


def _predicted_table(found: list[_Predicted]) -> Table:
    kinds = sorted({kind for each in found for kind in each.latencies.by_kind})
    numbers = ("resolution", "ms", *kinds, "border")
    table = simple_table("", ("model", *numbers), numbers)
    for each in found:
        for at, (name, resolution) in enumerate(zip(each.names, each.resolutions, strict=True)):
            by_kind, border = each.latencies.by_kind, each.latencies.border[at]
            parts = (_three_digits(by_kind[kind][at]) if kind in by_kind else "" for kind in kinds)
            table.add_row(name, str(resolution), _three_digits(each.latencies.ms[at]), *parts, _three_digits(border))
    return table


def _three_digits(ms: float) -> str:
    """Three significant digits: networks take from microseconds to seconds.

    >>> _three_digits(0.04567), _three_digits(4.5), _three_digits(1234.5)
    ('0.0457', '4.50', '1234')
    """
    return f"{ms:.{max(0, 2 - floor(log10(ms)))}f}" if ms > 0 else "0"


def _rows_json(of: _Predicted) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "resolution": resolution,
            "device": of.estimator.label,
            "reference_ms": of.estimator.reference_ms,
            "ms": float(of.latencies.ms[at]),
            "by_kind": {kind: float(each[at]) for kind, each in of.latencies.by_kind.items()},
            "border_ms": float(of.latencies.border[at]),
        }
        for at, (name, resolution) in enumerate(zip(of.names, of.resolutions, strict=True))
    ]


def attach(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A Parquet file that spacelang wrote.")],
    device: Annotated[
        str,
        typer.Option(
            "--device",
            metavar="NAME|FILE",
            help="A predictor (`spacelang latency devices`), or `cost-model`.",
            autocompletion=complete.devices,
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The Parquet file to write.")],
    json: Json = False,
) -> None:
    """Put a device's predicted latencies on a table of losses, in place of any that it had."""
    from spacelang.backends.protocol import writing_out
    from spacelang.evolve.table.parquet import read_table, write_table
    from spacelang.latency.predict.attach import attach as attached
    from spacelang.latency.predict.shipped import estimator_for

    losses = read_table(table)
    report = Report()
    estimator = estimator_for(losses.space.device, [device], f"the space of {table}", report)
    with writing_out(losses.space):
        made = attached(losses, estimator, report)
    write_table(made, output)
    show_diagnostics(report.diagnostics)
    say(f"{len(made.rows)} rows with latencies of {estimator.label}: {output}")
    if json:
        write_json(summary(made, output))
