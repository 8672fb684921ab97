"""Files that ship: what they say about themselves, and how accurate they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacelang import ir
from spacelang.export.formats import FormatName, Options, format_named
from spacelang.export.judging import Accuracy, Predict, judge
from spacelang.export.source import from_run
from spacelang.files import read_or_refuse
from spacelang.nn.lowering import lower
from spacelang.report.diagnostics import SpacelangError, refuse
from spacelang.report.progress import Update
from spacelang.train.data import open_images

SUFFIXES: dict[str, FormatName] = {".onnx": "onnx", ".tflite": "tflite", ".safetensors": "torch"}
EXAMPLE = "say on which images: --data DATA"


@dataclass(frozen=True)
class ModelFile:
    """A file that a runtime reads.

    Attributes:
        shape: of an image: channels, height, width.
        said: what it says about itself; `spacelang export` says where it is from.
    """

    path: Path
    format: FormatName
    bytes: int
    shape: tuple[int, ...]
    said: Mapping[str, str]
    predict: Predict

    @property
    def precision(self) -> str:
        return self.said.get("spacelang.precision", "")

    def model(self) -> ir.SearchSpace | None:
        """The model that it is of, if it says so."""
        from spacelang.driver import loads

        text = self.said.get("spacelang.model")
        try:
            return loads(text) if text else None
        except SpacelangError:
            return None


@dataclass(frozen=True)
class EvaluatedFile:
    name: str
    format: FormatName
    precision: str
    bytes: int
    accuracy: Accuracy


def refuse_saved_model(path: Path) -> None:
    """Raises: SpacelangError: SP1909 if this is a SavedModel: a graph of TensorFlow may read and write files."""
    if (path / "saved_model.pb").is_file():
        mend = "evaluate the TFLite file that TensorFlow's converter makes of it"
        refuse("SP1909", f"`{path}` is a SavedModel, which may hold any program, so it isn't opened", mend)


def is_file(argument: str) -> bool:
    """Whether this names a file for a runtime, by its ending."""
    return Path(argument).suffix.lower() in SUFFIXES


def read_file(path: Path) -> ModelFile:
    """Raises: SpacelangError: SP1909 if it isn't a network of one image; SP1103 if its runtime isn't installed."""
    name = SUFFIXES[path.suffix.lower()]
    content = read_or_refuse(path, "SP1909")
    try:
        said, shape, ports = _READERS[name](content)
        predict = format_named(name).open(content)
        _require_image(path, shape, ports)
        kind = np.uint8 if said.get("spacelang.pixels") == "true" else np.float32
        predict(np.zeros((1, *shape), kind))
    except SpacelangError:
        raise
    except Exception as error:  # runtimes say in many ways that a file isn't theirs
        refuse("SP1909", f"`{path}` can't be read as a network: {' '.join(str(error).split())[:200]}")
    return ModelFile(path, name, len(content), shape, said, predict)


def _require_image(path: Path, shape: tuple[int, ...], ports: tuple[int, int]) -> None:
    if ports != (1, 1):
        refuse("SP1909", f"`{path}` has {ports[0]} inputs and {ports[1]} outputs, not one of each")
    if len(shape) != 3 or shape[1] != shape[2] or not all(isinstance(each, int) for each in shape):
        refuse("SP1909", f"`{path}` reads {'×'.join(map(str, shape))}, not one square image")


def evaluate_file(path: Path, where: str | None, limit: int | None, update: Update, workers: int = 0) -> EvaluatedFile:
    """Accuracy of a file on validation images.

    Args:
        where: as `open_data` takes it; None for the images that the file says it was checked on.

    Raises: SpacelangError: SP1909: as `read_file`; SP1910 if the images don't fit the file; SP12xx for the images.
    """
    file = read_file(path)
    where = where or file.said.get("spacelang.data")
    if where is None:
        refuse("SP1910", f"`{path}` doesn't say which images it is for", EXAMPLE)
    data = open_images(where, file.shape[0])
    named = _named(update, path.name)
    pixels = file.said.get("spacelang.pixels") == "true"
    predict = _of_pixels(file.predict, data.mean, data.std) if pixels else file.predict
    outputs = predict(data.validation.images([0], file.shape[1], None).numpy()).shape[1]
    if outputs != data.classes:
        refuse("SP1910", f"`{path}` has {outputs} classes, {data.name} has {data.classes}", "take other images")
    judged = judge(predict, data.validation, file.shape[1], limit, named, workers)
    if not np.isfinite(judged.accuracy.cross_entropy):
        refuse("SP1909", f"`{path}` gives outputs that are not finite")
    return EvaluatedFile(str(path), file.format, file.precision, file.bytes, judged.accuracy)


def evaluate_model(
    model: ir.SearchSpace, run: Path, where: str | None, limit: int | None, update: Update, workers: int = 0
) -> EvaluatedFile:
    """A model of a run, as its QOperator file would be; nothing is written.

    Raises: SpacelangError: as `from_run` and `lower`.
    """
    source = from_run(model, run, where, workers)
    steps = lower(source.network("int8"), model.channels, source.resolution)
    format = format_named("onnx")
    content = format.write(steps, Options({}))
    data = source.data.validation
    judged = judge(format.open(content), data, source.resolution, limit, _named(update, model.name), workers)
    return EvaluatedFile(model.name, "onnx", "int8", len(content), judged.accuracy)


def _named(update: Update, name: str) -> Update:
    return lambda done, total, note="": update(done, total, name)


def _of_pixels(predict: Predict, mean: tuple[float, ...], std: tuple[float, ...]) -> Predict:
    """For a file that normalises pixels itself, the pixels that normalised images were made of."""
    means, stds = (np.asarray(each, np.float32).reshape(1, -1, 1, 1) for each in (mean, std))

    def of_pixels(images: NDArray[Any]) -> NDArray[np.float32]:
        return predict(((images * stds + means) * 255).round().clip(0, 255).astype(np.uint8))

    return of_pixels


Read = tuple[dict[str, str], tuple[int, ...], tuple[int, int]]
"""What a file says about itself, the shape of its image, and how many inputs and outputs it has."""


def _read_onnx(content: bytes) -> Read:
    import onnx

    from spacelang.latency.runtimes.onnxruntime.session import Inference

    said = {each.key: each.value for each in onnx.load_model_from_string(content).metadata_props}
    inference = Inference(content)
    return said, inference.shape, inference.ports


def _read_tflite(content: bytes) -> Read:
    from spacelang.latency.runtimes.runtime import runtime

    runtime("tflite")
    from spacelang.latency.runtimes.tflite.flatbuffer import read_metadata
    from spacelang.latency.runtimes.tflite.interpreter import LiteInference

    inference = LiteInference(content)
    return read_metadata(content), inference.shape, inference.ports


def _read_torch(content: bytes) -> Read:
    from spacelang.export.stored import from_bytes

    (image,) = from_bytes(content).inputs
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length])["__metadata__"], (image.channels, image.size, image.size), (1, 1)


_READERS: dict[FormatName, Callable[[bytes], Read]] = {
    "onnx": _read_onnx,
    "tflite": _read_tflite,
    "torch": _read_torch,
}
