"""The properties of each section: one table for reading, checking, lowering and the documentation.

A settings section (`device`, `quality`, `evolution`, `distill`, `train`) is described by its class in `settings`:
`read` checks every entry against the table made from it, and `ast.settings` turns the entries into its fields.
The properties of spaces and stages have their own readers; their tables give names, domains and what is required.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from spacelang.language.domain import (
    ABOVE_ZERO,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Domain,
    Property,
)
from spacelang.language.settings import (
    Device,
    Distill,
    Evolution,
    Limits,
    Quality,
    Targets,
    Train,
    properties_of,
)

__all__ = ["ABOVE_ZERO", "FRACTION", "NOT_NEGATIVE", "POSITIVE", "Domain", "Property"]

ACTIVATIONS = ("relu", "relu6", "hswish", "swish", "sigmoid", "hsigmoid")
FUNCTIONS: Mapping[str, int | None] = MappingProxyType({"round8": 1, "min": None, "max": None})
"""The functions of expressions, with the number of arguments they take; None for two or more."""
SHORTCUTS = ("none", "identity", "project", "avgpool_project")
LAYER_NAMES = ("in", "out", "stride")
"""The names that a layer gives to its block's body."""
HEAD_NAMES = ("in", "classes")


DEVICE = properties_of(Device)
TARGETS = properties_of(Targets)
LIMITS = properties_of(Limits)
QUALITY = properties_of(Quality)
EVOLUTION = properties_of(Evolution)
DISTILL = properties_of(Distill)
TRAIN = properties_of(Train)

STAGE = (
    Property("depth", "values", "how many layers", True, domain=Domain(1, 64)),
    Property("stride", "integer", "the stride of the first layer", True, domain=Domain(1, 8)),
    Property("width", "values", "output channels; `N of VALUES` are windows of N neighbours", True, domain=POSITIVE),
    Property("uniform", "other", "choices that all layers of the stage share"),
    Property("blocks", "other", "the stage's own list of blocks"),
)
"""The properties of `stem` and `stage`; other names are arguments of the stage's block."""

SPACE = (
    Property("from", "other", "the space that this one was narrowed from"),
    Property("input", "integer", "channels of the image", True, domain=Domain(1, 1024), unit="channels"),
    Property("resolution", "values", "height and width of the image", True, domain=Domain(1, 4096)),
    Property("classes", "integer", "outputs of the classifier", True, domain=POSITIVE),
    Property("blocks", "other", "the blocks that stages may use, each with its search id"),
    Property("stem", "other", "a group of layers before the stages; there may be several", True),
    Property("stage", "other", "a stage; there are several", True),
    Property("head", "other", "the layers after the last stage, one on each line", True),
    Property("targets", "other", "`targets latency {…} ms`"),
    Property("limits", "group", "limits on every network besides its latency", group=LIMITS),
    Property("quality", "group", "how a space is scored", group=QUALITY),
    Property("evolution", "group", "the settings of the evolutionary search", group=EVOLUTION),
    Property("distill", "group", "overrides of the settings of block-wise distillation", group=DISTILL),
    Property("train", "group", "overrides of the supernet's training", group=TRAIN),
)

REPEATED = ("stem", "stage")
"""Properties of a space that may be written more than once."""

SECTIONS: Mapping[str, tuple[Property, ...]] = MappingProxyType(
    {"device": DEVICE, "limits": LIMITS, "quality": QUALITY, "evolution": EVOLUTION, "distill": DISTILL, "train": TRAIN}
)
"""The sections that their tables describe completely."""


def names(properties: Iterable[Property]) -> tuple[str, ...]:
    return tuple(each.name for each in properties)


def named(properties: Iterable[Property], name: str) -> Property | None:
    return next((each for each in properties if each.name == name), None)
