"""The operators of the language, each defined here and nowhere else.

An operator is an entry in `OPERATORS`: its node in the IR, and what runs for it. The fields of the node are its parts;
they say how they are written and what values they may have. Everything else reads these entries: the reader of
texts and the printer, `check`, costs, kernels, the census, the supernet and the documentation. So a new operator is an
entry, a layer in `spacelang.nn`, and a function in each runtime's writer that knows its kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Protocol, TypeAlias

from spacelang.ir.counts import KERNEL, OUT, REPEAT, SQUEEZE, Count
from spacelang.ir.expressions import Compare, Expr
from spacelang.language.node import MISSING, Node, Tagged, field

INPUT = -1
"""In `Op.inputs`: the layer's input."""
Costs: TypeAlias = tuple[int, int, int]
"""Multiply-accumulates for one image, parameters, and the number of quantised convolutions."""


# --- what runs ------------------------------------------------------------------------------------------------------


class Op(NamedTuple):
    """One operator of a layer, with its shapes.

    Attributes:
        inputs: indices into the layer's operators, `INPUT` for the layer's input; two for `add`.
        channels_in, channels_out: channels.
        kernel, stride, padding: of convolutions and pools, square.
        size_in, size_out: height and width of the feature map, square.
        act: the activation that follows, or None.
        norm: whether a batch norm follows (before the activation).
        squeeze: the inner width of `se`.
    """

    kind: str
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


def _free(op: Op) -> Costs:
    return 0, 0, 0


class Law(NamedTuple):
    """What an operator costs, and the kernel that runs it.

    Attributes:
        cost: computes with `+`, `-`, `*` and `//` only, because the sizes may be arrays of numbers.
        clamps: whether the kernel can clamp its own output, so that a relu after it costs nothing.
        runs: whether it has a kernel at all.
        fields: the fields of `Kernel` that tell its kernels apart.
    """

    cost: Callable[[Op], Costs] = _free
    clamps: bool = False
    runs: bool = True
    fields: tuple[str, ...] = ("channels_in", "size")


def _convolution_cost(op: Op) -> Costs:
    weights = op.kernel**2 * op.channels_out * (op.channels_in if op.kind == "conv" else 1)
    return weights * (op.size_out * op.size_out), weights + op.channels_out * (2 * op.norm + op.bias), 1


def _se_cost(op: Op) -> Costs:
    weights = 2 * op.channels_in * op.squeeze
    return weights, weights + op.squeeze + op.channels_in, 2


def _linear_cost(op: Op) -> Costs:
    weights = op.channels_in * op.channels_out
    return weights, weights + op.bias * op.channels_out, 0


LAWS: dict[str, Law] = {
    "add": Law(clamps=True, fields=("channels_in", "size", "act")),
    "pool": Law(),
    "linear": Law(_linear_cost, fields=("channels_in", "channels_out")),
    "dropout": Law(runs=False),
}
"""By kind of `Op`. Listed here are the operators that blocks don't write; an entry in `OPERATORS` adds its own."""


# --- how an operator is written -------------------------------------------------------------------------------------


Role = Literal["count", "activation", "stride", "norm", "flag", "condition", "number"]


class Part(NamedTuple):
    """One part of an operator: a field of its node.

    Attributes:
        role: what it is: an expression that counts, the name of an activation, a stride, `norm none`, a word that is
            there or not, a condition, or a plain number.
        place: whether it stands directly after the operator's word, after `->`, or after a comma with its name.
        form: how it is written.
        rule: the rule for a count.
    """

    name: str
    role: Role
    place: Literal["argument", "out", "modifier"]
    form: str
    default: Any
    rule: Count | None = None


def part(role: Role, form: str, place: str = "modifier", default: Any = MISSING, rule: Count | None = None) -> Any:
    """A field that is a `Part`."""
    return field(default, part={"role": role, "place": place, "form": form, "rule": rule})


def count(rule: Count, form: str, place: str = "argument") -> Any:
    return part("count", form, place, rule=rule)


Stride = Literal["layer"] | int


def stride_part() -> Any:
    return part("stride", "stride` or `stride N", default=1)


def act_part() -> Any:
    return part("activation", "act` or `act NAME", default=None)


def condition_part() -> Any:
    return part("condition", "when A != B", default=None)


# --- the nodes ------------------------------------------------------------------------------------------------------


class Step(Node):
    """An operator in a block's body."""

    if TYPE_CHECKING:
        kind: str
        when: Compare | None

    # Kept, because a layer is laid out for every choice of its widths and numbers.

    @cached_property
    def counts(self) -> tuple[tuple[str, Count, Expr], ...]:
        """The expressions that count, each with the name of its part and its rule."""
        written = ((each, getattr(self, each.name)) for each in parts(self))
        return tuple((each.name, each.rule, expr) for each, expr in written if each.rule and expr is not None)

    @cached_property
    def own_stride(self) -> Stride:
        """The stride that the step is written with; 1 if the operator doesn't have one."""
        return next((getattr(self, each.name) for each in parts(self) if each.role == "stride"), 1)


class Conv(Step):
    """A convolution with `out` output channels; a norm and an activation follow unless switched off.

    stride: `layer` is the layer's stride; a number is fixed.
    act: an activation, or the name of an activation parameter of the block.
    repeat: that many in a row; the stride goes to the first, norm and activation to the last.
    residual: whether the input is added to the output.
    when: the operator is left out if this doesn't hold.
    """

    kind: Literal["conv"] = "conv"
    kernel: Expr = count(KERNEL, "KERNEL")
    out: Expr = count(OUT, "OUT", "out")
    stride: Stride = stride_part()
    act: str | None = act_part()
    norm: bool = part("norm", "norm none", default=True)
    bias: bool = part("flag", "bias", default=False)
    residual: bool = part("flag", "residual", default=False)
    repeat: Expr | None = part("count", "repeat N", default=None, rule=REPEAT)
    when: Compare | None = condition_part()


class DepthwiseConv(Step):
    """As `Conv`, but the number of channels stays the same."""

    kind: Literal["dwconv"] = "dwconv"
    kernel: Expr = count(KERNEL, "KERNEL")
    stride: Stride = stride_part()
    act: str | None = act_part()
    norm: bool = part("norm", "norm none", default=True)
    bias: bool = part("flag", "bias", default=False)
    residual: bool = part("flag", "residual", default=False)
    repeat: Expr | None = part("count", "repeat N", default=None, rule=REPEAT)
    when: Compare | None = condition_part()


class SqueezeExcite(Step):
    """Global mean, conv 1 to `squeeze` with bias, relu, conv 1 back with bias, hard sigmoid, multiply."""

    kind: Literal["se"] = "se"
    squeeze: Expr = count(SQUEEZE, "SQUEEZE")
    when: Compare | None = condition_part()


class Activation(Step):
    kind: Literal["act"] = "act"
    act: str = part("activation", "NAME", "argument")
    when: Compare | None = condition_part()


class Pool(Step):
    """A mean or maximum over `kernel`×`kernel`, padded by kernel div 2."""

    kind: Literal["avgpool", "maxpool"]
    kernel: Expr = count(KERNEL, "KERNEL")
    stride: Stride = stride_part()
    when: Compare | None = condition_part()


# --- the entries ----------------------------------------------------------------------------------------------------


class Layout(Protocol):
    """The layer that is being laid out: `channels` and `last` (the index of its operator) describe the newest value."""

    channels: int
    last: int

    def append(self, kind: str, channels: int, stride: int = 1, **more: Any) -> None: ...

    def act(self, name: str | None) -> str | None: ...


Values = Mapping[str, int]
"""The counts of a step by the names of their parts, and its `stride`."""


class Operator:
    """An entry: one operator of the language.

    Attributes:
        node: its node in the IR, whose fields are `parts`.
        doc: one line for the documentation.
        layer: its class in `spacelang.nn`; the parts become the arguments.
        ops: appends the operators that run for a step.
        law: the costs and kernel of those.
        receives: whether the layer's first argument is the channels that it receives.
    """

    def __init__(
        self,
        kind: str,
        node: type[Step],
        doc: str,
        layer: str,
        ops: Callable[[Layout, Any, Values], None],
        law: Law = Law(),
        receives: bool = False,
    ) -> None:
        self.kind, self.node, self.doc, self.layer = kind, node, doc, layer
        self.ops, self.law, self.receives = ops, law, receives
        self.parts = tuple(
            Part(name, default=None if each.default is MISSING else each.default, **each.about["part"])
            for name, each in node.fields.items()
            if each.about
        )
        self.argument = next((each for each in self.parts if each.place == "argument"), None)
        self.out = next((each for each in self.parts if each.place == "out"), None)
        self.modifiers = {each.name: each for each in self.parts if each.place == "modifier"}


def _convolve(layout: Layout, step: Conv | DepthwiseConv, values: Values) -> None:
    repeat = values.get("repeat", 1)
    for index in range(repeat):
        final = index == repeat - 1
        layout.append(
            step.kind,
            values.get("out", layout.channels),
            values["stride"] if index == 0 else 1,
            kernel=values["kernel"],
            act=layout.act(step.act) if final else None,
            norm=step.norm and final,
            bias=step.bias and final,
        )


def _squeeze(layout: Layout, step: SqueezeExcite, values: Values) -> None:
    layout.append("se", layout.channels, squeeze=values["squeeze"], padding=0)


def _activate(layout: Layout, step: Activation, values: Values) -> None:
    layout.append("act", layout.channels, act=layout.act(step.act))


def _pool(layout: Layout, step: Pool, values: Values) -> None:
    layout.append(step.kind, layout.channels, values["stride"], kernel=values["kernel"])


OPERATORS: dict[str, Operator] = {}
"""The operators of a block's body, by kind."""


def register(entry: Operator) -> None:
    """Adds an operator to the language, or replaces the one of that kind."""
    OPERATORS[entry.kind] = entry
    LAWS[entry.kind] = entry.law


_SLIDING = ("channels_in", "size", "kernel", "stride")
_CONV = Law(_convolution_cost, clamps=True, fields=("channels_in", "channels_out", "size", "kernel", "stride", "act"))
_DWCONV = Law(_convolution_cost, clamps=True, fields=(*_SLIDING, "act"))
_SE = Law(_se_cost, fields=("channels_in", "size", "squeeze"))
_POOL = Law(fields=_SLIDING)

for _entry in (
    Operator("conv", Conv, "a convolution, then norm and activation", "ElasticConv2d", _convolve, _CONV, True),
    Operator(
        "dwconv", DepthwiseConv, "a depthwise convolution, then norm and activation", "ElasticDepthwiseConv2d",
        _convolve, _DWCONV, True,
    ),
    Operator("se", SqueezeExcite, "squeeze and excitation", "SqueezeExcite", _squeeze, _SE, True),
    Operator("act", Activation, "an activation", "Activation", _activate),
    Operator("avgpool", Pool, "the mean over KERNEL×KERNEL", "AvgPool2d", _pool, _POOL),
    Operator("maxpool", Pool, "the maximum over KERNEL×KERNEL", "MaxPool2d", _pool, _POOL),
):  # fmt: skip
    register(_entry)


def parts(step: Step) -> tuple[Part, ...]:
    """The parts of a step's operator."""
    return OPERATORS[step.kind].parts


def expressions(step: BlockStep) -> Iterator[Expr]:
    """All expressions of a step, both sides of its condition included."""
    if isinstance(step, Let):
        yield step.value
        return
    for each in parts(step):
        value = getattr(step, each.name)
        if each.role == "count" and value is not None:
            yield value
        elif each.role == "condition" and value is not None:
            yield from (value.left, value.right)


class AnyStep(Tagged):
    """Reads bindings and every operator that is registered."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        known: Any = source
        for each in OPERATORS.values():
            known |= each.node
        return super().__get_pydantic_core_schema__(known, handler)


class Let(Node):
    kind: Literal["let"] = "let"
    name: str
    value: Expr


BlockStep = Annotated[Let | Conv | DepthwiseConv | SqueezeExcite | Activation | Pool, AnyStep()]
