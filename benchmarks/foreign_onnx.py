"""Networks that spacelang didn't build, quantised by onnxruntime's own tool: predicted against measured.

    python benchmarks/foreign_onnx.py [PREDICTOR]

PREDICTOR is the name of a shipped predictor, or a file. Without it the kernels are measured here, one by one, and
summed. The networks are written in plain torch from their papers' tables: MobileNetV2 (Table 2), MobileNetV3-Large
(Table 1) and ResNet-50 (Table 1), with the stride in its 3×3 convolutions.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from spacelang.latency.device import pinned
from spacelang.latency.match import Matched, kernels_of_onnx
from spacelang.latency.meter import SWEEPS, Meter
from spacelang.latency.predict.networks import latencies_of_kernels
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.shipped import find_predictor
from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.report.diagnostics import Report

SIZE, CLASSES = 224, 1000
KERNEL_RUNS, NETWORK_RUNS = 20, 50
PAUSE_SECONDS = 15.0
CALIBRATION_IMAGES = 2
"""Random ones: scales don't change a latency."""


def conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, act: nn.Module | None = None
) -> nn.Module:
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([act] if act else []))


class Residual(nn.Module):
    """A body, and what its input passes through before it is added; None for no sum."""

    def __init__(self, body: nn.Module, shortcut: nn.Module | None, act: nn.Module | None = None) -> None:
        super().__init__()
        self.body, self.shortcut, self.act = body, shortcut, act or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        body: Tensor = self.body(x)
        made: Tensor = self.act(body if self.shortcut is None else self.shortcut(x) + body)
        return made


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        scaled: Tensor = x * self.gate(x)
        return scaled


def round8(value: float) -> int:
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


def inverted(
    inputs: int, outputs: int, hidden: int, kernel: int, stride: int, act: Callable[[], nn.Module], se: bool = False
) -> nn.Module:
    layers = [conv(inputs, hidden, 1, act=act())] if hidden != inputs else []
    layers.append(conv(hidden, hidden, kernel, stride, hidden, act()))
    if se:
        layers.append(SqueezeExcite(hidden, round8(hidden / 4)))
    layers.append(conv(hidden, outputs, 1))
    return Residual(nn.Sequential(*layers), nn.Identity() if stride == 1 and inputs == outputs else None)


def mobilenet_v2() -> nn.Module:
    layers, channels = [conv(3, 32, 3, 2, act=nn.ReLU6())], 32
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expand, width, count, stride in table:
        for index in range(count):
            layers.append(inverted(channels, width, channels * expand, 3, 1 if index else stride, nn.ReLU6))
            channels = width
    head = (conv(channels, 1280, 1, act=nn.ReLU6()), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2))
    return nn.Sequential(*layers, *head, nn.Linear(1280, CLASSES))


def mobilenet_v3() -> nn.Module:
    layers, channels = [conv(3, 16, 3, 2, act=nn.Hardswish())], 16
    table = (
        (3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1),
        (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
        (3, 184, 80, 0, 1, 1), (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1), (5, 672, 160, 1, 1, 2),
        (5, 960, 160, 1, 1, 1), (5, 960, 160, 1, 1, 1),
    )  # fmt: skip
    for kernel, hidden, width, se, hard, stride in table:
        act = nn.Hardswish if hard else nn.ReLU
        layers.append(inverted(channels, width, hidden, kernel, stride, act, bool(se)))
        channels = width
    head = (conv(channels, 960, 1, act=nn.Hardswish()), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(960, 1280))
    return nn.Sequential(*layers, *head, nn.Hardswish(), nn.Dropout(0.2), nn.Linear(1280, CLASSES))


def resnet50() -> nn.Module:
    layers: list[nn.Module] = [conv(3, 64, 7, 2, act=nn.ReLU()), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for width, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for index in range(count):
            step = 1 if index else stride
            body = nn.Sequential(
                conv(channels, width, 1, act=nn.ReLU()),
                conv(width, width, 3, step, act=nn.ReLU()),
                conv(width, 4 * width, 1),
            )
            shortcut = nn.Identity() if index else conv(channels, 4 * width, 1, step)
            layers.append(Residual(body, shortcut, nn.ReLU()))
            channels = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "mobilenet_v2": mobilenet_v2, "mobilenet_v3": mobilenet_v3, "resnet50": resnet50,
}  # fmt: skip


class Images(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(0)
        images = (rng.random((1, 3, size, size), np.float32) for _ in range(CALIBRATION_IMAGES))
        self._images: Iterator[dict[str, Any]] = ({"x": each} for each in images)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._images, None)


def export(network: nn.Module, path: Path, size: int = SIZE, channels: int = 3) -> None:
    """Writes the network as float32 ONNX, as torch's exporter has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its successor
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, channels, size, size),),
            str(path),
            input_names=["x"],
            opset_version=17,
            dynamo=False,
        )


def quantise(given: Path, made: Path, form: QuantFormat = QuantFormat.QDQ, size: int = SIZE) -> None:
    """Quantises by onnxruntime's tool: unsigned activations, signed weights per channel."""
    prepared = made.with_suffix(".prepared.onnx")
    quant_pre_process(str(given), str(prepared))
    quantize_static(
        str(prepared), str(made), Images(size), quant_format=form, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip


def summed(meter: Meter) -> Callable[[Matched], float]:
    """Milliseconds of a network's kernels, measured here one by one."""

    def predict(network: Matched) -> float:
        made = OnnxRuntime()
        once = dict.fromkeys(network.kernels)
        alone = {
            each: meter.measure(made.kernel(each, network.precision).run, str(each), KERNEL_RUNS).ms for each in once
        }
        return sum(alone[each] for each in network.kernels)

    return predict


def learned(predictor: Predictor) -> Callable[[Matched], float]:
    """Milliseconds of a network as a predictor has them; of another precision, not a number."""

    def predict(network: Matched) -> float:
        if network.precision != predictor.precision:
            return float("nan")
        values = np.array([np.prod(network.input_shape)], float)
        return float(latencies_of_kernels([network.kernels], values, predictor).ms[0])

    return predict


def made(folder: Path) -> list[Path]:
    """The networks, each in INT8 and in FP32."""
    paths = []
    for name, make in NETWORKS.items():
        torch.manual_seed(0)
        whole, quantised = folder / f"{name}.onnx", folder / f"{name}.int8.onnx"
        export(make(), whole)
        quantise(whole, quantised)
        paths += [quantised, whole]
    return paths


def measured(paths: list[Path], meter: Meter) -> list[float]:
    """Milliseconds of each: the fastest of sweeps over all of them, with pauses between."""
    runs = [OnnxRuntime().load(each.read_bytes()).run for each in paths]
    fastest = [float("inf")] * len(runs)
    for sweep in range(SWEEPS):
        time.sleep(PAUSE_SECONDS if sweep else 0)
        found = [meter.measure(run, path.name, NETWORK_RUNS).ms for run, path in zip(runs, paths, strict=True)]
        fastest = list(map(min, fastest, found))
    return fastest


def main(folder: Path, meter: Meter, predict: Callable[[Matched], float]) -> None:
    paths = made(folder)
    print(f"{'network':16}{'precision':>10}{'kernels':>9}{'predicted ms':>14}{'measured ms':>13}{'error':>8}")
    for path, ms in zip(paths, measured(paths, meter), strict=True):
        network = kernels_of_onnx(path)
        predicted = predict(network)
        name = f"{path.name.partition('.')[0]:16}{network.precision:>10}"
        print(f"{name}{len(network.kernels):>9}{predicted:>14.3f}{ms:>13.3f}{predicted / ms - 1:>+8.1%}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with pinned(Report()), tempfile.TemporaryDirectory() as scratch:
        if len(sys.argv) > 1:
            predictor = find_predictor(sys.argv[1])
            # Measurements are scaled to the core speed that the predictor's latencies are given at.
            main(Path(scratch), Meter(reference_ms=predictor.reference_ms), learned(predictor))
        else:
            meter = Meter()
            main(Path(scratch), meter, summed(meter))
