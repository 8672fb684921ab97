"""From the nodes of an ONNX graph to steps; everything that no kernel covers is collected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from onnx import NodeProto

from spacelang.latency.match.calls import call_of
from spacelang.latency.match.context import Context
from spacelang.latency.match.elementwise import ELEMENTWISE
from spacelang.latency.match.maps import MAPS
from spacelang.latency.match.reshaping import RESHAPING
from spacelang.latency.match.shapes import Shapes
from spacelang.latency.match.steps import Step, Unfit, Value

HANDLERS = {**MAPS, **ELEMENTWISE, **RESHAPING}
SHAPE_ARITHMETIC = frozenset({"Concat", "Constant", "Gather", "Slice"})
"""Operators that exporters compute the target of a reshape with. Networks may use them otherwise too."""
MALFORMED = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError, ZeroDivisionError)
"""The errors that operands and attributes lead to which an operator can't have."""
UNKNOWN = "unknown"
"""The kind of a step that stands for a node with a problem, so that the nodes that read it are checked too."""


class Problem(NamedTuple):
    """What is wrong with a node, and how to mend it."""

    label: str
    message: str
    help: str

    @property
    def text(self) -> str:
        return f"{self.label} {self.message}".strip()


@dataclass
class Problems:
    """What is wrong with a graph.

    Attributes:
        uncovered: for each kind of operator that no kernel covers, the names of its nodes.
        unfit: nodes in a form that no kernel has.
    """

    uncovered: dict[str, list[str]] = field(default_factory=dict)
    unfit: list[Problem] = field(default_factory=list)

    def grouped(self) -> Iterable[list[Problem]]:
        """Problems that differ only in names and numbers, together."""
        alike: dict[tuple[str, str, str], list[Problem]] = {}
        for each in self.unfit:
            kind = each.label.split(" ")[0]
            message = re.sub(r"'[^']*'", "", re.sub(r"[\d.]+(×[\d.]+)*", "#", each.message))
            alike.setdefault((kind, message, each.help), []).append(each)
        return alike.values()


def translate(nodes: Sequence[NodeProto], context: Context, outputs: Sequence[str], shapes: Shapes) -> Problems:
    """Appends the steps of the nodes that the outputs need to the context."""
    problems = Problems()
    unknown: set[str] = set()
    """Outputs of nodes with problems, of unknown shape: the nodes that read them aren't checked further."""
    for number, node in _needed(nodes, outputs):
        if context.constants.fold(node):
            continue
        context.node = number
        value = _value(node, context, unknown, problems)
        if value is None:
            _stand_in(node, context, unknown, shapes)
        elif node.op_type != "Shape":
            context.values[node.output[0]] = value
    for each in outputs:
        if each not in context.values and each not in unknown:
            problems.unfit.append(Problem("", f"no operator computes the output {each} from the input", ""))
    return problems


def _stand_in(node: NodeProto, context: Context, unknown: set[str], shapes: Shapes) -> None:
    for output in node.output:
        dims = shapes.of(output)
        if dims is None:
            unknown.add(output)
        else:
            step = context.append(Step(UNKNOWN, (), 0, 0, 0, 0, node.name))
            context.values[output] = Value(step, dims)


def _value(node: NodeProto, context: Context, unknown: set[str], problems: Problems) -> Value | None:
    """The node's result; None if it isn't known."""
    label = f"`{node.op_type}` {node.name or next(iter(node.output), '')}".rstrip()
    try:
        call = call_of(node)
        missing = not unknown.isdisjoint(call.operands)
        if call.kind not in HANDLERS:
            if not (missing and call.kind in SHAPE_ARITHMETIC):
                problems.uncovered.setdefault(call.kind, []).append(
                    node.name or next(iter(node.output), "without a name")
                )
            return None
        if missing:
            return None
        context.read.clear()
        value = HANDLERS[call.kind](context, call)
        context.check_constant(node.input)
        return value._replace(scale=context.number(call.made)) if call.made else value
    except Unfit as error:
        problems.unfit.append(Problem(label, error.message, error.help))
    except MALFORMED:
        problems.unfit.append(Problem(label, "has operands or attributes that this operator can't have", ""))
    return None


def _needed(nodes: Sequence[NodeProto], outputs: Sequence[str]) -> list[tuple[int, NodeProto]]:
    """The nodes that the outputs need, with their numbers."""
    wanted, kept = set(outputs), []
    for number, node in reversed(list(enumerate(nodes))):
        if wanted.intersection(node.output):
            kept.append((number, node))
            wanted.update(node.input)
    return kept[::-1]
