"""The settings of a device, a search and its trainings: one class for each section.

Each class is the section in the IR and also declares what may be written there: `schema` makes its tables from the
classes. So a field is declared once, with its default, its domain and its line in the documentation.
"""

# No `from __future__ import annotations`: the types are read from the fields.

from collections.abc import Iterable, Mapping
from numbers import Real
from types import MappingProxyType
from typing import Any, Literal, get_args

from spacelang.language.domain import (
    ABOVE_ZERO,
    CLIP,
    DECAY,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    RATE,
    SEED,
    Domain,
    Kind,
    Property,
)  # fmt: skip
from spacelang.language.node import MISSING, Node, field


def setting(doc: str, domain: Domain = Domain(), default: Any = MISSING, **more: Any) -> Any:
    """A field that a text can write; `more` holds other attributes of its `Property`."""
    return field(default, property={"doc": doc, "domain": domain, **more})


def real(value: Any) -> Any:
    """A number as a float; anything else as it is, for whoever uses the settings to refuse."""
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else value


class Section(Node):
    """A node whose integers become floats where the field is one: 1 and 1.0 are the same setting."""

    def __post_init__(self) -> None:
        for name in self.fields:
            if type(self).__annotations__[name] is float:
                self.__dict__[name] = real(self.__dict__[name])


class Device(Section):
    """`width_multiple`: every width is a multiple of it."""

    name: str
    runtime: Literal["onnxruntime", "tflite"] = setting("what runs the network")
    precision: Literal["int8", "fp32"] = setting("the number format of weights and activations")
    threads: int = setting("how many threads the runtime may use", Domain(1, 1024))
    width_multiple: int = setting(
        "every width is a multiple of N, since the kernels are fastest there", Domain(1, 1024),
        name="widths", kind="widths rule",
    )  # fmt: skip
    hidden: Literal["multiple", "any"] = setting(
        "whether channels inside blocks should be multiples of N too; others get a warning", default="multiple"
    )


class Targets(Section):
    """The latencies that networks are searched for, each with its own best sub-networks."""

    latency_ms: tuple[float, ...] = setting(
        "the latencies to search for, ascending", ABOVE_ZERO, name="latency", kind="values", unit="ms"
    )

    def __post_init__(self) -> None:
        if isinstance(self.latency_ms, Iterable) and not isinstance(self.latency_ms, str):
            self.__dict__["latency_ms"] = tuple(map(real, self.latency_ms))


class Limits(Section):
    """Limits on every network besides its latency; a limit that isn't written doesn't apply.

    INT8 takes a byte for each weight and activation, FP32 four.
    """

    mflops: float | None = setting(
        "multiply-accumulates for one image, in millions", ABOVE_ZERO, default=None, kind="number"
    )
    parameters_mib: float | None = setting(
        "weights, biases and batch norms, in MiB", ABOVE_ZERO, default=None, kind="number"
    )
    memory_mib: float | None = setting(
        "the most that feature maps take at any time, running one operator after the other, in MiB",
        ABOVE_ZERO, default=None, kind="number",
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name in ("mflops", "parameters_mib", "memory_mib"):
            self.__dict__[name] = real(getattr(self, name))


class Penalty(Section):
    """Q is multiplied by 1 / max(1, (threshold / p)^exponent), where p is the share of samples under the target."""

    threshold: float = setting("the share of samples from which nothing is lost", Domain(0, 1))
    exponent: float = setting("how steeply the score falls below that share", NOT_NEGATIVE)


class Quality(Section):
    """How a space is scored (paper, equation 2). `samples` and `penalty` belong to the sampled estimator."""

    estimator: Literal["exact", "sampled"] = setting("the best sub-networks exactly, or the best of N samples")
    top: int = setting("how many of the best sub-networks are averaged", POSITIVE)
    chain: Literal["independent", "strict"] = setting(
        "whether neighbouring rows must agree in channels", default="independent"
    )
    samples: int | None = setting(
        "sub-networks drawn for each space and target", POSITIVE, default=None, within="estimator", kind="integer",
        required=True,
    )  # fmt: skip
    penalty: Penalty | None = setting(
        "lowers the score of spaces few of whose samples meet the target", default=None, kind="group"
    )


class Evolution(Section):
    """Algorithm 1: population P, sample S, N spaces in all."""

    population: int = setting("spaces alive at a time (P)", POSITIVE)
    sample: int = setting("spaces drawn for each choice of a parent (S)", POSITIVE)
    spaces: int = setting("spaces scored in all (N)", POSITIVE)
    seed: int = setting("the seed of the random numbers", SEED)


class Distill(Section):
    """Block-wise distillation (paper, C.3)."""

    epochs: int = setting("epochs in floating point", NOT_NEGATIVE, 5)
    quantised_epochs: int = setting("epochs with LSQ+ quantisers, after those in floating point", NOT_NEGATIVE, 1)
    batch: int = setting("images in one step", POSITIVE, 256)
    learning_rate_ends: float = setting("the learning rate of the first and the last stage", RATE, 0.005)
    learning_rate: float = setting("the learning rate of the stages between them", RATE, 0.01)
    learning_rate_quantised: float = setting("with quantisers", RATE, 0.0025)
    gradient_clip: float = setting("gradient values are clipped at ±X", CLIP, 1.0)
    random_stages: int = setting("random sub-stages in one step, besides the largest and the smallest", NOT_NEGATIVE, 2)
    architectures: int = setting("architectures sampled for each (stage, block, window) of the table", POSITIVE, 2000)
    calibration_batches: int = setting("batches that reset the batch norms before an evaluation", POSITIVE, 8)
    validation_images: int = setting(
        "images of the training part that the losses of the table are measured on; all, if there are fewer",
        POSITIVE, 2000,
    )  # fmt: skip
    seed: int = setting("the seed of the random numbers", SEED, 0)


class Train(Section):
    """Training of the quantised-for-all supernet (paper, D)."""

    epochs: int = setting("epochs in floating point", NOT_NEGATIVE, 360)
    quantised_epochs: int = setting("epochs with LSQ+ quantisers, after those in floating point", NOT_NEGATIVE, 50)
    batch: int = setting("images in one step", POSITIVE, 1024)
    learning_rate: float = setting("the learning rate for 256 images in one step", RATE, 0.1)
    learning_rate_quantised: float = setting("with quantisers", RATE, 0.01)
    momentum: float = setting("of SGD", FRACTION, 0.9)
    weight_decay: float = setting("of SGD", DECAY, 1e-5)
    nesterov: Literal["on", "off"] = setting("whether the momentum is Nesterov's", default="on")
    warmup: float = setting("the share of the steps in which the learning rate rises to its peak", FRACTION, 0.014)
    warmup_quantised: float = setting("likewise, with quantisers", FRACTION, 0.06)
    gradient_clip: float = setting("gradient values are clipped at ±X", CLIP, 1.0)
    label_smoothing: float = setting("the label smoothing of the largest network", FRACTION, 0.1)
    random_networks: int = setting("random networks in one step, besides the largest and the smallest",
        NOT_NEGATIVE, 2)  # fmt: skip
    distillation: Literal["kl", "alpha"] = setting(
        "what the others learn from the largest by: Kullback-Leibler or the adaptive alpha divergence", default="kl"
    )
    last_gamma: Literal["zero", "one"] = setting(
        "what the last batch norm of a block with a shortcut begins with", default="zero"
    )
    drop_connect: float = setting(
        "how often the last block's branch is left out in the largest network; less often in those before it",
        FRACTION, 0.0,
    )  # fmt: skip
    augmentation: Literal["autoaugment", "crop", "none"] = setting(
        "how training images are varied: cut, mirrored and changed by AutoAugment; cut and mirrored; not at all",
        default="autoaugment",
    )
    accumulation: int = setting("parts that a process takes its images of one step in", POSITIVE, 1)
    arithmetic: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "what convolutions compute in; `auto` is bf16 on a GPU, fp32 on a processor", default="auto"
    )
    ema: float = setting("the decay of the weights' moving average, which is then what is kept; 0 for none",
        FRACTION, 0.0)  # fmt: skip
    seed: int = setting("the seed of the random numbers", SEED, 0)


GROUPS: Mapping[str, type[Node]] = MappingProxyType({"penalty": Penalty})
"""The classes of sections within sections."""
CLASSES: Mapping[str, type[Node]] = MappingProxyType(
    {"device": Device, "limits": Limits, "quality": Quality, "evolution": Evolution, "distill": Distill, "train": Train}
)


def properties_of(section: type[Node]) -> tuple[Property, ...]:
    """What may be written in a section, in the order of its fields."""
    written = {name: each.about["property"] for name, each in section.fields.items() if "property" in each.about}
    return tuple(_property(section, name, written) for name, about in written.items() if "within" not in about)


def _property(section: type[Node], field: str, written: Mapping[str, Mapping[str, Any]]) -> Property:
    default, type = section.fields[field].default, section.__annotations__[field]
    about: dict[str, Any] = {"name": field, "kind": _kind(type), "required": default is MISSING, **written[field]}
    about.pop("within", None)
    within = (name for name, each in written.items() if each.get("within") == field)
    return Property(
        **about,
        words=get_args(type) if about["kind"] == "word" else (),
        field=field if field != about["name"] else "",
        group=properties_of(GROUPS[field])
        if field in GROUPS
        else tuple(_property(section, name, written) for name in within),
        default=None if default is MISSING else default,
    )


def _kind(type: Any) -> Kind:
    if type is int:
        return "integer"
    return "number" if type is float else "word"


def made(section: type[Node], values: Mapping[str, Any]) -> Any:
    """The node of a section from what is written there, once that is checked."""
    return section(**{name: made(GROUPS[name], each) if name in GROUPS else each for name, each in values.items()})
