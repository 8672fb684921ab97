"""Whole models that no predictor was fitted to: predicted against measured on this machine.

    python benchmarks/whole_models.py LOG [onnxruntime|tflite] [int8|fp32] [PREDICTOR]

LOG is what `spacelang latency collect` made: kernels are learned from it. Networks are measured here, into a file
beside it, in sweeps over those that factors are fitted to and those that nothing is fitted to alike: neighbours slow
the memory down for minutes at a time, and both should meet the same conditions. The unseen ones are 200 random models
of vnni and 100 each of mobilenetv3 and ofa_resnet50. What was measured is not measured again.

Last comes the predictor that LOG alone gives, whose networks were measured at another time, and PREDICTOR, a file or a
shipped one's name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.latency.collect.log import Log, MeasuredNetwork, open_log, read_log
from spacelang.latency.collect.measure import Collection, Progress, Rig, saving
from spacelang.latency.collect.networks import Candidate, random_networks
from spacelang.latency.device import pinned, this_device
from spacelang.latency.meter import SWEEPS, Meter
from spacelang.latency.predict.accuracy import accuracy
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.shipped import find_predictor
from spacelang.latency.predict.train import predict_measured, train
from spacelang.latency.runtimes.protocol import Precision, RuntimeName
from spacelang.latency.runtimes.runtime import runtime
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source

SPECS = Path(__file__).resolve().parents[1] / "specs"
UNSEEN: dict[RuntimeName, dict[str, int]] = {
    "onnxruntime": {"vnni": 200, "mobilenetv3": 100, "ofa_resnet50": 100},
    "tflite": {"vnni": 200, "mobilenetv3": 100, "ofa_resnet50": 100},
}
FITTED_TO: dict[RuntimeName, tuple[str, ...]] = {
    "onnxruntime": ("vnni", "mobilenetv3", "ofa_resnet50", "proxylessnas", "digits"),
    "tflite": ("vnni", "mobilenetv3", "ofa_resnet50", "proxylessnas", "digits"),
}
FITTED = 60
"""Networks of each of these."""
UNSEEN_SEED = 2027
"""A different seed from that of the networks which factors are fitted to."""


class Found(NamedTuple):
    """What was measured.

    Attributes:
        log: the kernels, and the networks that factors are fitted to.
        unseen: the others.
    """

    log: Log
    unseen: list[MeasuredNetwork]


def main(path: Path, name: RuntimeName, precision: Precision, given: Sequence[str]) -> None:
    found = measure(path, name, precision)
    print(this_device(name).describe())
    report(train(found.log, precision), "measured at the same time", found.unseen)
    report(train(read_log(path), precision), "networks of the log, measured at another time", found.unseen)
    for each in given:
        predictor = find_predictor(each)
        # It gives latencies at the speed that the core had when its own log was begun.
        scale = (
            predictor.reference_ms / found.log.reference_ms if predictor.reference_ms and found.log.reference_ms else 1
        )
        report(predictor, each, [network._replace(ms=network.ms * scale) for network in found.unseen])


def load(name: str) -> ir.SearchSpace:
    path = SPECS / f"{name}.space"
    (space,) = compile_source(Source(str(path), path.read_text()), path)
    return space


def measure(path: Path, name: RuntimeName, precision: Precision = "int8") -> Found:
    """The log at the path, with networks that are measured now in place of its own."""
    kernels = read_log(path)
    fitted = random_networks([load(each) for each in FITTED_TO[name]], FITTED)
    of = [each for spec, count in UNSEEN[name].items() for each in random_networks([load(spec)], count, UNSEEN_SEED)]
    known = {each.network.sha256: each for each in fitted}
    candidates = list((known | {each.network.sha256: each for each in of if each.network.sha256 not in known}).values())
    Random(0).shuffle(candidates)
    whole = measured_networks(path.with_suffix(".whole.parquet"), candidates, name, precision)
    # Each log is stated in its own fast mode of the machine.
    scale = kernels.reference_ms / whole.reference_ms if kernels.reference_ms and whole.reference_ms else 1.0
    networks = [each._replace(ms=each.ms * scale) for each in whole.networks(precision)]
    log = Log(kernels.fingerprint, kernels.reference_ms)
    log.append(*kernels.kernels(precision), *(each for each in networks if each.network.sha256 in known))
    return Found(log, [each for each in networks if each.network.sha256 not in known])


def measured_networks(path: Path, candidates: list[Candidate], name: RuntimeName, precision: Precision) -> Log:
    log = open_log(path, this_device(name))
    if log.measurements < len(candidates) * SWEEPS:
        with pinned(Report()), saving(log, path) as save:
            meter = Meter(reference_ms=log.reference_ms)
            log.reference_ms = meter.reference_ms
            progress = Progress(show, len(candidates) * SWEEPS)
            Collection(Rig(runtime(name), meter, log, path), precision, save, progress).networks(candidates)
    return log


def show(done: int, total: int | None, note: str = "") -> None:
    if done % 100 == 0:
        print(f"{note}: {done} of {total}", flush=True)


def report(predictor: Predictor, title: str, networks: list[MeasuredNetwork]) -> None:
    print(f"\n{title}: {predictor.whole}")
    print(f"{'':32}{'count':>7}{'±5 %':>8}{'±10 %':>8}{'RMSPE':>8}{'RMSE ms':>9}{'mean off':>10}{'worst':>8}")
    for spec in dict.fromkeys(spec for of in UNSEEN.values() for spec in of):
        row(spec, predictor, (each for each in networks if each.network.name.split()[0] == spec))
    row("all", predictor, networks)
    row("all without hswish", predictor, (each for each in networks if not has_hswish(each)))


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
    words = sys.argv[2:]
    main(
        Path(sys.argv[1]),
        "tflite" if "tflite" in words else "onnxruntime",
        "fp32" if "fp32" in words else "int8",
        [each for each in words if each not in ("onnxruntime", "tflite", "int8", "fp32")],
    )
