"""`export`: a model as a file, verified before it is there."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from spacelang import __version__
from spacelang.export.check import Operators, check_accuracy, check_onnx, check_operators
from spacelang.export.formats import OPSET, FormatName, Options, format_named, size_of
from spacelang.export.judging import Accuracy, Judged, judge
from spacelang.export.source import Source
from spacelang.files import require_writable, write_atomic, write_folder
from spacelang.latency.runtimes.protocol import Pixels
from spacelang.nn import Precision
from spacelang.nn.lowering import lower
from spacelang.report.diagnostics import refuse
from spacelang.report.progress import Update
from spacelang.steps import Steps
from spacelang.steps.reduced import Saturation, reduced, saturation
from spacelang.translate.printer import to_text

VALIDATED = 1000
"""Validation images that a file is checked on."""
WITNESSED = 2
"""Images that the exact witness computes; an operator has thousands of outputs for each."""
OF_ONNX = ("onnx", "qdq")
LOWEST_OPSET, HIGHEST_OPSET = 14, 23


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        file, network: accuracy of the file, and of the network in torch: fake-quantised in INT8.
        agreement: the share of images that both put into the same class.
        operators: how they compare with the exact witness; None in FP32.
        saturation: of sums on x86 without VNNI; None for other formats and in FP32.
    """

    path: str
    format: FormatName
    precision: Precision
    bytes: int
    file: Accuracy
    network: Accuracy
    agreement: float
    operators: Operators | None
    saturation: Saturation | None
    metadata: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Wanted:
    """What to export, and how.

    Attributes:
        pixels: whether the file reads bytes of pixels and normalises them itself.
        reduce_range: weights of 7 bits, for x86 without VNNI.
        opset: of ONNX; None: 17.
        images: validation images to check on.
    """

    format: FormatName = "onnx"
    precision: Precision = "int8"
    pixels: bool = False
    reduce_range: bool = False
    opset: int | None = None
    images: int = VALIDATED


def export(source: Source, wanted: Wanted, output: str | os.PathLike[str], update: Update) -> Exported:
    """Cut, calibrate, lower, write, verify; only then the file is there.

    Raises:
        SpacelangError: SP19xx: what doesn't hold, by operator and figures; there is no file then.
        OSError: if it can't be written there, which is tried before all else.
    """
    _require_sensible(wanted)
    format = format_named(wanted.format)
    if wanted.format == "saved-model":
        _require_free(Path(output))
    else:
        require_writable(output)
    update(0, None, "calibrating")
    network = source.network(wanted.precision)
    steps = lower(network, source.model.channels, source.resolution, wanted.precision)
    steps = reduced(steps) if wanted.reduce_range else steps
    images = _images(source)
    update(0, None, "comparing operators")
    operators = check_operators(steps, format, images[:WITNESSED]) if steps.precision == "int8" else None
    in_torch = _judge_torch(network, source, wanted.images, update)
    content = format.write(steps, Options({}, None, wanted.opset or OPSET))
    if isinstance(content, bytes) and wanted.format in OF_ONNX:
        check_onnx(content, source.model, source.architecture, steps)
    judged = _judge_file(format.open(content), source, wanted.images, update)
    check_accuracy(judged, in_torch)
    metadata = provenance(source, wanted, judged.accuracy)
    pixels = Pixels(source.data.mean, source.data.std) if wanted.pixels else None
    content = format.write(steps, Options(metadata, pixels, wanted.opset or OPSET))
    format.open(content)
    if isinstance(content, bytes):
        write_atomic(output, content)
    else:
        write_folder(output, content)
    return Exported(
        os.fspath(output), wanted.format, wanted.precision, size_of(content), judged.accuracy, in_torch.accuracy,
        judged.agreement(in_torch), operators, _saturation(steps, wanted, images), metadata,
    )  # fmt: skip


def _require_sensible(wanted: Wanted) -> None:
    """Raises: SpacelangError: SP1908 for an option that the format doesn't have, or that would change nothing."""
    onnx = wanted.format in OF_ONNX
    if wanted.opset is not None and onnx and not LOWEST_OPSET <= wanted.opset <= HIGHEST_OPSET:
        refuse("SP1908", f"the opset is {wanted.opset}", f"take one of {LOWEST_OPSET} to {HIGHEST_OPSET}")
    if wanted.format == "torch" and (wanted.precision == "fp32" or wanted.pixels):
        refuse("SP1908", "the torch format holds integers, and reads normalised images", "leave the option out")
    for given, name in ((wanted.opset is not None, "an opset"), (wanted.reduce_range, "weights of 7 bits")):
        if given and not onnx:
            refuse("SP1908", f"{wanted.format} has no use for {name}: that is for ONNX", "leave the option out")
    if wanted.reduce_range and wanted.precision == "fp32":
        refuse("SP1908", "an FP32 network has no weights of 7 bits", "leave --reduce-range out")


def _require_free(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and next(folder.iterdir(), None) is None):
        refuse("SP1912", f"`{folder}` exists already", "write to a new folder")
    require_writable(folder / "new")


def provenance(source: Source, wanted: Wanted, accuracy: Accuracy) -> dict[str, str]:
    """What a file says about itself. Nothing in it depends on when or where it was written."""
    model = source.model
    return {
        "spacelang.version": __version__,
        "spacelang.model": to_text(model),
        "spacelang.model_sha256": model.sha256,
        "spacelang.weights_sha256": source.weights_sha256,
        "spacelang.precision": wanted.precision,
        "spacelang.data": source.data.name,
        "spacelang.data_fingerprint": source.data.fingerprint,
        "spacelang.mean": " ".join(f"{each:.9g}" for each in source.data.mean),
        "spacelang.std": " ".join(f"{each:.9g}" for each in source.data.std),
        "spacelang.pixels": str(wanted.pixels).lower(),
        "spacelang.images": str(accuracy.images),
        "spacelang.top1": f"{accuracy.top1:.6f}",
        "spacelang.cross_entropy": f"{accuracy.cross_entropy:.6f}",
    }


def _images(source: Source) -> NDArray[np.float32]:
    return np.asarray(source.calibration()[0].numpy())


def _judge_torch(network: torch.nn.Module, source: Source, limit: int, update: Update) -> Judged:
    @torch.no_grad()
    def predict(images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(network(torch.from_numpy(images)).reshape(len(images), -1).numpy())

    named = _named(update, "in torch")
    return judge(predict, source.data.validation, source.resolution, limit, named, source.workers)


def _judge_file(predict: object, source: Source, limit: int, update: Update) -> Judged:
    named = _named(update, "the file")
    return judge(predict, source.data.validation, source.resolution, limit, named, source.workers)  # type: ignore[arg-type]


def _named(update: Update, name: str) -> Update:
    return lambda done, total, note="": update(done, total, name)


def _saturation(steps: Steps, wanted: Wanted, images: NDArray[np.float32]) -> Saturation | None:
    if steps.precision == "fp32" or wanted.format not in OF_ONNX:
        return None
    return saturation(steps, images)
