"""A shipped predictor adapted to another device, from 30 to 800 of its kernels: how many come out within 5 and 10 %.

    python -m benchmarks.adapt PREDICTOR LOG

LOG is of the new device: `spacelang latency collect --space … --samples 800 --hold-out 300 -o LOG`. Kernels of the
fixed hold-out judge. Where no other device is at hand, the mechanism shows between two runtimes, or from FP32 to INT8:
adapt `zen5-tflite-int8` to a log of onnxruntime.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, Measured, read_log
from spacelang.latency.predict.adapt import adapt
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.shipped import find_predictor
from spacelang.latency.predict.train import train

COUNTS = (30, 100, 200, 800)


def part(log: Log, kernels: list[Measured], count: int) -> Log:
    """The first kernels of each kind, as many as make the count: in proportion to how many the log holds."""
    made = Log(log.fingerprint, log.reference_ms)
    kinds = sorted({each.kernel.kind for each in kernels})
    for kind in kinds:
        alike = [each for each in kernels if each.kernel.kind == kind]
        made.append(*alike[: max(3, round(count * len(alike) / len(kernels)))])
    return made


def judged(predictor: Predictor, held_out: list[Measured]) -> tuple[float, float]:
    """The shares within 10 and 5 %."""
    known = [each for each in held_out if each.kernel.kind in predictor.kinds]
    off = np.abs(predictor.predict_kernels([each.kernel for each in known]) / np.array([each.ms for each in known]) - 1)
    return float(np.sum(off < 0.1) / len(held_out)), float(np.sum(off < 0.05) / len(held_out))


def main(base: Predictor, log: Log) -> None:
    measured = log.kernels(base.precision)
    held_out = [each for each in measured if is_held_out(each.kernel) and each.kernel.kind in base.kinds]
    kernels = [each for each in measured if not is_held_out(each.kernel)]
    print(f"{base.name} to {log.fingerprint.describe()}: {len(held_out)} held out")
    print(f"{'kernels':>8} {'one factor':>12} {'adapted':>14} {'from nothing':>14} {'seconds':>8}")
    for count in COUNTS:
        learned = part(log, kernels, count)
        ms = np.array([each.ms for each in learned.kernels(base.precision) if each.kernel.kind in base.kinds])
        known = [each.kernel for each in learned.kernels(base.precision) if each.kernel.kind in base.kinds]
        factor = float(np.median(ms / base.predict_kernels(known)))
        plain = base.predict_kernels([each.kernel for each in held_out]) * factor
        one = float(np.mean(np.abs(plain / np.array([each.ms for each in held_out]) - 1) < 0.1))
        begun = time.perf_counter()
        adapted = judged(adapt(base, learned), held_out)
        taken = time.perf_counter() - begun
        alone = judged(train(learned, base.precision), held_out)
        shown = (f"{ten:.0%} ({five:.0%})" for ten, five in (adapted, alone))
        print(f"{len(ms):>8} {one:>12.0%} {next(shown):>14} {next(shown):>14} {taken:>8.1f}", flush=True)


if __name__ == "__main__":
    main(find_predictor(sys.argv[1]), read_log(sys.argv[2]))
