"""The width rule of a device, from how latency grows with channels (paper, Figure 9).

Kernels that compute m channels at a time take as long for fewer channels, or longer if the rest is handled one by one.
So a device supports the multiple m if widening any width to the next multiple of m costs nothing. "Nothing" is less
than half of what that many channels cost overall: the rise of the trend, a parabola through the lower envelope (the
least latency of this width or any wider one). Differences within the noise of a measurement don't count.

Each finer candidate k has to agree by itself: most widths that are multiples of k, but not of m, must widen freely.
Otherwise the many widths in between would hide that steps of 16 aren't steps of 32: widening 17 to 32 is free, and
widening 16 isn't. The rule is the largest multiple that is supported, unless too few widths agree on that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CANDIDATES = (1, 2, 4, 8, 16, 32, 64)
NOISE = 0.015
"""The relative difference between two measurements of a kernel: 0.4 to 1.2 % from one process to another."""
SUPPORTED = 0.8
"""The share of widths that must widen freely."""
CERTAIN = 0.7
"""A rule with less confidence doesn't count."""

Curve = Mapping[int, float]
"""Latency in ms by number of channels."""


@dataclass(frozen=True, slots=True)
class Support:
    """How a candidate fares, according to the finer candidate that speaks most against it.

    Attributes:
        finer: multiples of it, which aren't multiples of `multiple`, were widened.
        free, costly: how many of them widen at no cost, and how many don't.
    """

    multiple: int
    finer: int
    free: int
    costly: int

    @property
    def share(self) -> float:
        """The share of widths that widen freely, drawn towards a half if there are few."""
        return (self.free + 1) / (self.free + self.costly + 2)

    @property
    def holds(self) -> bool:
        return self.free > 0 and self.free >= SUPPORTED * (self.free + self.costly)


@dataclass(frozen=True, slots=True)
class WidthRule:
    """`multiple`: of all widths; 1 if any width is as good; None if the measurements decide nothing.

    confidence: 0 to 1, the share of widths that agree: with `multiple`, and that no larger one would do.
    """

    multiple: int | None
    confidence: float
    supports: tuple[Support, ...]


def width_rule(curves: Sequence[Curve]) -> WidthRule:
    """The rule of kernels measured over consecutive numbers of channels; all curves vote."""
    growing = [each for each in map(_Widening, curves) if each.grows]
    supports = tuple(_support(growing, multiple) for multiple in CANDIDATES[1:])
    multiple = max((each.multiple for each in supports if each.holds), default=1)
    agreement = [each.share for each in supports if each.multiple == multiple]
    agreement += [1 - each.share for each in supports if each.multiple > multiple]
    confidence = min(agreement) if growing else 0.0
    return WidthRule(multiple if confidence >= CERTAIN else None, confidence, supports)


def penalties(curve: Curve, multiple: int) -> list[float]:
    """For each width between multiples, how many times as long as the next multiple it takes."""
    wider = {width: next_multiple(width, multiple) for width in curve}
    return [ms / curve[wider[width]] for width, ms in curve.items() if wider[width] != width and wider[width] in curve]


def next_multiple(width: int, multiple: int) -> int:
    """The least multiple that is at least `width`."""
    return -(-width // multiple) * multiple


def _support(curves: Sequence[_Widening], multiple: int) -> Support:
    finer = [each for each in CANDIDATES if each < multiple]
    return min((_votes(curves, multiple, each) for each in finer), key=lambda support: support.share)


def _votes(curves: Sequence[_Widening], multiple: int, finer: int) -> Support:
    votes = [vote for curve in curves for vote in curve.votes(multiple, finer)]
    return Support(multiple, finer, sum(votes), len(votes) - sum(votes))


class _Widening:
    """What it costs to widen, read from one curve."""

    def __init__(self, curve: Curve) -> None:
        self.widths: NDArray[np.int64] = np.array(sorted(curve))
        self.ms = {width: curve[width] for width in self.widths.tolist()}
        values = np.array(list(self.ms.values()))
        envelope = np.minimum.accumulate(values[::-1])[::-1]
        self._trend = np.polynomial.Polynomial.fit(self.widths, envelope, 2)
        self.grows = self._expected(self.widths[0], self.widths[-1]) > 10 * NOISE * float(envelope[0])

    def votes(self, multiple: int, finer: int) -> list[bool]:
        """For each width that can be widened by more than noise: whether that is free."""
        found: list[bool] = []
        for width in self.widths[(self.widths % multiple != 0) & (self.widths % finer == 0)].tolist():
            wide = next_multiple(width, multiple)
            if wide in self.ms:
                excess = self.ms[wide] - self.ms[width] - self._expected(width, wide) / 2
                if abs(excess) > NOISE * self.ms[width]:
                    found.append(excess < 0)
        return found

    def _expected(self, width: int, wide: int) -> float:
        return float(self._trend(wide) - self._trend(width))
