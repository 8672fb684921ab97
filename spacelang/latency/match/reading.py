"""Opening an ONNX file: the graph, and the shape of its input."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto, ValueInfoProto, inliner

from spacelang.report.diagnostics import Diagnostic, Severity, refuse
from spacelang.report.suggest import listed

FILE_BYTES = (1 << 31) - 1
"""The most that protobuf reads."""
NODES = 100_000
FIX = "python -m onnxruntime.tools.make_dynamic_shape_fixed --input_name {} --input_shape 1,{},{},{} MODEL FIXED"
LFS = b"version https://git-lfs"
TYPES = frozenset({TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT8})


class Input(NamedTuple):
    """The input of a network; `dims` begin with the batch of 1."""

    name: str
    dims: tuple[int, ...]


def read_model(path: Path) -> ModelProto:
    """The model in a file, with its own functions written out; large weights stay where they are.

    Raises:
        SpacelangError: SP1701 if it isn't an ONNX model, SP1702 if it is too large, SP1703 if its weights are missing.
    """
    try:
        size = path.stat().st_size
        if size > FILE_BYTES:
            refuse("SP1702", f"{path} has {size:,} bytes, more than the {FILE_BYTES:,} of one ONNX file", _EXTERNAL)
        content = path.read_bytes()
    except OSError as error:
        refuse("SP1701", f"{path} can't be read: {error.strerror}", "name a file in ONNX's format")
    if content.startswith(LFS):
        refuse("SP1701", f"{path} is a Git LFS pointer: the model itself wasn't fetched", "git lfs pull")
    model = ModelProto()
    try:
        model.ParseFromString(content)
        if model.functions:
            model = inliner.inline_local_functions(model)
    except (DecodeError, RuntimeError, ValueError):
        refuse("SP1701", f"{path} isn't an ONNX model, or is damaged", "export it again")
    if not _is_text(model):
        refuse("SP1701", f"{path} isn't an ONNX model, or is damaged", "export it again")
    if not model.graph.node or not model.graph.output:
        refuse("SP1701", f"{path} doesn't hold an ONNX graph", "export it again")
    if len(model.graph.node) > NODES:
        refuse("SP1702", f"{path} has {len(model.graph.node):,} operators, more than {NODES:,}")
    _check_external(model, path)
    return model


_EXTERNAL = "keep the weights beside it: onnx.save(model, path, save_as_external_data=True)"


def _is_text(model: ModelProto) -> bool:
    """Whether all names are text; protobuf hands out bytes where they aren't."""
    graph = model.graph
    named = (*graph.node, *graph.input, *graph.output, *graph.initializer)
    names = [text for node in graph.node for text in (node.op_type, node.domain, *node.input, *node.output)]
    return all(isinstance(each, str) for each in (*names, *(one.name for one in named)))


def _check_external(model: ModelProto, path: Path) -> None:
    """Weights may lie in files next to the model."""
    missing = set()
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            location = next((each.value for each in tensor.external_data if each.key == "location"), "")
            if os.path.isabs(location) or ".." in Path(location).parts or not (path.parent / location).is_file():
                missing.add(location)
    if missing:
        refuse("SP1703", f"{path} keeps weights in {listed(sorted(missing), 'and')}, which isn't beside it",
               "copy the model with all its files")  # fmt: skip
    _check_size(model, path)


def _check_size(model: ModelProto, path: Path) -> None:
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            given = {each.key: each.value for each in tensor.external_data}
            offset, length = (int(given[key]) if given.get(key, "").isdigit() else 0 for key in ("offset", "length"))
            held = (path.parent / given["location"]).stat().st_size
            if offset + length > held:
                refuse("SP1703", f"{path}: the weights of {tensor.name} end at byte {offset + length:,} of "
                       f"{given['location']}, which has {held:,}", "copy that file again")  # fmt: skip


def read_input(model: ModelProto, path: Path) -> tuple[Input, list[Diagnostic]]:
    """The one input, and a warning if its batch was taken as 1.

    Raises: SpacelangError: SP1704 if it isn't one image of known size, SP1708 if its numbers are of another type.
    """
    weights = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in weights]
    if len(inputs) != 1:
        names = listed([each.name for each in inputs], "and") or "none"
        refuse("SP1704", f"{path} has {len(inputs)} inputs ({names}); a network of kernels has one, an image")
    (given,) = inputs
    dims = [each.dim_value for each in given.type.tensor_type.shape.dim]
    if len(dims) != 4:
        refuse("SP1704", f"the input {given.name} of {path} has {len(dims)} dimensions; it should be 1×C×H×W")
    _check_type(given, path)
    warnings = []
    if any(each.dim_value <= 0 and each.HasField("dim_value") for each in given.type.tensor_type.shape.dim):
        refuse("SP1704", f"the input {given.name} of {path} is {_described(given)}: it holds nothing",
               "export the network again with the size of a real image")  # fmt: skip
    if dims[0] == 0:
        message = f"the batch of {path} is dynamic; the prediction is for a batch of 1"
        warnings.append(Diagnostic("SP1709", message, severity=Severity.WARNING))
        dims[0] = 1
    if min(dims) < 1:
        known = [str(each) if each > 0 else name for each, name in zip(dims[1:], ("3", "224", "224"), strict=True)]
        refuse("SP1704", f"the input {given.name} of {path} is {_described(given)}: its size isn't fixed",
               f"fix it: {FIX.format(given.name, *known)}")  # fmt: skip
    if dims[0] > 1:
        refuse("SP1704", f"the input {given.name} of {path} is {_described(given)}: a batch of {dims[0]}",
               "latencies are for one image: export the network with a batch of 1")  # fmt: skip
    given.type.tensor_type.shape.dim[0].dim_value = 1
    return Input(given.name, tuple(dims)), warnings


def _described(given: ValueInfoProto) -> str:
    dims = given.type.tensor_type.shape.dim
    return "×".join(str(each.dim_value) if each.HasField("dim_value") else each.dim_param or "?" for each in dims)


def _check_type(given: ValueInfoProto, path: Path) -> None:
    kind = given.type.tensor_type.elem_type
    if kind not in TYPES:
        name = TensorProto.DataType.Name(kind).lower() if kind in TensorProto.DataType.values() else f"type {kind}"
        refuse("SP1708", f"the input {given.name} of {path} holds {name}",
               "kernels are measured in float32 and in 8-bit integers")  # fmt: skip
