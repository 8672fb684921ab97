"""What the translation of a graph has found so far, for the functions that translate single operators."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from onnx import TensorProto

from spacelang.latency.match.calls import Call
from spacelang.latency.match.constants import Constant, Constants
from spacelang.latency.match.steps import Step, Unfit, Value

HIGHEST = 255
"""The largest unsigned integer of 8 bits."""
AROUND = frozenset({"AveragePool", "Conv", "DequantizeLinear", "Identity", "MaxPool", "Pad", "QuantizeLinear"})
"""Operators that may read a padded map."""
RESCALED = 1e-3
"""Scales that differ by less are the same but for rounding."""


@dataclass
class Context:
    """The steps made so far, and what the names of the graph stand for.

    Attributes:
        requantised: the steps whose results are rounded to integers right after them.
        types: the types of quantised activations, as in `TensorProto`.
        read: names that the operator being translated takes its data from.
        node: the number of the node being translated.
    """

    constants: Constants
    values: dict[str, Value]
    steps: list[Step] = field(default_factory=list)
    requantised: set[int] = field(default_factory=set)
    types: set[int] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    node: int = -1

    def data(self, call: Call, at: int = 0) -> Value:
        """An operand that is computed from the network's input."""
        name = call.operands[at]
        if name in self.constants:
            raise Unfit("reads a constant where a map was expected")
        if name not in self.values:
            raise Unfit(f"reads {name!r}, which nothing before it makes", "export the network again")
        self.read.add(name)
        if any(self.values[name].pads) and call.kind not in AROUND:
            raise Unfit("reads a map with zeros around it", "kernels pad the maps of convolutions and pools")
        if not call.grids:
            return self.values[name]
        scale, zero_point = call.grids[at]
        self.note_type(zero_point)
        return self._rescaled(call, self.values[name], self.number(scale))

    def number(self, name: str) -> float:
        """The one number of a constant; 0 if it isn't a single number."""
        return (self.constants[name].number() or 0.0) if name in self.constants else 0.0

    def _rescaled(self, call: Call, value: Value, scale: float) -> Value:
        """Integers that are read with another scale than they were made with: a clip, then a multiplication."""
        if not (value.scale and scale) or math.isclose(value.scale, scale, rel_tol=RESCALED):
            return value
        clipped = self.keep(call, value, "clip", HIGHEST * value.scale)
        return self.keep(call, clipped, "scale", scale / value.scale)._replace(quantised=value.quantised, scale=scale)

    def constant(self, call: Call, at: int) -> Constant | None:
        """The operand as a constant, dequantised; None if it is left out.

        Raises: Unfit: if it is computed from the network's input.
        """
        if at >= len(call.operands) or not call.operands[at]:
            return None
        if call.operands[at] not in self.constants:
            raise _computed(call.operands[at])
        found = self.constants[call.operands[at]]
        if not call.grids:
            return found
        scale, zero_point = (self.constants[each] if each else None for each in call.grids[at])
        return found.dequantised(scale, zero_point) if scale else found

    def check_constant(self, inputs: Iterable[str]) -> None:
        """Whatever isn't an operator's data must be known before it runs: a bias, a scale, a norm's factors.

        Otherwise the operators that compute it would be missing from the kernels, and from the latency.

        Raises: Unfit: if one of the inputs is computed.
        """
        for name in inputs:
            if name in self.values and name not in self.read:
                raise _computed(name)

    def append(self, step: Step) -> int:
        """Appends a step and returns its index."""
        self.steps.append(replace(step, node=self.node))
        if step.integer:
            self.requantised.add(len(self.steps) - 1)
        return len(self.steps) - 1

    def keep(self, call: Call, value: Value, kind: str, number: float = math.nan) -> Value:
        """Appends a step that keeps the shape."""
        channels, size = value.channels, value.size
        step = Step(kind, (value.step,), channels, channels, size, size, call.label, value=number, integer=call.integer)
        return value._replace(step=self.append(step), quantised=call.integer)

    def note_type(self, zero_point: str) -> None:
        known = self.constants[zero_point].dtype if zero_point in self.constants else TensorProto.UINT8
        self.types.add(known)


def _computed(name: str) -> Unfit:
    return Unfit(f"computes {name!r}, which is a constant in every kernel")


Handler = Callable[[Context, Call], Value]
"""Appends the steps of a call and returns its result."""
