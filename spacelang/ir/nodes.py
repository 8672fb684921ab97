"""The intermediate representation: what a checked text means.

Frozen dataclasses; pydantic validates them where one is read from JSON (`translate.json`) and is imported only there.
Names are resolved, ranges and windows are written out, and the blocks in use are included. Spelling, comments and the
order of declarations are gone. No framework is imported here.

    hyperspace ⊇ space ⊇ model
    a space has one candidate block and one width window per stage; a model also has single values for every layer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from spacelang.ir.expressions import Expr, Number, spelled_once
from spacelang.ir.operators import BlockStep
from spacelang.language.node import Node, Tagged, field, replace, to_data
from spacelang.language.settings import Device, Distill, Evolution, Limits, Quality, Targets, Train

IR_VERSION = 1

Kind = Literal["hyperspace", "space", "model"]
ActivationName = Literal["relu", "relu6", "hswish", "swish", "sigmoid", "hsigmoid"]


# --- blocks ----------------------------------------------------------------------------------------------------------


class Shortcut(Node):
    """How the block's input joins its output; `act` comes after the sum.

    identity: where the shapes agree, else none. project: where they differ, conv 1 with the block's stride, and norm.
    avgpool_project: where they differ, mean pool by the stride, then conv 1 and norm.
    """

    kind: Literal["none", "identity", "project", "avgpool_project"] = "none"
    act: str | None = None


class Parameter(Node):
    """`type` is inferred from use: an activation; an odd kernel size; any other number."""

    name: str
    type: Literal["activation", "kernel", "number"]


class Block(Node):
    name: str
    parameters: tuple[Parameter, ...]
    steps: tuple[BlockStep, ...]
    shortcut: Shortcut

    @property
    def numeric(self) -> tuple[str, ...]:
        """The parameters whose values a layer chooses, in the order of their declaration."""
        return tuple(each.name for each in self.parameters if each.type != "activation")


# --- stages ---------------------------------------------------------------------------------------------------------


class Choices(Node):
    """Values to choose from, ascending; with `per_layer`, in a model, the one value of each layer in order."""

    values: tuple[Number, ...]
    per_layer: bool = False

    def __post_init__(self) -> None:
        self.__dict__["values"] = tuple(map(spelled_once, self.values))

    def at(self, layer: int) -> tuple[int | float, ...]:
        """What the layer of this index (0-based) may take."""
        return (self.values[layer],) if self.per_layer else self.values


class Candidate(Node):
    """A block that a stage may use: its search id, and what its parameters may take.

    numbers has an entry for each name in `Block.numeric`, whose order counts (not that of the dict). acts has one for
    each activation parameter.
    """

    id: int
    block: str
    numbers: dict[str, Choices]
    acts: dict[str, ActivationName]


class Stage(Node):
    """`depth` layers in a row, all of one block; the first has the stride.

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


class HeadConv(Node):
    """`out` is a choice of widths, or an expression over `in` (the channels it receives) and `classes`."""

    kind: Literal["conv"] = "conv"
    kernel: int
    out: Choices | Expr
    act: ActivationName | None = None
    norm: bool = True
    bias: bool = False


class HeadLinear(Node):
    """A linear layer with bias."""

    kind: Literal["linear"] = "linear"
    out: Expr


class HeadPool(Node):
    """The mean over the whole map."""

    kind: Literal["pool"] = "pool"


class HeadDropout(Node):
    kind: Literal["dropout"] = "dropout"
    rate: float


class HeadActivation(Node):
    kind: Literal["act"] = "act"
    act: ActivationName


HeadStep = Annotated[HeadConv | HeadLinear | HeadPool | HeadDropout | HeadActivation, Tagged()]


class Origin(Node):
    """The space that this one was narrowed from.

    sha256: that of the wider space. encoding: that of this space in it, or of the space that this is a model of.
    checksum: what `SearchSpace.checksum` was when the claim was written; it reveals later edits.
    """

    kind: Kind
    name: str
    sha256: str | None = None
    encoding: str | None = None
    checksum: str | None = None


# --- the whole ------------------------------------------------------------------------------------------------------


class SearchSpace(Node):
    """The root: a hyperspace, a space or a model.

    channels: of the input image. blocks: the blocks in use, in the order of their names. Settings that the text doesn't
        write are None.
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
    limits: Limits | None = field(default=None, unwritten=True)
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
        """The hash of the structure.

        Names, targets and search settings don't change it, so tables and encodings still fit.
        """
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
