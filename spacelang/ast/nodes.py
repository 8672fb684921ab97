"""The declarations of a `.space` text, typed, each with its span; names are not resolved yet.

`read` makes these from the syntax tree. What is missing, or could not be read, is None (or an empty tuple). `read` has
reported it if it is required, and `check` doesn't report it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from spacelang.report.source import Source, Span


class Name(NamedTuple):
    text: str
    span: Span


class Number(NamedTuple):
    value: int | float
    span: Span


class Text(NamedTuple):
    value: str
    span: Span


# --- expressions, in block bodies and heads -------------------------------------------------------------------------


class Ref(NamedTuple):
    """`in`, `out`, `stride`, `classes`, a block's parameter, or a name bound above."""

    name: str
    span: Span


class Binary(NamedTuple):
    op: Literal["+", "-", "*", "/", "div"]
    left: Expr
    right: Expr
    span: Span


class Call(NamedTuple):
    function: Name
    arguments: tuple[Expr, ...]
    span: Span


Expr = Number | Ref | Binary | Call


class Compare(NamedTuple):
    op: Literal["==", "!=", "<", "<=", ">", ">="]
    left: Expr
    right: Expr
    span: Span


# --- values of properties -------------------------------------------------------------------------------------------


class Values(NamedTuple):
    """Numbers that a property may take.

    form: `one` (3), `set` ({3, 5}), `range` (2..4, `numbers` are its two ends) or `per_layer` ([32, 48]).
    step: the step of a range, if it was written.
    """

    form: Literal["one", "set", "range", "per_layer"]
    numbers: tuple[Number, ...]
    step: Number | None
    span: Span


class Widths(NamedTuple):
    """`2 of 32..64`: windows of that many neighbours; without `n of`, all the values are one window."""

    window: Number | None
    values: Values
    span: Span


class Argument(NamedTuple):
    """What a block's parameter gets: numbers, or a name (an activation)."""

    name: Name
    value: Values | Name
    span: Span


class Entry(NamedTuple):
    """One property of a section, its values still untyped: `estimator sampled { samples 5000 }`.

    `schema` says what is legal; `entries` is the group after the values, None if there isn't one.
    """

    name: Name
    values: tuple[Number | Name | Text | Values, ...]
    entries: tuple[Entry, ...] | None
    span: Span


class Section(NamedTuple):
    """`quality { … }`, `evolution { … }`, `distill { … }`, `train { … }`."""

    name: Name
    entries: tuple[Entry, ...]
    span: Span


# --- blocks ---------------------------------------------------------------------------------------------------------


class Let(NamedTuple):
    name: Name
    value: Expr
    span: Span


Modifier = Expr | Name | Compare | Literal[True]


class Operator(NamedTuple):
    """One step of a pipeline: `conv 1 -> hidden, act, when hidden != in`.

    Attributes:
        kind: one of `ir.operators.OPERATORS`; in heads also pool, linear, dropout.
        argument: what comes after the kind: a kernel size, the squeezed width of `se`, the rate of `dropout`.
        out: after `->`; an expression, or choices in a head.
        modifiers: the other parts, by name. `stride` alone is the layer's (True), `stride 2` is fixed; `act` alone is a
            parameter of that name; single words (`norm none`, `bias`) are True.
    """

    kind: Name
    argument: Expr | Name | None
    out: Expr | Values | None
    modifiers: Mapping[str, Modifier]
    span: Span

    @property
    def stride(self) -> Literal[True] | Number | None:
        return self.modifiers.get("stride")  # type: ignore[return-value]

    @property
    def act(self) -> Name | None:
        return self.modifiers.get("act")  # type: ignore[return-value]

    @property
    def when(self) -> Compare | None:
        return self.modifiers.get("when")  # type: ignore[return-value]


class Shortcut(NamedTuple):
    """`shortcut project, act`: the block's input joins its output; the activation comes after the sum."""

    kind: Name
    act: Name | None
    span: Span


class Block(NamedTuple):
    name: Name
    parameters: tuple[Name, ...]
    body: tuple[Let | Operator | Shortcut, ...]
    span: Span


# --- devices, spaces, files -----------------------------------------------------------------------------------------


class Device(NamedTuple):
    name: Name
    entries: tuple[Entry, ...]
    span: Span


class BlockUse(NamedTuple):
    """`1 = mbv2 { kernel {3, 5, 7}, expand {4, 6, 8}, act relu6 }` in a list of blocks."""

    id: Number
    block: Name
    arguments: tuple[Argument, ...]
    span: Span


class Stage(NamedTuple):
    """A stem layer group (`stem conv { … }`) or a stage (`stage stage1 { … }`, `stage stage1 mbv2 { … }`).

    `blocks` is the stage's own list of blocks, None if it doesn't have one.
    """

    role: Literal["stem", "stage"]
    name: Name | None
    block: Name | None
    depth: Values | None
    stride: Number | None
    width: Widths | None
    uniform: tuple[Name, ...]
    arguments: tuple[Argument, ...]
    blocks: tuple[BlockUse, ...] | None
    span: Span


class Origin(NamedTuple):
    """`from hyperspace vnni, sha256 "…", encoding "…", checksum "…"`."""

    kind: Name
    name: Name
    sha256: Text | None
    encoding: Text | None
    checksum: Text | None
    span: Span


class Targets(NamedTuple):
    """`targets latency {8, 10} ms`."""

    metric: Name
    values: Values
    unit: Name | None
    span: Span


class Space(NamedTuple):
    """A `hyperspace`, `space` or `model`."""

    kind: Literal["hyperspace", "space", "model"]
    name: Name
    device: Name
    origin: Origin | None
    channels: Number | None
    resolution: Values | None
    classes: Number | None
    blocks: tuple[BlockUse, ...]
    stem: tuple[Stage, ...]
    stages: tuple[Stage, ...]
    head: tuple[Operator, ...]
    targets: Targets | None
    sections: tuple[Section, ...]
    span: Span


class Import(NamedTuple):
    path: Text
    span: Span


class Module(NamedTuple):
    """One file. `language` is None if its first line doesn't say `language 1`."""

    source: Source
    language: Number | None
    imports: tuple[Import, ...]
    blocks: tuple[Block, ...]
    devices: tuple[Device, ...]
    spaces: tuple[Space, ...]
