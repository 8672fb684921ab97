"""The parameters of blocks: their types, and which of them the layers of a stage may share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from spacelang import ir
from spacelang.ir.operators import parts

ParameterType = Literal["activation", "kernel", "number"]


def parameter_type(name: str, steps: Iterable[ir.BlockStep], shortcut: ir.Shortcut) -> ParameterType:
    """The type of a parameter, from how the body uses it: as an activation, directly as a kernel size, or otherwise."""
    used = [(part, getattr(step, part.name)) for step in steps if isinstance(step, ir.Step) for part in parts(step)]
    if name == shortcut.act or any(part.role == "activation" and value == name for part, value in used):
        return "activation"
    kernels = (value for part, value in used if part.rule is not None and part.rule.odd)
    return "kernel" if any(isinstance(each, ir.Ref) and each.name == name for each in kernels) else "number"


def uniform_fields(names: Iterable[str], candidates: Iterable[ir.Candidate]) -> tuple[str, ...]:
    """The names among these that the candidates have, in normal form: the width, then parameters in their order."""
    order = dict.fromkeys(["width", *(name for each in candidates for name in each.numbers)])
    chosen = set(names)
    return tuple(name for name in order if name in chosen)
