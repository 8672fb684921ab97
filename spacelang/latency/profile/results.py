"""What a profile found: the paper's tables and figures, for this device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import geometric_mean
from typing import NamedTuple

from spacelang.latency.collect.log import Log
from spacelang.latency.device import Fingerprint
from spacelang.latency.profile import plan
from spacelang.latency.profile.compared import LONG, SHORT, ComparedLayer
from spacelang.latency.profile.rule import WidthRule, width_rule
from spacelang.latency.runtimes.protocol import Precision
from spacelang.networks.kernels import Kernel

BADLY = 1.5
"""A block whose layers gain less than this from INT8 runs badly: no more than the compact models of section 2 gain."""


class Pair(NamedTuple):
    """The same thing in both precisions, in ms."""

    int8_ms: float
    fp32_ms: float

    @property
    def speedup(self) -> float:
        return self.fp32_ms / self.int8_ms


class OperatorSpeed(NamedTuple):
    """A row of Table 1."""

    name: str
    kernels: tuple[Kernel, ...]
    pairs: tuple[Pair, ...]

    @property
    def speedups(self) -> list[float]:
        return [each.speedup for each in self.pairs]

    @property
    def speedup(self) -> float:
        """The geometric mean over the operator's kernels."""
        return geometric_mean(self.speedups)


class StepTimes(NamedTuple):
    """A curve of Figure 9; ms by channels."""

    curve: plan.StepCurve
    ms: Mapping[int, float]


class LayerSpeed(NamedTuple):
    """`pair`: of one layer; None if the difference of the networks was lost in noise."""

    layer: ComparedLayer
    pair: Pair | None


class BlockSpeed(NamedTuple):
    id: int
    name: str
    layers: tuple[LayerSpeed, ...]

    @property
    def speedup(self) -> float | None:
        """The geometric mean over its layers; None if none could be told from the noise."""
        known = [each.pair.speedup for each in self.layers if each.pair]
        return geometric_mean(known) if known else None

    @property
    def runs_badly(self) -> bool:
        return self.speedup is not None and self.speedup < BADLY


class Results(NamedTuple):
    """kernel_sizes: of convolutions and depthwise ones, by kernel size. rule: from the curves of `steps` that vote."""

    name: str
    fingerprint: Fingerprint
    space: str
    operators: tuple[OperatorSpeed, ...]
    kernel_sizes: Mapping[str, Mapping[int, Pair]]
    widths: Mapping[int, Pair]
    steps: tuple[StepTimes, ...]
    rule: WidthRule
    blocks: tuple[BlockSpeed, ...]


def results(name: str, space: str, log: Log, layers: Sequence[ComparedLayer]) -> Results:
    """Read everything from a log that holds it.

    Args:
        name: of the device.
        space: whose blocks the layers are.
    """

    def pair(kernel: Kernel) -> Pair:
        return Pair(_ms(log, kernel, "int8"), _ms(log, kernel, "fp32"))

    def pairs(kernels: Mapping[int, Kernel]) -> dict[int, Pair]:
        return {at: pair(kernel) for at, kernel in kernels.items()}

    steps = tuple(
        StepTimes(curve, {at: _ms(log, kernel, curve.precision) for at, kernel in curve.kernels().items()})
        for curve in plan.STEP_CURVES
    )
    return Results(
        name,
        log.fingerprint,
        space,
        tuple(OperatorSpeed(each, kernels, tuple(map(pair, kernels))) for each, kernels in plan.operators().items()),
        {kind: pairs(plan.kernel_sizes(kind)) for kind in ("conv", "dwconv")},
        pairs(plan.widths()),
        steps,
        width_rule([each.ms for each in steps if each.curve.votes]),
        tuple(_blocks(log, layers)),
    )


def _ms(log: Log, kernel: Kernel, precision: Precision) -> float:
    measured = log.kernel(kernel, precision)
    if measured is None:
        raise ValueError(f"{kernel} was not measured in {precision}")
    return measured.ms


def _blocks(log: Log, layers: Sequence[ComparedLayer]) -> Iterable[BlockSpeed]:
    for id, name in dict.fromkeys((each.id, each.block) for each in layers):
        of_block = [each for each in layers if (each.id, each.block) == (id, name)]
        yield BlockSpeed(id, name, tuple(LayerSpeed(each, _layer_pair(log, each)) for each in of_block))


def _layer_pair(log: Log, layer: ComparedLayer) -> Pair | None:
    pair = Pair(_layer_ms(log, layer, "int8"), _layer_ms(log, layer, "fp32"))
    return pair if min(pair) > 0 else None


def _layer_ms(log: Log, layer: ComparedLayer, precision: Precision) -> float:
    """What one more layer takes; it can be negative where a layer takes less than the noise."""
    short, long = (log.network(each.sha256, precision) for each in (layer.short, layer.long))
    if short is None or long is None:
        raise ValueError(f"{layer.block} at {layer.stage} was not measured in {precision}")
    return (long.ms - short.ms) / (LONG - SHORT)
