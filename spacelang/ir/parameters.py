"""The parameters of blocks: what bodies say about them, and which of them a stage may share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from spacelang import ir

ParameterType = Literal["activation", "kernel", "number"]


def parameter_type(name: str, steps: Iterable[ir.BlockStep], shortcut: ir.Shortcut) -> ParameterType:
    """The type of a parameter, from how the body uses it: as an activation, alone as a kernel size, or otherwise."""
    used = tuple(steps)
    if name in {shortcut.act, *(getattr(step, "act", None) for step in used)}:
        return "activation"
    kernels = (step.kernel for step in used if isinstance(step, ir.Conv | ir.DepthwiseConv | ir.Pool))
    return "kernel" if any(isinstance(each, ir.Ref) and each.name == name for each in kernels) else "number"


def uniform_fields(names: Iterable[str], candidates: Iterable[ir.Candidate]) -> tuple[str, ...]:
    """The shared choices that these candidates have, in normal form: the width, then parameters in their order."""
    order = dict.fromkeys(["width", *(name for each in candidates for name in each.numbers)])
    chosen = set(names)
    return tuple(name for name in order if name in chosen)
