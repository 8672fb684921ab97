"""Whole models that no predictor was fitted to: predicted against measured on this machine.

    python benchmarks/whole_models.py LOG PREDICTOR [onnxruntime|tflite]

200 random models of vnni and 100 each of mobilenetv3 and ofa_resnet50 are measured in INT8; through TFLite 100 each of
ofa_resnet50 and proxylessnas. All of them once, into LOG, and then all again, into a file beside it: neighbours that
use the same memory slow down a pass by some per cent, which no canary sees. What was measured is not measured again.
PREDICTOR is a file, or a shipped one's name; with `-` nothing is predicted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from spacelang import ir
from spacelang.diagnostics import Report
from spacelang.driver import compile_source
from spacelang.latency.collect.log import Log, MeasuredNetwork, open_log
from spacelang.latency.collect.measure import Collection, Progress, saving
from spacelang.latency.collect.networks import Candidate, random_networks
from spacelang.latency.device import pinned, this_device
from spacelang.latency.meter import SWEEPS, Meter
from spacelang.latency.predict.accuracy import accuracy
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.shipped import find_predictor
from spacelang.latency.predict.train import predict_measured
from spacelang.latency.protocol import RuntimeName
from spacelang.latency.runtime import runtime
from spacelang.source import Source

SPECS = Path(__file__).resolve().parents[1] / "specs"
COUNTS = {"vnni": 200, "mobilenetv3": 100, "ofa_resnet50": 100}
WITHOUT_HSWISH = {"ofa_resnet50": 100, "proxylessnas": 100}
"""For TFLite, which computes hswish one by one: such models take seconds to measure, and all of it is that."""
SEED = 2027
"""Another than that of the networks which factors are fitted to."""


def main(path: Path, given: str, name: RuntimeName) -> None:
    predictor = None if given == "-" else find_predictor(given)
    counts = COUNTS if name == "onnxruntime" else WITHOUT_HSWISH
    candidates = [each for spec, count in counts.items() for each in random_networks([load(spec)], count, SEED)]
    passes = []
    for file in (path, path.with_suffix(".again.parquet")):
        log = open_log(file, this_device(name))
        if predictor is not None and log.reference_ms is None:
            log.reference_ms = predictor.reference_ms  # what is measured is told at the same speed of the core
        measure(log, file, candidates, name)
        passes.append(log.networks("int8"))
    print(this_device(name).describe())
    repeat(passes)
    if predictor is not None:
        print(f"{predictor.label}\n{predictor.whole}")
        for title, networks in (("first pass", passes[0]), ("second pass", passes[1]), ("mean", mean(passes))):
            report(predictor, title, networks)


def mean(passes: list[list[MeasuredNetwork]]) -> list[MeasuredNetwork]:
    """Of each network the mean of both measurements."""
    second = {each.network.sha256: each.ms for each in passes[1]}
    return [each._replace(ms=(each.ms + second[each.network.sha256]) / 2) for each in passes[0]]


def repeat(passes: list[list[MeasuredNetwork]]) -> None:
    """How far one pass is off the other."""
    first = {each.network.sha256: each.ms for each in passes[0]}
    off = np.array([each.ms / first[each.network.sha256] - 1 for each in passes[1]])
    print(
        f"measured again: {np.mean(np.abs(off) <= 0.05):.1%} within 5 %, {np.mean(np.abs(off) <= 0.1):.1%} within 10 %"
    )


def load(name: str) -> ir.SearchSpace:
    path = SPECS / f"{name}.space"
    (space,) = compile_source(Source(str(path), path.read_text()), path)
    return space


def measure(log: Log, path: Path, candidates: list[Candidate], name: RuntimeName) -> None:
    if log.measurements == len(candidates) * SWEEPS:
        return
    with pinned(Report()), saving(log, path) as save:
        meter = Meter(reference_ms=log.reference_ms)
        log.reference_ms = meter.reference_ms
        Collection(runtime(name), "int8", meter, log, save, Progress(show, len(candidates) * SWEEPS)).networks(
            candidates
        )


def show(done: int, total: int | None, note: str = "") -> None:
    if done % 100 == 0:
        print(f"{note}: {done} of {total}", flush=True)


def report(predictor: Predictor, title: str, networks: list[MeasuredNetwork]) -> None:
    print(f"\n{title:32}{'count':>7}{'±5 %':>8}{'±10 %':>8}{'RMSPE':>8}{'RMSE ms':>9}{'mean off':>10}{'worst':>8}")
    unseen = [each for each in networks if each.network.sha256 not in predictor.fitted]
    for spec in COUNTS | WITHOUT_HSWISH:
        row(spec, predictor, (each for each in unseen if each.network.name.split()[0] == spec))
    row("all", predictor, unseen)
    row("all without hswish", predictor, (each for each in unseen if not has_hswish(each)))


def has_hswish(of: MeasuredNetwork) -> bool:
    return any(each.kind == "hswish" for each in of.network.kernels)


def row(name: str, predictor: Predictor, chosen: Iterable[MeasuredNetwork]) -> None:
    networks = list(chosen)
    if not networks:
        return
    predicted, measured = predict_measured(predictor, networks), np.array([each.ms for each in networks])
    of, off = accuracy(predicted, measured), predicted / measured - 1
    print(
        f"{name:32}{of.count:>7}{of.within_5:>8.1%}{of.within_10:>8.1%}{of.rmspe:>8.1%}{of.rmse_ms:>9.3f}"
        f"{off.mean():>+10.1%}{off[np.argmax(np.abs(off))]:>+8.1%}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], "tflite" if sys.argv[3:] == ["tflite"] else "onnxruntime")
