"""What onnxruntime turns a file into before it runs it: which operators compute in integers, and which in float.

The file itself doesn't say. A convolution between `DequantizeLinear` and `QuantizeLinear` becomes one integer operator
only if its bias has the right scale, its weights have the right type, and nothing else reads its float result.
Otherwise it runs in float, which takes several times as long. So the optimiser is asked. Nothing is run.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto

from spacelang.report.diagnostics import refuse

NAMED = re.compile(r"n(\d+)(?=$|[/_])")
"""The name of a numbered node, or of one that replaced it."""
INTEGER = ("QLinear", "QGemm", "MatMulInteger", "ConvInteger")
"""How the names of operators that compute in integers begin."""
WITH_WEIGHTS = {"QLinearConv": (2, 3), "QLinearMatMul": (2, 3), "QGemm": (2, 3)}
"""The places of the activations' zero point, and of the weights, among the inputs."""
MOVES = frozenset({"QuantizeLinear", "DequantizeLinear"})
FATAL = 4
"""onnxruntime's log level: its errors come as exceptions."""

Dims = tuple[int, ...]


class Optimised(NamedTuple):
    """What onnxruntime will run.

    Attributes:
        integer: numbers of the nodes that compute in integers.
        types: of the activations and weights of integer layers, as in `TensorProto`, with their counts.
        moves: for each `QuantizeLinear` and `DequantizeLinear` that stays, apart from those at the network's input and
            output, the shape of its tensor.
        gates: the shapes of hard sigmoids, which run in float.
    """

    integer: frozenset[int]
    types: Counter[tuple[int, int]]
    moves: tuple[Dims, ...]
    gates: tuple[Dims, ...] = ()


def number_nodes(model: ModelProto) -> None:
    """Names each node by its number, so that it can be found in the optimised graph."""
    for number, node in enumerate(model.graph.node):
        node.name = f"n{number}"


def optimise(model: ModelProto, path: Path, dims_of: Callable[[str], Dims | None]) -> Optimised:
    """Ask onnxruntime what it would run.

    Args:
        model: a numbered one, whose external weights lie beside `path`.
        dims_of: the shape of a tensor of the file, by its name.

    Raises: SpacelangError: SP1712: if onnxruntime can't load it.
    """
    graph = _optimised(model, path).graph
    shape = _Dims(model, graph, dims_of)
    inputs, outputs = {each.name for each in graph.input}, {each.name for each in graph.output}
    stay = [each for each in graph.node if each.op_type in MOVES and not _ends(each, inputs, outputs)]
    moves = tuple(shape.of(each.input[0]) or shape.of(each.output[0]) or () for each in stay)
    gates = tuple(shape.of(each.output[0]) or () for each in graph.node if each.op_type == "HardSigmoid")
    return Optimised(frozenset(_integer(graph)), _types(graph), moves, gates)


class _Dims:
    """Shapes of tensors in the optimised graph. A renamed tensor has the shape of the one that it replaced."""

    def __init__(self, model: ModelProto, graph: Any, dims_of: Callable[[str], Dims | None]) -> None:
        self._dims_of = dims_of
        self._constants = {each.name: tuple(each.dims) for each in graph.initializer}
        self._known = {each.name: tuple(dim.dim_value for dim in each.type.tensor_type.shape.dim)
                       for each in graph.value_info}  # fmt: skip
        self._alike: dict[str, str] = {}
        """For renamed tensors, the one that their numbered producer or consumer has in the same place in the file."""
        for node in graph.node:
            if found := NAMED.match(node.name):
                original = model.graph.node[int(found[1])]
                self._alike.update(dict(zip(node.input[:1], original.input[:1], strict=False)))
                self._alike.update(dict(zip(node.output[:1], original.output[:1], strict=False)))

    def of(self, name: str) -> Dims | None:
        known = self._known.get(name, ())
        found = self._constants.get(name) or self._dims_of(name) or self._dims_of(self._alike.get(name, ""))
        return found or (known if known and all(known) else None)


def _optimised(model: ModelProto, path: Path) -> ModelProto:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    # Beyond this level operators change their layout, not their type.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(path.parent))
    options.add_session_config_entry("session.disable_prepacking", "1")
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "optimised.onnx")
        try:
            onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            return onnx.load(options.optimized_model_filepath, load_external_data=False)
        except Exception as error:  # onnxruntime's errors have no common class
            refuse("SP1712", f"onnxruntime can't load {path}: {_reason(error)}", "export the network again")


def _reason(error: Exception) -> str:
    """The first sentence of onnxruntime's message, without its codes."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text).strip()


def _ends(node: NodeProto, inputs: set[str], outputs: set[str]) -> bool:
    """Whether it converts the network's input or output, as in every quantised network."""
    return not inputs.isdisjoint(node.input[:1]) or not outputs.isdisjoint(node.output)


def _integer(graph: Any) -> Iterator[int]:
    for node in graph.node:
        found = NAMED.match(node.name)
        if found and node.op_type.startswith(INTEGER):
            yield int(found[1])


def _types(graph: Any) -> Counter[tuple[int, int]]:
    constants = {each.name: each for each in graph.initializer}
    found: Counter[tuple[int, int]] = Counter()
    for node in graph.node:
        if node.op_type in WITH_WEIGHTS:
            zero_point, weights = (node.input[at] for at in WITH_WEIGHTS[node.op_type])
            types = (constants[each].data_type if each in constants else 0 for each in (zero_point, weights))
            activation, weight = types
            found[activation or TensorProto.UINT8, weight] += 1
    return found
