"""The shapes of a file's tensors, which are needed after an operator that no kernel covers."""

from __future__ import annotations

from functools import cached_property

from onnx import ModelProto, shape_inference

Dims = tuple[int, ...]


class Shapes:
    """Shapes as onnx infers them, when the first one is asked for."""

    def __init__(self, model: ModelProto) -> None:
        self._model = model

    def of(self, name: str) -> Dims | None:
        """None where it can't be inferred."""
        return self._known.get(name)

    @cached_property
    def _known(self) -> dict[str, Dims]:
        try:
            graph = shape_inference.infer_shapes(self._model, data_prop=True).graph
        except Exception:  # a damaged graph: onnx's errors have no common class
            return {}
        found = {}
        for each in (*graph.value_info, *graph.output):
            dims = tuple(dim.dim_value for dim in each.type.tensor_type.shape.dim)
            if dims and all(dims):
                found[each.name] = dims
        return found
