"""The class of a space's head."""

from __future__ import annotations

from dataclasses import dataclass, field

from spacelang import ir
from spacelang.backends.supernet.expressions import Expressions
from spacelang.backends.supernet.layout import call, statement
from spacelang.networks.network import head_ops
from spacelang.networks.positions import head_positions


@dataclass
class HeadClass:
    init: list[str] = field(default_factory=list)
    forward: list[str] = field(default_factory=list)


def head_class(space: ir.SearchSpace) -> HeadClass:
    """Raises: ShapeError: if the head gives no network for some choice."""
    made, largest, chosen = HeadClass(), _largest(space), 0
    expressions = Expressions({"in": "x.shape[1]", "classes": str(space.classes)}, {"in", "classes"})
    for at, (step, (channels_in, channels_out)) in enumerate(zip(space.head, largest, strict=True)):
        name, argument = f"{step.kind}{at + 1}", ""
        if isinstance(step, ir.HeadConv):
            arguments = [str(channels_in), str(channels_out), f"kernel={step.kernel}"]
            arguments += [f'act="{step.act}"'] * (step.act is not None)
            arguments += ["norm=False"] * (not step.norm) + ["bias=True"] * step.bias
            layer = call("nn.ElasticConv2d", *arguments)
            if isinstance(step.out, ir.Choices):
                argument, chosen = f", widths[{chosen}]", chosen + 1
            else:
                argument = f", {expressions.count(step.out)}"
        elif isinstance(step, ir.HeadLinear):
            layer, argument = call("nn.ElasticLinear", str(channels_in), str(channels_out)), ""
        elif isinstance(step, ir.HeadDropout):
            layer = call("nn.Dropout", repr(step.rate))
        elif isinstance(step, ir.HeadActivation):
            layer = call("nn.Activation", f'"{step.act}"')
        else:
            layer = call("nn.GlobalPool")
        made.init += statement(f"self.{name} = ", layer)
        target = "return" if at == len(space.head) - 1 else "x ="
        made.forward += [*expressions.take_lines(), f"{target} self.{name}(x{argument})"]
    return made


def _largest(space: ir.SearchSpace) -> list[tuple[int, int]]:
    """The most channels into and out of each step, over everything that the head may receive and choose."""
    largest = [(0, 0)] * len(space.head)
    for entry, chosen in head_positions(space):
        ops = head_ops(space.head, chosen, entry, 1, space.classes)
        largest = [
            (max(most_in, op.channels_in), max(most_out, op.channels_out))
            for (most_in, most_out), op in zip(largest, ops, strict=True)
        ]
    return largest
