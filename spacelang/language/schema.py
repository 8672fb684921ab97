"""What may be written in each section: one table for reading, checking, the documentation and lowering.

A settings section (`device`, `quality`, `evolution`, `distill`, `train`) is wholly described by its table: `read` holds
every entry against it and `ast.settings` turns the entries into the fields of the IR's class of that name. The
properties of spaces and stages have their own readers; their tables say the names, what is required, and the domains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from spacelang.report.suggest import spelled

Kind = Literal["integer", "number", "word", "widths rule", "group", "values", "other"]

ACTIVATIONS = ("relu", "relu6", "hswish", "swish", "sigmoid", "hsigmoid")
FUNCTIONS: Mapping[str, int | None] = MappingProxyType({"round8": 1, "min": None, "max": None})
"""The functions of expressions, with how many arguments they take; None for two or more."""
SHORTCUTS = ("none", "identity", "project", "avgpool_project")
LAYER_NAMES = ("in", "out", "stride")
"""What a layer gives to its block's body."""
HEAD_NAMES = ("in", "classes")


@dataclass(frozen=True, slots=True)
class Domain:
    """Which numbers are legal; the ends are included unless they are `open`."""

    low: int | float | None = None
    high: int | float | None = None
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: int | float) -> bool:
        if self.low is not None and (value < self.low or (self.open_low and value == self.low)):
            return False
        return not (self.high is not None and (value > self.high or (self.open_high and value == self.high)))

    def __str__(self) -> str:
        ends = []
        if self.low is not None:
            ends.append(f"{'more than' if self.open_low else 'at least'} {spelled(self.low)}")
        if self.high is not None:
            ends.append(f"{'less than' if self.open_high else 'at most'} {spelled(self.high)}")
        return " and ".join(ends) or "any number"


POSITIVE = Domain(1)
NOT_NEGATIVE = Domain(0)
ABOVE_ZERO = Domain(0, open_low=True)
FRACTION = Domain(0, 1, open_high=True)
RATE = Domain(0, 100, open_low=True)
DECAY = Domain(0, 1)
CLIP = Domain(0, 1000, open_low=True)
SEED = Domain(0, 2**32 - 1)


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a section.

    Attributes:
        name: as written.
        kind: what stands behind the name.
        doc: one line for the documentation.
        required: whether a section without it is an error.
        words: the legal words of a `word` property.
        domain: the legal numbers.
        unit: the word that must follow the value.
        field: the field of the IR's class; `name` where it is empty.
        group: the properties of the group behind the value.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    words: tuple[str, ...] = ()
    domain: Domain = Domain()
    unit: str = ""
    field: str = ""
    group: tuple[Property, ...] = ()

    @property
    def key(self) -> str:
        return self.field or self.name

    @property
    def form(self) -> str:
        """How it is written, for help texts: `threads N`."""
        value = {
            "integer": "N",
            "number": "X",
            "word": "|".join(self.words),
            "widths rule": "multiple of N",
            "group": "",
            "values": "VALUES",
            "other": "…",
        }[self.kind]
        group = "{ … }" if self.group else ""
        return " ".join(each for each in (self.name, value, self.unit, group) if each)


DEVICE = (
    Property("runtime", "word", "what runs the network", True, ("onnxruntime", "tflite")),
    Property("precision", "word", "of weights and activations", True, ("int8", "fp32")),
    Property("threads", "integer", "how many the runtime may use", True, domain=Domain(1, 1024)),
    Property(
        "widths", "widths rule", "every width is a multiple of N, since the kernels are fastest there", True,
        domain=Domain(1, 1024), field="width_multiple",
    ),
)  # fmt: skip

QUALITY = (
    Property(
        "estimator", "word", "the best sub-networks exactly, or the best of N samples", True, ("exact", "sampled"),
        group=(Property("samples", "integer", "sub-networks drawn per space and target", True, domain=POSITIVE),),
    ),
    Property("top", "integer", "how many of the best sub-networks are averaged", True, domain=POSITIVE),
    Property("chain", "word", "whether neighbouring rows must agree in channels", words=("independent", "strict")),
    Property(
        "penalty", "group", "lowers the score of spaces of which few samples meet the target",
        group=(
            Property("threshold", "number", "the share of samples that costs nothing", True, domain=Domain(0, 1)),
            Property("exponent", "number", "how steeply the score falls below it", True, domain=NOT_NEGATIVE),
        ),
    ),
)  # fmt: skip

EVOLUTION = (
    Property("population", "integer", "spaces alive at a time (P)", True, domain=POSITIVE),
    Property("sample", "integer", "spaces drawn for each choice of a parent (S)", True, domain=POSITIVE),
    Property("spaces", "integer", "spaces scored in all (N)", True, domain=POSITIVE),
    Property("seed", "integer", "of the random numbers", True, domain=SEED),
)

DISTILL = (
    Property("epochs", "integer", "in floating point", domain=NOT_NEGATIVE),
    Property("quantised_epochs", "integer", "with LSQ+ quantisers, after those", domain=NOT_NEGATIVE),
    Property("batch", "integer", "images in a step", domain=POSITIVE),
    Property("learning_rate_ends", "number", "of the first and the last stage", domain=RATE),
    Property("learning_rate", "number", "of the stages between", domain=RATE),
    Property("learning_rate_quantised", "number", "with quantisers", domain=RATE),
    Property("gradient_clip", "number", "gradient values are cut at ±X", domain=CLIP),
    Property("random_stages", "integer", "random sub-stages in a step, next to the largest and the smallest",
             domain=NOT_NEGATIVE),
    Property("architectures", "integer", "sampled per (stage, block, window) for the table", domain=POSITIVE),
    Property("calibration_batches", "integer", "that reset the batch norms before an evaluation", domain=POSITIVE),
    Property("seed", "integer", "of the random numbers", domain=SEED),
)  # fmt: skip

TRAIN = (
    Property("epochs", "integer", "in floating point", domain=NOT_NEGATIVE),
    Property("quantised_epochs", "integer", "with LSQ+ quantisers, after those", domain=NOT_NEGATIVE),
    Property("batch", "integer", "images in a step", domain=POSITIVE),
    Property("learning_rate", "number", "for 256 images a step", domain=RATE),
    Property("learning_rate_quantised", "number", "with quantisers", domain=RATE),
    Property("momentum", "number", "of SGD", domain=FRACTION),
    Property("weight_decay", "number", "of SGD", domain=DECAY),
    Property("label_smoothing", "number", "of the largest network's labels", domain=FRACTION),
    Property("seed", "integer", "of the random numbers", domain=SEED),
)

TARGETS = (Property("latency", "values", "the latencies to search for, ascending", True, domain=ABOVE_ZERO, unit="ms"),)

STAGE = (
    Property("depth", "values", "how many layers", True, domain=Domain(1, 64)),
    Property("stride", "integer", "of the first layer", True, domain=Domain(1, 8)),
    Property("width", "values", "output channels; `N of VALUES` are windows of N neighbours", True, domain=POSITIVE),
    Property("uniform", "other", "choices that all layers of the stage share"),
    Property("blocks", "other", "the stage's own list of blocks"),
)
"""Of `stem` and `stage`; further names are arguments of the stage's block."""

SPACE = (
    Property("from", "other", "the space that this one was narrowed from"),
    Property("input", "integer", "channels of the image", True, domain=Domain(1, 1024), unit="channels"),
    Property("resolution", "values", "height and width of the image", True, domain=Domain(1, 4096)),
    Property("classes", "integer", "outputs of the classifier", True, domain=POSITIVE),
    Property("blocks", "other", "the blocks that stages may use, each with its search id"),
    Property("stem", "other", "a group of layers before the stages; there may be several", True),
    Property("stage", "other", "a stage; there are several", True),
    Property("head", "other", "the layers behind the last stage, one a line", True),
    Property("targets", "other", "`targets latency {…} ms`"),
    Property("quality", "group", "how a space is scored", group=QUALITY),
    Property("evolution", "group", "the settings of the evolutionary search", group=EVOLUTION),
    Property("distill", "group", "overrides of block-wise distillation's settings", group=DISTILL),
    Property("train", "group", "overrides of the supernet's training", group=TRAIN),
)

REPEATED = ("stem", "stage")
"""Properties of a space that may be written more than once."""

SECTIONS: Mapping[str, tuple[Property, ...]] = MappingProxyType(
    {"device": DEVICE, "quality": QUALITY, "evolution": EVOLUTION, "distill": DISTILL, "train": TRAIN}
)
"""The sections that their tables describe wholly."""


@dataclass(frozen=True, slots=True)
class OperatorForm:
    """How one operator is written: `kind ARGUMENT -> OUT, modifiers`; empty texts where it has no such part."""

    kind: str
    argument: str
    out: str
    modifiers: tuple[str, ...]
    doc: str

    @property
    def form(self) -> str:
        return " ".join(each for each in (self.kind, self.argument, self.out and f"-> {self.out}") if each)


_CONVOLUTION = ("stride", "act", "norm", "bias", "residual", "repeat", "when")

OPERATORS: Mapping[str, OperatorForm] = MappingProxyType(
    {
        each.kind: each
        for each in (
            OperatorForm("conv", "KERNEL", "OUT", _CONVOLUTION, "a convolution, then norm and activation"),
            OperatorForm("dwconv", "KERNEL", "", _CONVOLUTION, "a depthwise convolution, then norm and activation"),
            OperatorForm("se", "SQUEEZE", "", ("when",), "squeeze and excitation"),
            OperatorForm("act", "NAME", "", ("when",), "an activation"),
            OperatorForm("avgpool", "KERNEL", "", ("stride", "when"), "the mean over KERNEL×KERNEL"),
            OperatorForm("maxpool", "KERNEL", "", ("stride", "when"), "the maximum over KERNEL×KERNEL"),
        )
    }
)
"""Of a block's body."""

HEAD_OPERATORS: Mapping[str, OperatorForm] = MappingProxyType(
    {
        each.kind: each
        for each in (
            OperatorForm("conv", "KERNEL", "OUT", ("act", "norm", "bias"), "a convolution; OUT may be a set"),
            OperatorForm("pool", "", "", (), "the mean over the whole map"),
            OperatorForm("dropout", "RATE", "", (), "dropout, in training"),
            OperatorForm("act", "NAME", "", (), "an activation"),
            OperatorForm("linear", "", "OUT", (), "a linear layer with bias; the last one gives the classes"),
        )
    }
)

MODIFIERS: Mapping[str, str] = MappingProxyType(
    {
        "stride": "stride` or `stride N",
        "act": "act` or `act NAME",
        "norm": "norm none",
        "bias": "bias",
        "residual": "residual",
        "repeat": "repeat N",
        "when": "when A != B",
    }
)
"""How each modifier is written."""


def names(properties: Iterable[Property]) -> tuple[str, ...]:
    return tuple(each.name for each in properties)


def named(properties: Iterable[Property], name: str) -> Property | None:
    return next((each for each in properties if each.name == name), None)
