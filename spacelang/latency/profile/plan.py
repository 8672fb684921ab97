"""What a profile measures: the operators, shapes and widths of the paper's section 2 and appendix B."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from spacelang import ir
from spacelang.driver import load
from spacelang.latency.runtimes.protocol import PRECISIONS, Precision
from spacelang.networks.architecture import architecture_of
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layers

REFERENCE = Path(__file__).with_name("reference.space")

OPERATORS = {"Conv": "conv", "DWConv": "dwconv", "SE": "se", "Hardswish": "hswish", "Swish": "swish"}
"""The rows of Table 1, and the kinds of kernels that they average over."""
KERNEL_SIZES = (1, 3, 5, 7)
SIZES_CHANNELS, SIZES_SIZE = 96, 56
"""Those of Table 8."""
WIDTHS = (8, 16, 24, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256)
"""The input channels of Figure 3; it has four times as many output channels."""
WIDTHS_SIZE, WIDTHS_EXPAND = 28, 4
STEP_WIDTHS = range(8, 161)
"""The channels of Figure 9. All of them: which ones are cheap is the question."""


class StepCurve(NamedTuple):
    """Kernels of one shape over `STEP_WIDTHS`. `votes`: whether the width rule follows from it."""

    kind: str
    kernel: int
    size: int
    precision: Precision
    votes: bool

    def kernels(self) -> dict[int, Kernel]:
        return {width: Kernel(self.kind, width, width, self.size, self.kernel) for width in STEP_WIDTHS}


FIGURE_9 = StepCurve("dwconv", 3, 56, "int8", votes=True)
STEP_CURVES = (
    FIGURE_9,
    FIGURE_9._replace(precision="fp32", votes=False),
    StepCurve("dwconv", 5, 28, "int8", votes=True),
    StepCurve("dwconv", 3, 14, "int8", votes=True),
    StepCurve("conv", 1, 28, "int8", votes=False),
)
"""Figure 9's two curves; depthwise kernels of other sizes, since the rule must hold for them too; 1×1 convolutions."""


def reference(name: str) -> ir.SearchSpace:
    """A declaration of `reference.space`."""
    return load(f"{REFERENCE}#{name}")


@cache
def operators() -> Mapping[str, tuple[Kernel, ...]]:
    """The kernels that each row of Table 1 averages over: those of MobileNetV3-Large, each once.

    Swish takes the places of MobileNetV3's hard swish.
    """
    model = reference("mobilenetv3_large")
    found = dict.fromkeys(kernel for layer in layers(model, architecture_of(model)) for kernel in kernels_of(layer.ops))
    found.update(dict.fromkeys(each._replace(kind="swish") for each in list(found) if each.kind == "hswish"))
    return {name: tuple(each for each in found if each.kind == kind) for name, kind in OPERATORS.items()}


def kernel_sizes(kind: str) -> dict[int, Kernel]:
    """The kernels of a column of Table 8, by kernel size."""
    return {size: Kernel(kind, SIZES_CHANNELS, SIZES_CHANNELS, SIZES_SIZE, size) for size in KERNEL_SIZES}


def widths() -> dict[int, Kernel]:
    """The 1×1 convolutions of Figure 3, by input channels."""
    return {width: Kernel("conv", width, width * WIDTHS_EXPAND, WIDTHS_SIZE) for width in WIDTHS}


def kernels() -> Sequence[tuple[Kernel, Precision]]:
    """Every kernel of the study, in both precisions where they are compared; each once."""
    return list(dict.fromkeys(_kernels()))


def _kernels() -> Iterator[tuple[Kernel, Precision]]:
    for curve in STEP_CURVES:
        yield from ((kernel, curve.precision) for kernel in curve.kernels().values())
    compared = [*widths().values(), *kernel_sizes("conv").values(), *kernel_sizes("dwconv").values()]
    for kernel in (*compared, *(kernel for each in operators().values() for kernel in each)):
        yield from ((kernel, precision) for precision in PRECISIONS)
