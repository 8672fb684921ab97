"""Expressions and bodies of an IR: every name they use is bound, types are those that the body implies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import get_args

from spacelang import ir
from spacelang.ir.parameters import parameter_type
from spacelang.language.numbers import is_sayable
from spacelang.language.schema import FUNCTIONS, HEAD_NAMES, LAYER_NAMES

Finding = tuple[str, str]
"""A code and a message that begins with the place in the IR."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ACTIVATIONS = frozenset(get_args(ir.ActivationName))


def verify_block(path: str, block: ir.Block) -> Iterator[Finding]:
    """Names are bound once and before use; parameters have the types that the body gives them."""
    names = [each.name for each in block.parameters]
    bound = [*names, *(step.name for step in block.steps if isinstance(step, ir.Let))]
    for name in (block.name, *bound):
        if not NAME.fullmatch(name) or name in ("div", *LAYER_NAMES):
            yield "SP0904", f"{path}: '{name}' cannot be the name of a block, a parameter or a value"
    if len(set(bound)) != len(bound):
        yield "SP0905", f"{path}: a name is bound twice"
    for parameter in block.parameters:
        implied = parameter_type(parameter.name, block.steps, block.shortcut)
        if parameter.type != implied:
            yield "SP0905", f"{path}: parameter '{parameter.name}' is used as {implied}, not as {parameter.type}"
    yield from _steps(path, block)


def _steps(path: str, block: ir.Block) -> Iterator[Finding]:
    scope = {*LAYER_NAMES, *block.numeric}
    acts = ACTIVATIONS | {each.name for each in block.parameters if each.type == "activation"}
    for at, step in enumerate(block.steps):
        place = f"{path}.steps[{at}]"
        for expr in expressions(step):
            yield from closed(place, expr, scope)
        if isinstance(step, ir.Let):
            scope.add(step.name)
            continue
        act = getattr(step, "act", None)
        if act is not None and act not in acts:
            yield "SP0904", f"{place}.act: '{act}' is neither an activation nor a parameter used as one"
        stride = getattr(step, "stride", 1)
        if stride != "layer" and stride < 1:
            yield "SP0906", f"{place}.stride: {stride}, a stride is at least 1"
    shortcut = block.shortcut
    if shortcut.act is not None and (shortcut.kind == "none" or shortcut.act not in acts):
        yield "SP0904", f"{path}.shortcut.act: '{shortcut.act}' follows no shortcut, or is no activation"


def expressions(step: ir.BlockStep) -> Iterator[ir.Expr]:
    """All expressions of a step, those of its condition included."""
    for name in ("value", "kernel", "out", "squeeze", "repeat"):
        expr = getattr(step, name, None)
        if expr is not None:
            yield expr
    when: ir.Compare | None = getattr(step, "when", None)
    if when is not None:
        yield from (when.left, when.right)


def closed(path: str, expr: ir.Expr, scope: AbstractSet[str]) -> Iterator[Finding]:
    """Every name of the expression is in scope, every function gets as many arguments as it takes."""
    if isinstance(expr, ir.Ref):
        if expr.name not in scope:
            yield "SP0904", f"{path}: '{expr.name}' is not bound here"
    elif isinstance(expr, ir.Num):
        if not is_sayable(expr.value):
            yield "SP0906", f"{path}: {expr.value} is no number that a text can say"
    elif isinstance(expr, ir.Binary):
        yield from closed(path, expr.left, scope)
        yield from closed(path, expr.right, scope)
    else:
        wanted = FUNCTIONS[expr.function]
        if len(expr.arguments) != wanted if wanted is not None else len(expr.arguments) < 2:
            yield "SP0904", f"{path}: {expr.function} with {len(expr.arguments)} arguments"
        for each in expr.arguments:
            yield from closed(path, each, scope)


def verify_head_names(path: str, step: ir.HeadStep) -> Iterator[Finding]:
    out = getattr(step, "out", None)
    if out is not None and not isinstance(out, ir.Choices):
        yield from closed(f"{path}.out", out, frozenset(HEAD_NAMES))
