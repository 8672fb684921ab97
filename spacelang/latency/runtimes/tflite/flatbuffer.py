"""Writing a TFLite model: tensors and operators on the way to a flatbuffer of TFLite's schema, version 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

SCHEMA = 3
IDENTIFIER = b"TFL3"
ALIGNMENT = 16
"""The alignment of constants, in bytes, as the schema asks for."""
TYPES = {"float32": "FLOAT32", "int8": "INT8", "int32": "INT32", "uint8": "UINT8"}
LAST_OLD_CODE = 127
"""Operators up to this one are also named in a field that holds one byte."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """How integers stand for numbers: scale · (integer − zero point), per tensor or along one axis."""

    scales: tuple[float, ...]
    zero_point: int = 0
    axis: int = 0


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph. `buffer`: 0 for one that is computed."""

    index: int
    shape: tuple[int, ...]
    dtype: str
    grid: Quantization | None
    buffer: int = 0


@dataclass(frozen=True, slots=True)
class _Operator:
    kind: str
    version: int
    inputs: tuple[int, ...]
    output: int
    options: str
    fields: dict[str, Any]


class Graph:
    """The one subgraph of a model. Operators are appended in the order that they run in."""

    def __init__(self) -> None:
        self._tensors: list[Tensor] = []
        self._buffers: list[bytes] = [b""]
        self._operators: list[_Operator] = []

    def tensor(self, shape: Sequence[int], dtype: str, grid: Quantization | None = None) -> Tensor:
        return self._append(shape, dtype, grid, 0)

    def constant(self, value: NDArray[Any], grid: Quantization | None = None) -> Tensor:
        self._buffers.append(np.ascontiguousarray(value).tobytes())
        return self._append(value.shape, value.dtype.name, grid, len(self._buffers) - 1)

    def operator(
        self, kind: str, inputs: Sequence[Tensor], output: Tensor, options: str = "", version: int = 1, **fields: Any
    ) -> Tensor:
        """Appends an operator and returns its output.

        Args:
            kind: its name in the schema's `BuiltinOperator`.
            options: the name of its table of options; `fields` are that table's.
        """
        numbers = tuple(each.index for each in inputs)
        self._operators.append(_Operator(kind, version, numbers, output.index, options, fields))
        return output

    def model(self, given: Sequence[Tensor], made: Tensor, metadata: Mapping[str, str]) -> bytes:
        """The finished model, from its inputs to its output. `metadata`: by name."""
        first = len(self._buffers)
        buffers = [*self._buffers, *(each.encode() for each in metadata.values())]
        builder = flatbuffers.Builder(sum(map(len, buffers)) + 4096 * len(self._tensors))
        codes = list(dict.fromkeys((each.kind, each.version) for each in self._operators))
        subgraph = _table(
            builder,
            "SubGraph",
            Tensors=_references(builder, [_tensor(builder, each) for each in self._tensors]),
            Inputs=builder.CreateNumpyVector(np.asarray([each.index for each in given], np.int32)),
            Outputs=builder.CreateNumpyVector(np.asarray([made.index], np.int32)),
            Operators=_references(builder, [_operator(builder, each, codes) for each in self._operators]),
        )
        model = _table(
            builder,
            "Model",
            OperatorCodes=_references(builder, [_code(builder, *each) for each in codes]),
            Subgraphs=_references(builder, [subgraph]),
            Description=builder.CreateString("spacelang"),
            Buffers=_references(builder, [_buffer(builder, each) for each in buffers]),
            Metadata=_references(builder, [_metadata(builder, name, first + at) for at, name in enumerate(metadata)]),
            Version=SCHEMA,
        )
        builder.Finish(model, IDENTIFIER)
        return bytes(builder.Output())

    def _append(self, shape: Sequence[int], dtype: str, grid: Quantization | None, buffer: int) -> Tensor:
        made = Tensor(len(self._tensors), tuple(shape), dtype, grid, buffer)
        self._tensors.append(made)
        return made


def _table(builder: Any, name: str, **fields: Any) -> Any:
    """A table of the schema. Fields that are tables, vectors or strings must be made first."""
    getattr(tflite, f"{name}Start")(builder)
    for field, value in fields.items():
        getattr(tflite, f"{name}Add{field}")(builder, value)
    return getattr(tflite, f"{name}End")(builder)


def _references(builder: Any, offsets: Sequence[Any]) -> Any:
    builder.StartVector(4, len(offsets), 4)
    for each in reversed(offsets):
        builder.PrependUOffsetTRelative(each)
    return builder.EndVector()


def _tensor(builder: Any, tensor: Tensor) -> Any:
    fields: dict[str, Any] = {
        "Shape": builder.CreateNumpyVector(np.asarray(tensor.shape, np.int32)),
        "Name": builder.CreateString(f"t{tensor.index}"),
    }
    if tensor.grid:
        scales = np.asarray(tensor.grid.scales, np.float32)
        zero_points = np.full(len(scales), tensor.grid.zero_point, np.int64)
        fields["Quantization"] = _table(
            builder,
            "QuantizationParameters",
            Scale=builder.CreateNumpyVector(scales),
            ZeroPoint=builder.CreateNumpyVector(zero_points),
            QuantizedDimension=tensor.grid.axis,
        )
    kind = getattr(tflite.TensorType, TYPES[tensor.dtype])
    return _table(builder, "Tensor", **fields, Type=kind, Buffer=tensor.buffer)


def _operator(builder: Any, operator: _Operator, codes: Sequence[tuple[str, int]]) -> Any:
    fields: dict[str, Any] = {
        "Inputs": builder.CreateNumpyVector(np.asarray(operator.inputs, np.int32)),
        "Outputs": builder.CreateNumpyVector(np.asarray([operator.output], np.int32)),
        "OpcodeIndex": codes.index((operator.kind, operator.version)),
    }
    if operator.options:
        fields["BuiltinOptions"] = _table(builder, operator.options, **operator.fields)
        fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, operator.options)
    return _table(builder, "Operator", **fields)


def _code(builder: Any, kind: str, version: int) -> Any:
    number = getattr(tflite.BuiltinOperator, kind)
    old = min(number, LAST_OLD_CODE)
    return _table(builder, "OperatorCode", DeprecatedBuiltinCode=old, BuiltinCode=number, Version=version)


def _metadata(builder: Any, name: str, buffer: int) -> Any:
    return _table(builder, "Metadata", Name=builder.CreateString(name), Buffer=buffer)


def read_metadata(content: bytes) -> dict[str, str]:
    """A model's metadata; entries that aren't UTF-8 are left out."""
    model = tflite.Model.GetRootAsModel(content, 0)
    found = {}
    for at in range(model.MetadataLength()):
        each = model.Metadata(at)
        data = model.Buffers(each.Buffer()).DataAsNumpy()
        try:
            found[each.Name().decode()] = data.tobytes().decode() if model.Buffers(each.Buffer()).DataLength() else ""
        except UnicodeDecodeError:
            continue
    return found


def _buffer(builder: Any, content: bytes) -> Any:
    if not content:
        return _table(builder, "Buffer")
    builder.Prep(ALIGNMENT, len(content))
    return _table(builder, "Buffer", Data=builder.CreateByteVector(content))
