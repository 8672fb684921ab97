"""From a block and the choices of a layer to the operators that run, with their shapes.

The one place that knows what a block's body means in channels, sizes and edges: `check`, costs, kernels, backends and
the tests of the generated code all start here. The operators themselves are defined in `ir.operators`. No framework is
imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from spacelang import ir
from spacelang.ir.counts import OUT, Count
from spacelang.ir.expressions import Undefined, evaluate, holds
from spacelang.ir.operators import INPUT, OPERATORS, Op
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import Architecture, head_widths
from spacelang.networks.walk import LayerShape, walk
from spacelang.report.suggest import spelled

Names = dict[str, ir.Number]
"""What a body sees: `in`, `out`, `stride`, the block's numeric parameters, and the names that it binds."""


class ShapeError(ValueError):
    """A body that gives no network for some choice, such as a width of 7.5 channels.

    Attributes:
        code, message, help: of the diagnostic.
        node: the step or expression that is wrong; None for the block as a whole.
        depends: the expressions that caused it.
        kernel, stride: the kernel that is too large, the stride that comes out; 0 if they aren't what is wrong.
    """

    def __init__(
        self,
        code: str,
        message: str,
        node: ir.Node | None = None,
        *,
        depends: Iterable[ir.Expr | ir.Compare | None] = (),
        kernel: int = 0,
        stride: int = 0,
        help: str = "",
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.help = code, message, help
        self.node = node
        self.depends = tuple(each for each in depends if each is not None)
        self.kernel, self.stride = kernel, stride


class Layer(NamedTuple):
    """One layer of a network.

    The last operator's output is the layer's output; a layer without operators returns its input.
    """

    name: str
    block: str
    ops: tuple[Op, ...]


class Taken(NamedTuple):
    """An operator that a layer has.

    Attributes:
        at: the index of its step in the body.
        counts: the values of its counts, by the names of their parts.
        stride: 1 if it doesn't have one.
    """

    at: int
    step: ir.Step
    counts: Mapping[str, int]
    stride: int


def taken(block: ir.Block, names: Names) -> Iterator[Taken]:
    """The operators that a layer has, in order; what the body binds is added to `names`.

    Raises:
        ShapeError: if an expression has no value or an illegal one.
    """
    for at, step in enumerate(block.steps):
        if isinstance(step, ir.Let):
            names[step.name] = _value(step.value, names)
        elif _kept(step, names):
            counts = {name: _count(rule, expr, names) for name, rule, expr in step.counts}
            stride = step.own_stride
            yield Taken(at, step, counts, int(names["stride"]) if stride == "layer" else stride)


def _value(expr: ir.Expr, names: Names) -> ir.Number:
    try:
        return evaluate(expr, names)
    except Undefined as error:
        raise ShapeError("SP0415", str(error), error.expr, depends=(expr,)) from None


def _kept(step: ir.Step, names: Names) -> bool:
    if step.when is None:
        return True
    try:
        return holds(step.when, names)
    except Undefined as error:
        raise ShapeError("SP0415", str(error), error.expr, depends=(step.when,)) from None


def _count(rule: Count, expr: ir.Expr, names: Names) -> int:
    value = _value(expr, names)
    if not rule.allows(value):
        raise ShapeError(rule.code, rule.message.format(spelled(value)), expr, depends=(expr,), help=rule.help)
    return int(value)


class Course:
    """The channels and stride along a body, checked as it is walked."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.stride = 1
        self.widened: ir.Expr | None = None
        """The expression that gave the channels."""

    def take(self, found: Taken) -> None:
        """Raises: ShapeError: if a residual operator changes the shape."""
        before, self.channels = self.channels, found.counts.get("out", self.channels)
        self.stride *= found.stride
        out: ir.Expr | None = getattr(found.step, "out", None)
        self.widened = out or self.widened
        if getattr(found.step, "residual", False) and (self.channels != before or found.stride != 1):
            message = f"the residual would add {before} channels to {self.channels}"
            raise ShapeError("SP0419", message, found.step, depends=(out,), help="a residual keeps channels and size")

    def finish(self, block: ir.Block, names: Names) -> None:
        """Raises: ShapeError: if stride or channels aren't the layer's."""
        if self.stride != names["stride"]:
            raise _other_stride(block, self.stride, int(names["stride"]))
        if self.channels != names["out"]:
            message = f"block `{block.name}` ends with {self.channels} channels where the layer has {names['out']}"
            mend = "let its last convolution end with `-> out`"
            raise ShapeError("SP0418", message, self.widened, depends=(self.widened,), help=mend)


def _other_stride(block: ir.Block, stride: int, wanted: int) -> ShapeError:
    strided = [step for step in block.steps if isinstance(step, ir.Step) and step.own_stride != 1]
    given = (
        f"the strides of block `{block.name}` give {stride}"
        if strided
        else f"block `{block.name}` doesn't take a stride"
    )
    conditions = [each.when for each in strided]
    first = strided[0] if strided else None
    return ShapeError("SP0503", f"{given}, but the layer's is {wanted}", first, depends=conditions, stride=stride)


class _Layout:
    """Collects the operators of one layer; `last`, `channels` and `size` describe the newest value."""

    def __init__(self, channels: int, size: int, acts: Mapping[str, str]) -> None:
        self.ops: list[Op] = []
        self.last = INPUT
        self.channels = channels
        self.size = size
        self.acts = acts

    def append(
        self, kind: str, channels: int, stride: int = 1, *, kernel: int = 1, padding: int | None = None, **more: Any
    ) -> None:
        size_out, around = size_after(self.size, stride), kernel // 2 if padding is None else padding
        shape = (self.channels, channels, self.size, size_out)
        self.take(Op(kind, (self.last,), *shape, kernel, stride, around, **more))

    def add(self, first: int, act: str | None = None) -> None:
        """Adds the output of operator `first` to the newest value."""
        self.take(Op("add", (first, self.last), self.channels, self.channels, self.size, self.size, act=act))

    def take(self, op: Op) -> None:
        self.last, self.channels, self.size = len(self.ops), op.channels_out, op.size_out
        self.ops.append(op)

    def act(self, name: str | None) -> str | None:
        return None if name is None else self.acts.get(name, name)


def layer_names(block: ir.Block, numbers: Sequence[ir.Number], shape: LayerShape) -> Names:
    """The names that the body of a block sees in a layer."""
    numeric = dict(zip(block.numeric, numbers, strict=True))
    return {"in": shape.channels_in, "out": shape.channels_out, "stride": shape.stride, **numeric}


def layer_ops(
    block: ir.Block, numbers: Sequence[ir.Number], acts: Mapping[str, str], shape: LayerShape
) -> tuple[Op, ...]:
    """The operators of one layer of a block.

    Args:
        numbers: the values of the block's numeric parameters, in the order of `Block.numeric`.
        acts: the activation of each activation parameter.

    Raises:
        ShapeError: if the body gives no network for these values.
    """
    names = layer_names(block, numbers, shape)
    layout, course = _Layout(shape.channels_in, shape.size, acts), Course(shape.channels_in)
    for each in taken(block, names):
        course.take(each)
        entry = layout.last
        OPERATORS[each.step.kind].ops(layout, each.step, {**each.counts, "stride": each.stride})
        if getattr(each.step, "residual", False):
            layout.add(entry)
    course.finish(block, names)
    _close(layout, block.shortcut, shape)
    return tuple(layout.ops)


def _close(layout: _Layout, shortcut: ir.Shortcut, shape: LayerShape) -> None:
    """Joins the layer's input to its output."""
    if shortcut.kind == "none":
        return
    entry = INPUT
    if shape.stride != 1 or shape.channels_in != layout.channels:
        if shortcut.kind == "identity":
            return
        entry = _project(layout, shortcut.kind == "avgpool_project", shape)
    layout.add(entry, layout.act(shortcut.act))


def _project(layout: _Layout, pooled: bool, shape: LayerShape) -> int:
    """Appends the shortcut's own operators, parallel to the main path; returns the index of the last."""
    entry, ops = INPUT, layout.ops
    channels_in, _, stride, size = shape
    size_out = size_after(size, stride)
    if pooled and stride > 1:
        # The mean over stride×stride without padding; a last, partial window is averaged over what it holds.
        ops.append(Op("avgpool", (INPUT,), channels_in, channels_in, size, size_out, kernel=stride, stride=stride))
        entry, stride, size = len(ops) - 1, 1, size_out
    ops.append(Op("conv", (entry,), channels_in, layout.channels, size, size_out, kernel=1, stride=stride, norm=True))
    return len(ops) - 1


def head_ops(
    steps: Sequence[ir.HeadStep], widths: Sequence[int], channels_in: int, size: int, classes: int
) -> tuple[Op, ...]:
    """The operators of a head.

    Args:
        widths: the chosen widths of the convolutions that have a choice, in order.

    Raises:
        ShapeError: as `layer_ops`.
    """
    names: Names = {"in": channels_in, "classes": classes}
    layout = _Layout(channels_in, size, {})
    remaining = iter(widths)
    for step in steps:
        names["in"] = layout.channels
        if isinstance(step, ir.HeadConv):
            out = next(remaining) if isinstance(step.out, ir.Choices) else _count(OUT, step.out, names)
            layout.append("conv", out, kernel=step.kernel, act=step.act, norm=step.norm, bias=step.bias)
        elif isinstance(step, ir.HeadPool):
            layout.take(Op("pool", (layout.last,), layout.channels, layout.channels, layout.size, 1))
        elif isinstance(step, ir.HeadLinear):
            layout.append("linear", _count(OUT, step.out, names), bias=True)
        elif isinstance(step, ir.HeadActivation):
            layout.append("act", layout.channels, act=step.act)
        else:
            layout.append("dropout", layout.channels)
    return tuple(layout.ops)


def layers(space: ir.SearchSpace, architecture: Architecture) -> tuple[Layer, ...]:
    """The network of an architecture, layer by layer: `stem1.0`, …, `stage6.1`, `head`.

    Raises: ShapeError: as `layer_ops`.
    """
    blocks = space.blocks_by_name
    made: list[Layer] = []
    stages, entry = walk(space, architecture)
    for stage, choice, at in stages:
        candidate = stage.candidate(choice.candidate)
        for index, (layer, shape) in enumerate(zip(choice.layers, at, strict=True)):
            ops = layer_ops(blocks[candidate.block], layer.numbers, candidate.acts, shape)
            made.append(Layer(f"{stage.name}.{index}", candidate.block, ops))
    ops = head_ops(space.head, head_widths(space, architecture), *entry, space.classes)
    return (*made, Layer("head", "", ops))
