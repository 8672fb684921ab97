"""The text of a first hyperspace, made of a few answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacelang.latency.predict.predictor import LatencyEstimator

BLOCKS: Mapping[str, str] = {
    "mbv1": "kernel {3, 5}, act relu",
    "mbv2": "kernel {3, 5}, expand {4, 6}, act relu6",
    "mbv3": "kernel {3, 5}, expand {4, 6}, act hswish",
    "residual_bottleneck": "kernel {3, 5}, expand {0.5, 1.0}, act relu",
    "residual_bottleneck_se": "kernel {3, 5}, expand {0.5, 1.0}, act relu",
    "fused_mb": "kernel 3, expand {1, 2}, act swish",
    "fused_mb_se": "kernel 3, expand {1, 2}, act swish",
}
"""Blocks of the library, with what their parameters may take at first."""
DEFAULT_BLOCKS = ("mbv1", "mbv2", "mbv3", "fused_mb")
MULTIPLE = 16
SAMPLES = 300
QUANTILES = (0.1, 0.25, 0.5)
"""Quantiles of the latencies of sampled networks: searches are for the fast half."""


class Size(StrEnum):
    """The size of images and networks."""

    TINY = "tiny"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Shape:
    """Resolutions, and for each stage its depth, stride and range of widths."""

    resolutions: tuple[int, ...]
    stages: tuple[tuple[str, int, str], ...]
    head: int


_SHORT = (("1..2", 2, "16..48"), ("1..3", 2, "32..80"), ("1..3", 2, "64..128"))
_LONGER = (("1..2", 2, "16..48"), ("2..4", 2, "32..80"), ("2..4", 2, "64..128"), ("2..4", 2, "112..192"))
_LONG = (*_LONGER[:2], ("2..6", 2, "80..144"), ("2..6", 1, "112..192"), ("2..6", 2, "192..304"))
SHAPES: Mapping[Size, Shape] = {
    Size.TINY: Shape((24, 32), (("1..2", 1, "16..48"), ("1..2", 2, "32..64"), ("1..2", 1, "48..96")), 128),
    Size.SMALL: Shape((64, 96), _SHORT, 256),
    Size.MEDIUM: Shape((128, 160, 192), _LONGER, 640),
    Size.LARGE: Shape((160, 192, 224), _LONG, 1280),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first hyperspace is made of."""

    name: str
    runtime: str
    precision: str
    threads: int
    channels: int
    classes: int
    blocks: Sequence[str]
    size: Size


def text_of(answers: Answers, targets_ms: Sequence[float] = ()) -> str:
    """The hyperspace as formatted text, with comments that say what to change."""
    from spacelang.api import format

    shape = SHAPES[answers.size]
    blocks = "\n".join(f"{at} = {name} {{ {BLOCKS[name]} }}" for at, name in enumerate(answers.blocks))
    stages = "\n".join(
        f"stage stage{at} {{ depth {depth}, stride {stride}, width 2 of {widths} }}"
        for at, (depth, stride, widths) in enumerate(shape.stages, 1)
    )
    known = ", from its networks' latencies on the device: a tenth, a quarter and half of them are faster"
    targets = f"targets latency {{{', '.join(f'{each:g}' for each in targets_ms)}}} ms\n" if targets_ms else ""
    return format(f"""language 1

import "std/blocks.space"

# What runs the networks. `spacelang profile` measures this machine and proposes a device.
device target {{
  runtime {answers.runtime}
  precision {answers.precision}
  threads {answers.threads}
  # `hidden any`: channels inside blocks may be others. Without it, `check` warns of them.
  widths multiple of {MULTIPLE}
  hidden any
}}

hyperspace {answers.name} on target {{
  # Channels and sizes of the images; a network runs at one of the sizes.
  input {answers.channels} channels
  resolution {{{", ".join(map(str, shape.resolutions))}}}
  classes {answers.classes}

  # The blocks that each stage may be made of. Take some away, add others, or write your own (docs/language.md).
  blocks {{
{blocks}
  }}

  stem conv {{ depth 1, stride 2, width 16, kernel 3, act relu }}

  # `2 of 16..48` is two neighbouring widths out of 16, 32 and 48. More stages or widths make more spaces.
{stages}

  head {{
    conv 1 -> {shape.head}, act hswish
    pool
    linear -> classes
  }}

  # The latencies to search for{known if targets else ""}.
  {targets or "targets latency {5, 10, 15} ms"}

  # How spaces are compared and searched.
  quality {{ estimator exact, top 20 }}
  evolution {{ population 100, sample 25, spaces 1000, seed 0 }}

  # Without these, the paper's settings hold: better, and far slower.
  distill {{ epochs 2, architectures 200 }}
  # 20 epochs are too few for a warm-up, and for blocks that begin as their shortcuts.
  train {{
    epochs 20, quantised_epochs 4, batch 64, warmup 0, warmup_quantised 0, nesterov off, last_gamma one
  }}
}}
""")


def targets_for(text: str, estimator: LatencyEstimator) -> list[float]:
    """Latency targets in ms, two significant digits, from the predicted latencies of sampled networks."""
    from spacelang.driver import loads
    from spacelang.latency.predict.networks import latencies
    from spacelang.networks.sample import sample

    space = loads(text)
    ascending = sorted(latencies(space, sample(space, SAMPLES, 0), estimator).ms.tolist())
    return sorted({float(f"{ascending[int(each * SAMPLES)]:.2g}") for each in QUANTILES})
