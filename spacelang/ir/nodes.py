"""The intermediate representation: what a checked text means.

Frozen dataclasses; pydantic validates them where one is read from JSON (`translate.json`) and is imported only there.
Names are resolved, ranges and windows are written out, the blocks in use come along; spelling, comments and the order
of declarations are gone. No framework is known here.

    hyperspace ⊇ space ⊇ model
    a space has one candidate block and one width window a stage; a model also has single values for every layer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import Annotated, Any, Literal

from spacelang.language.node import UNWRITTEN, Node, Tagged, node, to_data
from spacelang.language.settings import Device, Distill, Evolution, Limits, Quality, Targets, Train

IR_VERSION = 1

Kind = Literal["hyperspace", "space", "model"]
ActivationName = Literal["relu", "relu6", "hswish", "swish", "sigmoid", "hsigmoid"]
Number = int | float


def _spelled_once(value: Number) -> Number:
    """1.0 and 1 are the same choice, so they must give the same IR and the same hash."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# --- expressions ----------------------------------------------------------------------------------------------------


@node
class Num(Node):
    kind: Literal["num"] = "num"
    value: Number

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _spelled_once(self.value))


@node
class Ref(Node):
    """`in`, `out`, `stride`, `classes`, a parameter, or a name that a `Let` above binds."""

    kind: Literal["ref"] = "ref"
    name: str


@node
class Binary(Node):
    """`div` divides and rounds down; `/` is exact."""

    kind: Literal["binary"] = "binary"
    op: Literal["+", "-", "*", "/", "div"]
    left: Expr
    right: Expr


@node
class Call(Node):
    kind: Literal["call"] = "call"
    function: Literal["round8", "min", "max"]
    arguments: tuple[Expr, ...]


Expr = Annotated[Num | Ref | Binary | Call, Tagged()]


@node
class Compare(Node):
    op: Literal["==", "!=", "<", "<=", ">", ">="]
    left: Expr
    right: Expr


# --- operators and blocks -------------------------------------------------------------------------------------------


@node
class Let(Node):
    kind: Literal["let"] = "let"
    name: str
    value: Expr


@node
class Conv(Node):
    """A convolution with `out` output channels; norm and activation follow unless switched off.

    stride: `layer` takes the layer's, a number is fixed.
    act: an activation, or the name of an activation parameter of the block.
    repeat: that many in a row; the stride goes to the first, norm and activation to the last.
    residual: the input is added to the output.
    when: left out where this doesn't hold.
    """

    kind: Literal["conv"] = "conv"
    kernel: Expr
    out: Expr
    stride: Literal["layer"] | int = 1
    act: str | None = None
    norm: bool = True
    bias: bool = False
    residual: bool = False
    repeat: Expr | None = None
    when: Compare | None = None


@node
class DepthwiseConv(Node):
    """As `Conv`; the channels stay as they are."""

    kind: Literal["dwconv"] = "dwconv"
    kernel: Expr
    stride: Literal["layer"] | int = 1
    act: str | None = None
    norm: bool = True
    bias: bool = False
    residual: bool = False
    repeat: Expr | None = None
    when: Compare | None = None


@node
class SqueezeExcite(Node):
    """Global mean, conv 1 to `squeeze` with bias, relu, conv 1 back with bias, hard sigmoid, multiply."""

    kind: Literal["se"] = "se"
    squeeze: Expr
    when: Compare | None = None


@node
class Activation(Node):
    kind: Literal["act"] = "act"
    act: str
    when: Compare | None = None


@node
class Pool(Node):
    """A mean or maximum over `kernel`×`kernel`, padded by kernel div 2."""

    kind: Literal["avgpool", "maxpool"]
    kernel: Expr
    stride: Literal["layer"] | int = 1
    when: Compare | None = None


BlockStep = Annotated[Let | Conv | DepthwiseConv | SqueezeExcite | Activation | Pool, Tagged()]


@node
class Shortcut(Node):
    """How the block's input joins its output; `act` comes after the sum.

    identity: where the shapes agree, else none. project: where they differ, conv 1 with the block's stride, and norm.
    avgpool_project: where they differ, mean pool by the stride, then conv 1 and norm.
    """

    kind: Literal["none", "identity", "project", "avgpool_project"] = "none"
    act: str | None = None


@node
class Parameter(Node):
    """`type` is inferred from use: an activation; an odd kernel size; any other number."""

    name: str
    type: Literal["activation", "kernel", "number"]


@node
class Block(Node):
    name: str
    parameters: tuple[Parameter, ...]
    steps: tuple[BlockStep, ...]
    shortcut: Shortcut

    @property
    def numeric(self) -> tuple[str, ...]:
        """The parameters that a layer chooses, in order of declaration."""
        return tuple(each.name for each in self.parameters if each.type != "activation")


# --- stages ---------------------------------------------------------------------------------------------------------


@node
class Choices(Node):
    """Values to choose from, ascending; or, `per_layer`, the one value of each layer in order (a model)."""

    values: tuple[Number, ...]
    per_layer: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(map(_spelled_once, self.values)))

    def at(self, layer: int) -> tuple[int | float, ...]:
        """What the layer of this index (0-based) may take."""
        return (self.values[layer],) if self.per_layer else self.values


@node
class Candidate(Node):
    """A block that a stage may use: its search id, and what its parameters may take.

    numbers has one entry for each of `Block.numeric` (whose order counts, not the dict's), acts one for each activation
    parameter.
    """

    id: int
    block: str
    numbers: dict[str, Choices]
    acts: dict[str, ActivationName]


@node
class Stage(Node):
    """A run of layers of one block: `depth` of them; the first takes the stride.

    windows: the width lists that a space may take (a space and a stem have one).
    uniform: the choices that all layers of the stage share: `width` and numeric parameters of the block.
    """

    name: str
    stride: int
    depth: tuple[int, ...]
    windows: tuple[Choices, ...]
    candidates: tuple[Candidate, ...]
    uniform: tuple[str, ...] = ()

    def candidate(self, id: int) -> Candidate:
        """Raises: KeyError: if no candidate has this id."""
        for each in self.candidates:
            if each.id == id:
                return each
        raise KeyError(id)


# --- head -----------------------------------------------------------------------------------------------------------


@node
class HeadConv(Node):
    """`out` is a choice of widths, or an expression over `in` (the channels it receives) and `classes`."""

    kind: Literal["conv"] = "conv"
    kernel: int
    out: Choices | Expr
    act: ActivationName | None = None
    norm: bool = True
    bias: bool = False


@node
class HeadLinear(Node):
    """With bias."""

    kind: Literal["linear"] = "linear"
    out: Expr


@node
class HeadPool(Node):
    """The global mean."""

    kind: Literal["pool"] = "pool"


@node
class HeadDropout(Node):
    kind: Literal["dropout"] = "dropout"
    rate: float


@node
class HeadActivation(Node):
    kind: Literal["act"] = "act"
    act: ActivationName


HeadStep = Annotated[HeadConv | HeadLinear | HeadPool | HeadDropout | HeadActivation, Tagged()]


@node
class Origin(Node):
    """The space that this one was narrowed from.

    sha256: of that space. encoding: of this one in it, or of the space it is a model of. checksum: what
    `SearchSpace.checksum` was when the claim was written, by which a later edit is noticed.
    """

    kind: Kind
    name: str
    sha256: str | None = None
    encoding: str | None = None
    checksum: str | None = None


# --- the whole ------------------------------------------------------------------------------------------------------


@node
class SearchSpace(Node):
    """The root: a hyperspace, a space or a model.

    channels: of the input image. blocks: those in use, by name. Settings that the text doesn't write are None.
    """

    ir_version: int = IR_VERSION
    kind: Kind
    name: str
    device: Device
    origin: Origin | None = None
    channels: int
    resolutions: tuple[int, ...]
    classes: int
    blocks: tuple[Block, ...]
    stem: tuple[Stage, ...]
    stages: tuple[Stage, ...]
    head: tuple[HeadStep, ...]
    targets: Targets | None = None
    limits: Limits | None = field(default=None, metadata={UNWRITTEN: True})
    quality: Quality | None = None
    evolution: Evolution | None = None
    distill: Distill | None = None
    train: Train | None = None

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name} on {self.device.name}: {len(self.stages)} stages, {self.short_hash}>"

    def _repr_html_(self) -> str:
        from spacelang.ir.display import html_of

        return html_of(self)

    @cached_property
    def blocks_by_name(self) -> Mapping[str, Block]:
        return {each.name: each for each in self.blocks}

    @property
    def structure(self) -> dict[str, Any]:
        """What the networks are made of, as plain data: no names of spaces and devices, no settings, no provenance."""
        return {name: to_data(getattr(self, name)) for name in STRUCTURE}

    @cached_property
    def sha256(self) -> str:
        """Of the structure: names, targets and search settings don't change it, so tables and encodings still fit."""
        return hashlib.sha256(json.dumps(self.structure, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def short_hash(self) -> str:
        return self.sha256[:8]

    @property
    def checksum(self) -> str:
        """16 hexadecimal digits over the structure and what `origin` claims; names don't count, as in `sha256`."""
        claim = (self.origin.kind, self.origin.sha256, self.origin.encoding) if self.origin else ()
        return hashlib.sha256(json.dumps([self.sha256, *claim]).encode()).hexdigest()[:CHECKSUM_DIGITS]

    def signed(self) -> SearchSpace:
        """This space with its checksum written into its origin; without an origin, this space."""
        if self.origin is None:
            return self
        return replace(self, origin=replace(self.origin, checksum=self.checksum))


CHECKSUM_DIGITS = 16


STRUCTURE = ("kind", "channels", "resolutions", "classes", "blocks", "stem", "stages", "head")


def to_json(space: SearchSpace) -> str:
    """The IR as JSON text: sorted keys, two spaces, a newline at the end."""
    return json.dumps(to_data(space), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
