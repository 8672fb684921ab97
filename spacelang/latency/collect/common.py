"""Kernels of kinds that any network may have, whether or not the spaces hold them.

Without them, a predictor refuses most files from elsewhere.
"""

from __future__ import annotations

from itertools import zip_longest

from spacelang.latency.runtimes.onnxruntime.foreign import HSIGMOID_FLOAT, HSWISH_FLOAT, REQUANTISE
from spacelang.latency.runtimes.protocol import Precision, RuntimeName
from spacelang.networks.kernels import Kernel

MAPS = ((16, 112), (32, 112), (64, 112), (24, 56), (64, 56), (96, 56), (144, 56), (256, 56), (40, 28), (128, 28),
        (192, 28), (240, 28), (512, 28), (80, 14), (256, 14), (384, 14), (672, 14), (1024, 14), (160, 7), (512, 7),
        (960, 7), (2048, 7), (64, 1), (240, 1), (960, 1), (4096, 1))  # fmt: skip
"""Channels and size, as in networks for images of 224 pixels."""
LINEAR = (64, 128, 256, 512, 576, 768, 960, 1024, 1280, 1536, 1792, 2048)
CLASSES = (100, 1000, 1280)


PART = 4
"""One of these is measured for every four kernels of the spaces, until all are measured."""


def common_kernels(runtime: RuntimeName, precision: Precision, samples: int) -> list[Kernel]:
    """The common kernels to measure with this runtime in this precision. The kinds take turns."""
    kinds = ["pool", "maxpool", "avgpool", "linear"]
    if (runtime, precision) == ("onnxruntime", "int8"):
        kinds += [REQUANTISE, HSWISH_FLOAT, HSIGMOID_FLOAT]
    made = [each for turn in zip_longest(*map(_of_kind, kinds)) for each in turn if each is not None]
    return made[: samples // PART]


def _of_kind(kind: str) -> list[Kernel]:
    if kind == "linear":
        return [Kernel(kind, each, classes, 1) for classes in CLASSES for each in LINEAR]
    windows = {"maxpool": (3, 2), "avgpool": (2, 2)}
    least = 7 if kind in windows else 1 if kind == "pool" else 0
    return [Kernel(kind, each, each, size, *windows.get(kind, (1, 1))) for each, size in MAPS if size > least]
