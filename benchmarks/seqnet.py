"""SeqNet@vnni and the baselines on this machine: Table 2 of the paper, measured.

    python -m benchmarks.seqnet [onnxruntime|tflite]

Latency doesn't depend on weights, so they are made up. The paper's columns are of a Xeon Silver 4210 with onnxruntime;
ratios are what compares. Of each baseline space the smallest, the largest and a sampled model are measured; the paper
measured other models of them, whose speedup is given. Needs a quiet machine, and takes about three minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import spacelang
from spacelang.latency.bench import Model, bench
from spacelang.latency.device import pinned, this_device
from spacelang.latency.meter import Meter
from spacelang.latency.runtimes.protocol import RuntimeName
from spacelang.latency.runtimes.runtime import runtime
from spacelang.networks.architecture import architecture_of, largest, smallest
from spacelang.networks.sample import sample
from spacelang.report.diagnostics import Report

SPECS = Path(__file__).resolve().parents[1] / "specs"
BASELINES = ("mobilenetv3", "proxylessnas", "attentivenas", "ofa_resnet50")


class Published(NamedTuple):
    """Milliseconds, of Table 2."""

    int8: float
    speedup: float


BASELINE_SPEEDUPS = {
    "mobilenetv3": "1.1 to 1.5×",
    "proxylessnas": "1.8×",
    "attentivenas": "1.3 to 1.4×",
}
"""Of MobileNetV3Small and Large, ProxylessNAS-R, AttentiveNAS-A0 to A2."""
PAPER: dict[str, Published] = {
    "seqnet_vnni_a0": Published(4.4, 2.0),
    "seqnet_vnni_a1": Published(8.8, 2.4),
    "seqnet_vnni_a2": Published(14.1, 2.4),
    "seqnet_vnni_a3": Published(18.9, 2.6),
    "seqnet_vnni_a4": Published(24.4, 2.4),
}


def models() -> list[Model]:
    found = []
    for at in range(5):
        space = spacelang.load(SPECS / f"seqnet_vnni_a{at}.space")
        found.append(Model(space, architecture_of(space), space.name))
    for name in BASELINES:
        space = spacelang.load(SPECS / f"{name}.space")
        chosen = {"smallest": smallest(space), "largest": largest(space), "sampled": sample(space, 1, 0)[0]}
        found += [Model(space, each, f"{name} {which}") for which, each in chosen.items()]
    return found


def main(name: RuntimeName) -> None:
    with pinned(Report()):
        found = bench(models(), Meter(), 30, runtime(name), lambda *_: None)
    print(this_device(name).describe())
    print("| model | resolution | MFLOPs | INT8 ms | FP32 ms | speedup | paper's INT8 ms | paper's speedup |")
    print("|---|---|---|---|---|---|---|---|")
    for each in found:
        paper = PAPER.get(each.name)
        speedup = BASELINE_SPEEDUPS.get(each.name.split()[0], "")
        published = f"{paper.int8:g} | {paper.speedup:g}×" if paper else f" | {speedup}"
        print(
            f"| {each.name} | {each.resolution} | {each.mflops:.0f} | {each.int8_ms:.2f} | {each.fp32_ms:.2f} "
            f"| {each.speedup:.2f}× | {published} |"
        )


if __name__ == "__main__":
    main("tflite" if "tflite" in sys.argv[1:] else "onnxruntime")
