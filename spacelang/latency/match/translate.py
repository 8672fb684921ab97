"""From the nodes of an ONNX graph to steps; everything that no kernel covers is collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from onnx import NodeProto

from spacelang.latency.match.calls import call_of
from spacelang.latency.match.context import Context
from spacelang.latency.match.elementwise import ELEMENTWISE
from spacelang.latency.match.maps import MAPS
from spacelang.latency.match.reshaping import RESHAPING
from spacelang.latency.match.steps import Unfit, Value

HANDLERS = {**MAPS, **ELEMENTWISE, **RESHAPING}
SHAPE_ARITHMETIC = frozenset({"Concat", "Constant", "Gather", "Slice"})
"""What exporters compute the target of a reshape by, beside operators that networks hold too."""
MALFORMED = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError, ZeroDivisionError)
"""What operands and attributes that an operator can't have lead to."""


@dataclass
class Problems:
    """What is wrong with a graph.

    Attributes:
        uncovered: for each kind of operator that no kernel covers, the names of its nodes.
        unfit: what is the matter with single nodes, and how to mend it.
    """

    uncovered: dict[str, list[str]] = field(default_factory=dict)
    unfit: list[tuple[str, str]] = field(default_factory=list)


def translate(nodes: Sequence[NodeProto], context: Context, outputs: Sequence[str]) -> Problems:
    """Appends the steps of the nodes that the outputs need to the context."""
    problems = Problems()
    unknown: set[str] = set()
    """Made by nodes with problems: what reads it isn't looked at further."""
    for node in _needed(nodes, outputs):
        if context.constants.fold(node):
            continue
        value = _value(node, context, unknown, problems)
        if value is None:
            unknown.update(node.output)
        elif node.op_type != "Shape":
            context.values[node.output[0]] = value
    for each in outputs:
        if each not in context.values and each not in unknown:
            problems.unfit.append((f"the output {each} is computed by no operator from the input", ""))
    return problems


def _value(node: NodeProto, context: Context, unknown: set[str], problems: Problems) -> Value | None:
    """What the node makes; None if that can't be said."""
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
        problems.unfit.append((f"{label} {error.message}", error.help))
    except MALFORMED:
        problems.unfit.append((f"{label} has operands or attributes that this operator can't have", ""))
    return None


def _needed(nodes: Sequence[NodeProto], outputs: Sequence[str]) -> list[NodeProto]:
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]
