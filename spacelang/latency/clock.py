"""Canary time: the scale of all latencies.

The reference is the fast mode of the machine: the lowest level at which the canary's times repeat. The machine's state
when a log was started says little: it may have been busy, or a core may have run at its highest frequency for a moment.
So the reference is computed again once there are more readings, and latencies are rescaled to it (docs/adr/0036).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, NamedTuple

REPEATS = 3
"""A level needs at least this many readings: a single fast one may be an error of the clock."""
PART = 0.02
"""The share of the readings that a level needs, where there are many."""
LEVEL = 1.02
"""Readings that differ by less than this factor are at the same level."""
OFF = 1.05
"""A median slower than the fast mode by this factor is worth a warning."""


class CanaryTime(NamedTuple):
    """How long the canary took while something was measured.

    Attributes:
        reference_ms: what latencies are scaled to.
        median_ms: over the measurements.
        spread: the range of the middle nine tenths of its times, relative to the median.
        readings: how often it was read.
        refused: how many measurements were disturbed and repeated.
    """

    reference_ms: float
    median_ms: float
    spread: float
    readings: int
    refused: int = 0

    def describe(self) -> str:
        """
        >>> CanaryTime(0.13, 0.1345, 0.062, 80, 5).describe()
        'in canary time: the reference kernel takes 0.130 ms (median here 0.135 ms, spread 6%; 5 of 85 tries refused)'
        """
        tries = f"; {self.refused} of {self.readings + self.refused} tries refused" if self.refused else ""
        return (
            f"in canary time: the reference kernel takes {self.reference_ms:.3f} ms "
            f"(median here {self.median_ms:.3f} ms, spread {self.spread:.0%}{tries})"
        )

    @property
    def off(self) -> bool:
        """Whether the machine was seldom in its fast mode, so that latencies were scaled by a lot."""
        return self.median_ms > self.reference_ms * OFF

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def fast_mode(readings: Sequence[float]) -> float:
    """The lowest level at which readings repeat; the lowest reading, if none does.

    >>> fast_mode([1.4] * 25 + [0.9] + [1.0, 1.01, 1.005, 1.002])
    1.002
    """
    ordered = sorted(readings)
    if not ordered:
        raise ValueError("the canary was never read")
    need = max(REPEATS, ceil(PART * len(ordered)))
    for at in range(len(ordered) - need + 1):
        level = ordered[at : at + need]
        if level[-1] <= level[0] * LEVEL:
            return level[(need - 1) // 2]
    return ordered[0]


def canary_time(readings: Sequence[float], reference_ms: float, refused: int = 0) -> CanaryTime:
    """Raises: ValueError: if there are no readings."""
    ordered = sorted(readings)
    if not ordered:
        raise ValueError("the canary was never read")
    last = len(ordered) - 1
    low, median, high = (ordered[round(last * part)] for part in (0.05, 0.5, 0.95))
    return CanaryTime(reference_ms, median, (high - low) / median, len(ordered), refused)
