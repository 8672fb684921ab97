"""Whether a network takes as long as its kernels do one by one: measured against the sum of measurements.

    python benchmarks/kernel_sum.py [onnxruntime|tflite] [FILE…]

FILE is a `.space` text with a model or a space, of which a sampled model is taken. Without it: SeqNet A0-A4 on VNNI.
"""

from __future__ import annotations

import sys
from pathlib import Path

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.latency.device import pinned
from spacelang.latency.meter import Meter
from spacelang.latency.runtimes.protocol import Precision, Runtime
from spacelang.latency.runtimes.runtime import runtime
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import kernels_of
from spacelang.networks.network import layers
from spacelang.networks.sample import sample
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source

SPECS = Path(__file__).resolve().parents[1] / "specs"
MODELS = [SPECS / f"seqnet_vnni_a{index}.space" for index in range(5)]
RUNS = 20
PRECISIONS: tuple[Precision, ...] = ("int8", "fp32")


def model_of(path: Path) -> tuple[ir.SearchSpace, Architecture]:
    (space,) = compile_source(Source(str(path), path.read_text()), path)
    return space, sample(space, 1, 0)[0]


def compare(
    meter: Meter, made: Runtime, space: ir.SearchSpace, architecture: Architecture, precision: Precision
) -> tuple[float, float]:
    """Milliseconds of the whole network, and of its kernels together."""
    whole = meter.measure(made.network(space, architecture, precision).run, space.name, RUNS).ms
    kernels = [kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops)]
    alone = {
        each: meter.measure(made.kernel(each, precision).run, str(each), RUNS).ms for each in dict.fromkeys(kernels)
    }
    return whole, sum(alone[each] for each in kernels)


def main(name: str, files: list[Path]) -> None:
    made = runtime("tflite" if name == "tflite" else "onnxruntime")
    with pinned(Report()):
        meter = Meter()
        print(f"{made.name} {made.version()}")
        print(f"{'model':24}{'precision':>10}{'whole ms':>10}{'kernels ms':>12}{'whole / kernels':>17}")
        for space, architecture in map(model_of, files):
            for precision in PRECISIONS:
                whole, kernels = compare(meter, made, space, architecture, precision)
                print(
                    f"{space.name:24}{precision:>10}{whole:>10.3f}{kernels:>12.3f}{whole / kernels:>17.3f}", flush=True
                )


if __name__ == "__main__":
    given = sys.argv[1:]
    name = given.pop(0) if given and given[0] in ("onnxruntime", "tflite") else "onnxruntime"
    main(name, [Path(each) for each in given] or MODELS)
