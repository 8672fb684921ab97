"""Blocks in the form of the IR, with the place of each part.

Bodies are lowered before they are checked. So their meaning is computed on one form only, whether they come from a text
or from JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from spacelang import ast, ir
from spacelang.ir.operators import OPERATORS, Part
from spacelang.ir.parameters import ParameterType, parameter_type
from spacelang.report.source import Span


class Body(NamedTuple):
    """A block and the places of its parts.

    Attributes:
        spans: of steps, expressions and conditions, by their `id`.
    """

    block: ir.Block
    spans: Mapping[int, Span]


def lower_body(block: ast.Block) -> Body:
    """A block's body; the types of its parameters follow from how it uses them."""
    lowering = _Lowering()
    steps = tuple(lowering.step(each) for each in block.body if not isinstance(each, ast.Shortcut))
    shortcut = _shortcut(next((each for each in block.body if isinstance(each, ast.Shortcut)), None))
    parameters = tuple(
        ir.Parameter(name=each.text, type=parameter_type(each.text, steps, shortcut)) for each in block.parameters
    )
    lowered = ir.Block(name=block.name.text, parameters=parameters, steps=steps, shortcut=shortcut)
    return Body(lowered, lowering.spans)


def types(block: ast.Block) -> Mapping[str, ParameterType]:
    """The type of each parameter."""
    return {each.name: each.type for each in lower_body(block).block.parameters}


def lower_expression(expr: ast.Expr) -> ir.Expr:
    return _Lowering().expression(expr)


def _shortcut(shortcut: ast.Shortcut | None) -> ir.Shortcut:
    if shortcut is None:
        return ir.Shortcut()
    act = None if shortcut.act is None else shortcut.act.text
    return ir.Shortcut(kind=shortcut.kind.text, act=act)  # type: ignore[arg-type]


Lowered = TypeVar("Lowered", bound=ir.Node)


class _Lowering:
    def __init__(self) -> None:
        self.spans: dict[int, Span] = {}

    def _at(self, span: Span, made: Lowered) -> Lowered:
        self.spans[id(made)] = span
        return made

    def step(self, step: ast.Let | ast.Operator) -> ir.BlockStep:
        if isinstance(step, ast.Let):
            return self._at(step.span, ir.Let(name=step.name.text, value=self.expression(step.value)))
        entry = OPERATORS[step.kind.text]
        values: dict[str, Any] = {
            name: self._part(entry.modifiers[name], each) for name, each in step.modifiers.items()
        }
        for part, each in ((entry.argument, step.argument), (entry.out, step.out)):
            if part is not None and each is not None and not isinstance(each, ast.Values):
                values[part.name] = self._part(part, each)
        return self._at(step.span, entry.node(kind=entry.kind, **values))  # type: ignore[return-value]

    def _part(self, part: Part, value: ast.Modifier) -> object:
        """A written modifier as the value of the node's field."""
        if isinstance(value, ast.Name):
            return value.text
        if isinstance(value, ast.Compare):
            left, right = map(self.expression, (value.left, value.right))
            return self._at(value.span, ir.Compare(op=value.op, left=left, right=right))
        if part.role == "stride":
            return int(value.value) if isinstance(value, ast.Number) else "layer"
        if part.role == "number":
            assert isinstance(value, ast.Number)
            return float(value.value)
        return part.role != "norm" if value is True else self.expression(value)

    def expression(self, expr: ast.Expr) -> ir.Expr:
        return self._at(expr.span, self._expression(expr))

    def _expression(self, expr: ast.Expr) -> ir.Expr:
        if isinstance(expr, ast.Number):
            return ir.Num(value=expr.value)
        if isinstance(expr, ast.Ref):
            return ir.Ref(name=expr.name)
        if isinstance(expr, ast.Binary):
            return ir.Binary(op=expr.op, left=self.expression(expr.left), right=self.expression(expr.right))
        arguments = tuple(map(self.expression, expr.arguments))
        return ir.Call(function=expr.function.text, arguments=arguments)  # type: ignore[arg-type]
