"""From a block and the choices of a layer to the operators that run, with their shapes.

This is the one place that knows what a block's body means in channels, sizes and edges; cost, kernels, export and the
tests of the generated code all start here. No framework is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from spacelang import ir
from spacelang.language.arithmetic import ARITHMETIC, CALLS, COMPARISONS
from spacelang.language.limits import REPETITIONS
from spacelang.language.shapes import size_after
from spacelang.networks.architecture import Architecture, head_widths

OpKind = Literal["conv", "dwconv", "se", "act", "avgpool", "maxpool", "add", "pool", "linear", "dropout"]
INPUT = -1
"""In `Op.inputs`: what enters the layer."""


class ShapeError(ValueError):
    """A body that has no meaning for these choices, such as a width of 7.5 channels."""


@dataclass(frozen=True, slots=True)
class Op:
    """One operator of a layer.

    Attributes:
        inputs: indices into the layer's operators, `INPUT` for the layer's input; two for `add`.
        channels_in, channels_out: channels.
        kernel, stride, padding: of convolutions and pools, square.
        size_in, size_out: height and width of the feature map, square.
        act: the activation that follows, None for none.
        norm: whether a batch norm follows (before the activation).
        squeeze: the inner width of `se`.
    """

    kind: OpKind
    inputs: tuple[int, ...]
    channels_in: int
    channels_out: int
    size_in: int
    size_out: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    act: str | None = None
    norm: bool = False
    bias: bool = False
    squeeze: int = 0


class Layer(NamedTuple):
    """One layer of a network. The last operator's output is the layer's; without operators, its input is."""

    name: str
    block: str
    ops: tuple[Op, ...]


def evaluate(expr: ir.Expr, names: Mapping[str, ir.Number]) -> ir.Number:
    """The value of an expression.

    Raises:
        ShapeError: on a division by zero.
    """
    if isinstance(expr, ir.Num):
        return expr.value
    if isinstance(expr, ir.Ref):
        return names[expr.name]
    if isinstance(expr, ir.Binary):
        try:
            return ARITHMETIC[expr.op](evaluate(expr.left, names), evaluate(expr.right, names))
        except ZeroDivisionError:
            raise ShapeError("division by zero") from None
    return CALLS[expr.function](*(evaluate(each, names) for each in expr.arguments))


def holds(condition: ir.Compare | None, names: Mapping[str, ir.Number]) -> bool:
    """Whether a `when` lets its operator in; True without one."""
    if condition is None:
        return True
    return COMPARISONS[condition.op](evaluate(condition.left, names), evaluate(condition.right, names))


def natural(value: ir.Number, what: str) -> int:
    """`value` as a positive integer.

    Raises:
        ShapeError: if it isn't one.
    """
    if value != int(value) or value < 1:
        raise ShapeError(f"{what} is {value:g}, which is not a positive whole number")
    return int(value)


class _Builder:
    """Collects the operators of one layer; `last`, `channels` and `size` are those of the value made so far."""

    def __init__(self, channels: int, size: int, names: dict[str, ir.Number], acts: Mapping[str, str]) -> None:
        self.ops: list[Op] = []
        self.last = INPUT
        self.channels = channels
        self.size = size
        self.stride = 1
        self.names = names
        self.acts = acts

    def append(self, kind: OpKind, channels: int, stride: int = 1, *, kernel: int = 1, **more: object) -> None:
        size_out = size_after(self.size, stride)
        padding = kernel // 2 if kind != "se" else 0
        op = Op(
            kind, (self.last,), self.channels, channels, self.size, size_out,
            kernel=kernel, stride=stride, **{"padding": padding, **more},  # type: ignore[arg-type]
        )  # fmt: skip
        self.take(op)
        self.stride *= stride

    def add(self, first: int, act: str | None = None) -> None:
        """Adds the value of operator `first` to the last one."""
        self.take(Op("add", (first, self.last), self.channels, self.channels, self.size, self.size, act=act))

    def take(self, op: Op) -> None:
        self.last, self.channels, self.size = len(self.ops), op.channels_out, op.size_out
        self.ops.append(op)

    def act(self, name: str | None) -> str | None:
        return None if name is None else self.acts.get(name, name)

    def value(self, expr: ir.Expr, what: str) -> int:
        return natural(evaluate(expr, self.names), what)

    def stride_of(self, stride: Literal["layer"] | int) -> int:
        return int(self.names["stride"]) if stride == "layer" else stride


def layer_ops(
    block: ir.Block,
    numbers: Sequence[ir.Number],
    acts: Mapping[str, str],
    channels_in: int,
    channels_out: int,
    stride: int,
    size: int,
) -> tuple[Op, ...]:
    """The operators of one layer of a block.

    Args:
        numbers: the values of the block's numeric parameters, in the order of `Block.numeric`.
        acts: the activation of each activation parameter.
        size: height and width of the input.

    Raises:
        ShapeError: if the body gives no network for these values.
    """
    names: dict[str, ir.Number] = {"in": channels_in, "out": channels_out, "stride": stride}
    names.update(zip(block.numeric, numbers, strict=True))
    builder = _Builder(channels_in, size, names, acts)
    for step in block.steps:
        if isinstance(step, ir.Let):
            names[step.name] = evaluate(step.value, names)
        elif holds(step.when, names):
            _STEPS[step.kind](builder, step)
    _close(builder, block.shortcut, channels_in, size)
    if builder.channels != channels_out:
        raise ShapeError(f"block {block.name} ends with {builder.channels} channels, not the layer's {channels_out}")
    return tuple(builder.ops)


def _convolution(builder: _Builder, step: ir.Conv | ir.DepthwiseConv) -> None:
    kernel = builder.value(step.kernel, "the kernel size")
    if kernel % 2 == 0:
        raise ShapeError(f"the kernel size is {kernel}, which is even")
    repeat = 1 if step.repeat is None else builder.value(step.repeat, "the repetition")
    if repeat > REPETITIONS:
        raise ShapeError(f"the repetition is {repeat}, more than {REPETITIONS}")
    entry, channels_before, size_before = builder.last, builder.channels, builder.size
    for index in range(repeat):
        final = index == repeat - 1
        builder.append(
            step.kind,
            builder.value(step.out, "the number of output channels") if isinstance(step, ir.Conv) else builder.channels,
            builder.stride_of(step.stride) if index == 0 else 1,
            kernel=kernel,
            act=builder.act(step.act) if final else None,
            norm=step.norm and final,
            bias=step.bias and final,
        )
    if step.residual:
        if (builder.channels, builder.size) != (channels_before, size_before):
            raise ShapeError("a residual convolution changes the shape")
        builder.add(entry)


def _squeeze_excite(builder: _Builder, step: ir.SqueezeExcite) -> None:
    builder.append("se", builder.channels, squeeze=builder.value(step.squeeze, "the squeezed width"))


def _activation(builder: _Builder, step: ir.Activation) -> None:
    builder.append("act", builder.channels, act=builder.act(step.act))


def _pool(builder: _Builder, step: ir.Pool) -> None:
    kernel = builder.value(step.kernel, "the kernel size")
    builder.append(step.kind, builder.channels, builder.stride_of(step.stride), kernel=kernel)


_STEPS: dict[str, Callable[..., None]] = {
    "conv": _convolution,
    "dwconv": _convolution,
    "se": _squeeze_excite,
    "act": _activation,
    "avgpool": _pool,
    "maxpool": _pool,
}


def _close(builder: _Builder, shortcut: ir.Shortcut, channels_in: int, size: int) -> None:
    """Joins the layer's input to its output."""
    if shortcut.kind == "none":
        return
    entry = INPUT
    if builder.stride != 1 or channels_in != builder.channels:
        if shortcut.kind == "identity":
            return
        entry = _project(builder, shortcut.kind == "avgpool_project", channels_in, size)
    builder.add(entry, builder.act(shortcut.act))


def _project(builder: _Builder, pooled: bool, channels_in: int, size: int) -> int:
    """Appends the shortcut's own operators beside the main path; the index of its value."""
    stride, entry, ops = builder.stride, INPUT, builder.ops
    size_out = size_after(size, stride)
    if pooled and stride > 1:
        # The mean over stride×stride without padding; a last, partial window is averaged over what it holds.
        ops.append(Op("avgpool", (INPUT,), channels_in, channels_in, size, size_out, kernel=stride, stride=stride))
        entry, stride, size = len(ops) - 1, 1, size_out
    ops.append(Op("conv", (entry,), channels_in, builder.channels, size, size_out, kernel=1, stride=stride, norm=True))
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
    names: dict[str, ir.Number] = {"in": channels_in, "classes": classes}
    builder = _Builder(channels_in, size, names, {})
    remaining = iter(widths)
    for step in steps:
        names["in"] = builder.channels
        if isinstance(step, ir.HeadConv):
            out = next(remaining) if isinstance(step.out, ir.Choices) else builder.value(step.out, "the head's width")
            builder.append("conv", out, kernel=step.kernel, act=step.act, norm=step.norm, bias=step.bias)
        elif isinstance(step, ir.HeadPool):
            builder.take(Op("pool", (builder.last,), builder.channels, builder.channels, builder.size, 1))
        elif isinstance(step, ir.HeadLinear):
            builder.append("linear", builder.value(step.out, "the head's width"), bias=True)
        elif isinstance(step, ir.HeadActivation):
            builder.append("act", builder.channels, act=step.act)
        else:
            builder.append("dropout", builder.channels)
    return tuple(builder.ops)


def layers(space: ir.SearchSpace, architecture: Architecture) -> tuple[Layer, ...]:
    """The network of an architecture, layer by layer: `stem1.0`, …, `stage6.1`, `head`.

    Raises: ShapeError: as `layer_ops`.
    """
    blocks = space.blocks_by_name
    made: list[Layer] = []
    channels, size = space.channels, architecture.resolution
    chosen = zip(space.stem + space.stages, architecture.stem + architecture.stages, strict=True)
    for stage, choice in chosen:
        candidate, stride = stage.candidate(choice.candidate), stage.stride
        for index, (width, numbers) in enumerate(choice.layers):
            ops = layer_ops(blocks[candidate.block], numbers, candidate.acts, channels, width, stride, size)
            made.append(Layer(f"{stage.name}.{index}", candidate.block, ops))
            channels, size, stride = width, size_after(size, stride), 1
    ops = head_ops(space.head, head_widths(space, architecture), channels, size, space.classes)
    return (*made, Layer("head", "", ops))
