"""x86 processors without VNNI: where their sums saturate, and weights of 7 bits that don't.

Such a processor multiplies unsigned by signed bytes with `vpmaddubsw`, which adds the products of two neighbouring
input channels in 16 bits: 255·127 + 255·127 doesn't fit, and is cut off at ±32767. Depthwise convolutions are computed
differently. Weights of -64…63 always fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spacelang.steps.network import INPUT, Step, Steps, Weights
from spacelang.steps.witness import Maps, columns, quantise, run

LARGEST = 32767
LOW, HIGH = -64, 63
COUNTED_SUMS = 200_000_000
"""The most sums of two products to look at; more images wouldn't change the shares."""


@dataclass(frozen=True)
class Saturation:
    """How many sums of two products in a network are cut off. `worst`: the operator with the largest share of them."""

    sums: int
    cut_off: int
    worst: str

    @property
    def share(self) -> float:
        return self.cut_off / max(self.sums, 1)


def reduced(steps: Steps) -> Steps:
    """The same network with weights of 7 bits, on scales twice as large."""
    return replace(steps, steps=tuple(_reduced(each) for each in steps.steps))


def _reduced(step: Step) -> Step:
    if step.weights is None or step.kind == "dwconv":
        return step
    assert step.weights.scales is not None
    values = np.rint(step.weights.values / 2).clip(LOW, HIGH).astype(np.int8)
    bias = np.rint(step.weights.bias / 2).astype(np.int32)
    return replace(step, weights=Weights(values, bias, step.weights.scales * np.float32(2)))


def saturation(steps: Steps, images: NDArray[np.float32]) -> Saturation:
    """How many sums would be cut off on these images, or on the first of them if the network is large."""
    assert steps.inputs[0].grid is not None
    per_image = sum(_sums(each) for each in steps.steps)
    images = images[: max(1, min(len(images), COUNTED_SUMS // max(per_image, 1)))]
    made: dict[int, Maps] = {INPUT: quantise(images, steps.inputs[0].grid), **dict(enumerate(run(steps, images)))}
    counts = {step.name: _cut_off(step, made[step.inputs[0]]) for step in steps.steps if _sums(step)}
    shares = {step.name: counts[step.name] / _sums(step) for step in steps.steps if _sums(step)}
    worst = max(shares, key=lambda name: shares[name]) if any(counts.values()) else ""
    return Saturation(per_image * len(images), sum(counts.values()), worst)


def _sums(step: Step) -> int:
    """The number of sums of two products for one image."""
    if step.weights is None or step.kind == "dwconv":
        return 0
    per_output = -(-step.weights.values[0].size // 2)
    return int(per_output * step.made.channels * step.made.size**2)


def _cut_off(step: Step, x: Maps) -> int:
    """How many sums of two products don't fit into 16 bits; `x` with its zero point, as the processor reads it."""
    assert step.weights is not None
    values = step.weights.values.astype(np.int32)
    rows = columns(step, x.astype(np.int32))
    weights = values.reshape(len(values), values.shape[1], -1).transpose(0, 2, 1).reshape(len(values), -1)
    if rows.shape[1] % 2:
        rows, weights = np.pad(rows, ((0, 0), (0, 1))), np.pad(weights, ((0, 0), (0, 1)))
    count = 0
    for first, second in zip(weights[:, 0::2], weights[:, 1::2], strict=True):
        if int(np.abs(first).max(initial=0) + np.abs(second).max(initial=0)) * 255 <= LARGEST:
            continue
        count += int((np.abs(rows[:, 0::2] * first + rows[:, 1::2] * second) > LARGEST).sum())
    return count
