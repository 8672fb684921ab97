"""From operators to kernels: what the runtime runs as one node, and what is measured and predicted as one.

The rule is that of an integer graph on onnxruntime and TFLite (paper, A): relu and relu6 are a clamp on the
output of the convolution or addition before them and cost nothing; every other activation is a kernel of its own; batch
norm is folded into its convolution; a whole squeeze-and-excite is one kernel; dropout is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from spacelang.ir.operators import INPUT, LAWS, Op

FUSED_ACTIVATIONS = frozenset({"relu", "relu6"})


class Kernel(NamedTuple):
    """One kernel. Equal kernels take the same time.

    Attributes:
        kind: the kind of the operator (`pool` is the global mean), or an activation's name.
        size: height and width of the input.
        act: the fused activation; empty if there isn't one.
        squeeze: the inner width of `se`.
    """

    kind: str
    channels_in: int
    channels_out: int
    size: int
    kernel: int = 1
    stride: int = 1
    act: str = ""
    squeeze: int = 0


class Node(NamedTuple):
    """A kernel in its place: which nodes of the same layer it reads, `INPUT` for the layer's input."""

    kernel: Kernel
    inputs: tuple[int, ...]


def kernels_of(ops: Sequence[Op]) -> list[Kernel]:
    """The kernels of the operators of a layer or head, in their order."""
    return [node.kernel for node in nodes_of(ops)[0]]


def nodes_of(ops: Sequence[Op]) -> tuple[list[Node], int]:
    """The kernels of a layer or head with their edges, in their order, and which of them is its output."""
    uses = Counter(index for op in ops for index in op.inputs)
    clamps = {op.inputs[0]: op for op in ops if op.kind == "act" and _fuses(op, ops, uses)}
    nodes: list[Node] = []
    made = {INPUT: INPUT}
    for index, op in enumerate(ops):
        inputs = tuple(made[each] for each in op.inputs)
        made[index] = inputs[0]
        if not LAWS[op.kind].runs or clamps.get(op.inputs[0]) is op:
            continue
        act = clamps[index].act if index in clamps else op.act
        if op.kind != "act":
            fused = act if act in FUSED_ACTIVATIONS and LAWS[op.kind].clamps else None
            nodes.append(Node(_kernel(op, fused or ""), inputs))
            act = None if fused else act
            made[index] = len(nodes) - 1
        if act:
            nodes.append(Node(Kernel(act, op.channels_out, op.channels_out, op.size_out), (made[index],)))
            made[index] = len(nodes) - 1
    return nodes, made[len(ops) - 1]


def _fuses(act: Op, ops: Sequence[Op], uses: Counter[int]) -> bool:
    """Whether this `act` becomes a clamp on the output of the operator before it, which no other operator reads."""
    at = act.inputs[0]
    if at == INPUT or act.act not in FUSED_ACTIVATIONS or uses[at] > 1:
        return False
    return LAWS[ops[at].kind].clamps and ops[at].act is None


def _kernel(op: Op, act: str) -> Kernel:
    return Kernel(op.kind, op.channels_in, op.channels_out, op.size_in, op.kernel, op.stride, act, op.squeeze)
