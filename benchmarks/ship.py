"""Makes a predictor that ships with spacelang, and its card, from what was measured on this machine.

    python -m benchmarks.ship LOG NAME [onnxruntime|tflite] [int8|fp32]

LOG is as of benchmarks/whole_models.py, which measures what is missing. The predictor and the card go into
spacelang/latency/predict/data.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.whole_models import FITTED_TO, UNSEEN, measure
from spacelang.latency.collect.log import MeasuredNetwork
from spacelang.latency.predict.accuracy import Accuracy, accuracy
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.stored import write_predictor
from spacelang.latency.predict.train import predict_measured, train
from spacelang.latency.runtimes.protocol import Precision, RuntimeName

DATA = Path(__file__).resolve().parents[1] / "spacelang" / "latency" / "predict" / "data"
RUNTIMES: dict[RuntimeName, str] = {"onnxruntime": "onnxruntime", "tflite": "TFLite (XNNPACK)"}
MEMORY = (
    "The last cache and the memory are shared with neighbours, whose load no canary sees: a network that is measured "
    "at another time may take 5 to 10 % longer, most of all one with 5 to 12 million weights. Kernels of microseconds, "
    "such as global pools, are uncertain by 10 % and more. Kernels unlike all that were measured are warned of with "
    "SP1604."
)
FAILS: dict[RuntimeName, str] = {
    "onnxruntime": MEMORY,
    "tflite": MEMORY,
}


def main(path: Path, name: str, runtime: RuntimeName, precision: Precision) -> None:
    found = measure(path, runtime, precision)
    predictor = train(found.log, precision, name=name)
    write_predictor(predictor, DATA / f"{name}.predictor")
    (DATA / f"{name}.md").write_text(card(predictor, found.unseen, runtime))
    print((DATA / f"{name}.md").read_text())


def card(predictor: Predictor, unseen: list[MeasuredNetwork], runtime: RuntimeName) -> str:
    whole = predictor.whole
    fitted = (
        f"factor {whole.factor:.3f}; {whole.kept / 1e6:g} million weights stay in the cache, others take "
        f"{whole.weight_ms * 1e9:.1f} ms a billion; {whole.activation_ms * 1e9:.1f} ms a billion activations, "
        f"{whole.touch_ms * 1e9:.1f} more in kernels that go through their map value by value; "
        f"{whole.start_ms * 1e3:.1f} µs a network; {whole.image_ms * 1e6:.2f} µs a thousand values of the image; "
        f"{whole.wide_ms * 1e6:.2f} µs a thousand weights of depthwise kernels wider than 5×5."
    )
    spaces = ", ".join(f"`{each}`" for each in FITTED_TO[runtime])
    return f"""# {predictor.name}

{predictor.precision.upper()} networks through {RUNTIMES[runtime]} on one core of an AMD Zen 5 server.

| | |
|---|---|
| device | {predictor.fingerprint.describe()} |
| measured | {datetime.now(UTC):%Y-%m-%d}, on a virtual machine whose neighbours share its last cache and memory |
| made from | kernels, and {len(predictor.fitted)} random networks of {spaces} |
| made with | {", ".join(f"{name} {version}" for name, version in predictor.versions.items())} |
| sha256 | {predictor.sha256} |

## Kernels

The hold-out is a fixed fifth of all kernels, which nothing was learned from.

| kernel | learned from | held out | within 5 % | within 10 % | RMSPE |
|---|---|---|---|---|---|
{"".join(kernel_row(kind, each.samples, each.accuracy) for kind, each in sorted(predictor.kinds.items()))}
## Networks

Networks that nothing was fitted to, measured in the same sweeps as those that it was fitted to, of another seed
(`benchmarks/whole_models.py`):

| networks | count | within 5 % | within 10 % | RMSPE | RMSE ms |
|---|---|---|---|---|---|
{"".join(network_rows(predictor, unseen, runtime))}
The fitted numbers: {fitted}

## Where it fails

{FAILS[runtime]}
"""


def kernel_row(kind: str, samples: int, of: Accuracy | None) -> str:
    judged = f"{of.count} | {of.within_5:.1%} | {of.within_10:.1%} | {of.rmspe:.1%}" if of else "0 | | |"
    return f"| {kind} | {samples} | {judged} |\n"


def network_rows(predictor: Predictor, unseen: list[MeasuredNetwork], runtime: RuntimeName) -> Iterable[str]:
    parts = {spec: [each for each in unseen if each.network.name.split()[0] == spec] for spec in UNSEEN[runtime]}
    for name, networks in {**parts, "all": unseen}.items():
        of = accuracy(predict_measured(predictor, networks), np.array([each.ms for each in networks]))
        figures = f"{of.within_5:.1%} | {of.within_10:.1%} | {of.rmspe:.1%} | {of.rmse_ms:.3f}"
        yield f"| {name} | {of.count} | {figures} |\n"


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        sys.argv[2],
        "tflite" if "tflite" in sys.argv[3:] else "onnxruntime",
        "fp32" if "fp32" in sys.argv[3:] else "int8",
    )
