"""nn-Meter's adaptive sampler: first kernels that the spaces contain, then more where predictions err."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from spacelang.latency.collect.log import Measured
from spacelang.latency.collect.population import Strata, draw, is_validation, training
from spacelang.networks.kernels import Kernel

ROUNDS = 3
PRIOR = 0.5
"""The share of the samples that is drawn before anything is known; the rounds share the rest."""
TOLERANCE = 0.1
"""A validation kernel with a larger error asks for more kernels around it."""
AROUND = 20
"""How many it asks for."""
FIELD_APART = 1.0
"""How far apart another window, stride or activation puts two kernels; a factor of 2 in a number counts 1."""

Measure = Callable[[Sequence[Kernel], str], list[Measured]]
"""Measures the kernels that aren't known yet; the note says what for."""
Errors = Callable[[Sequence[Measured], Sequence[Measured]], Sequence[float]]
"""Learns from the first kernels and predicts the second; gives relative errors, 0 where nothing can be learned yet."""


def collect_adaptively(of: Strata, samples: int, measure: Measure, errors: Errors) -> list[Measured]:
    """Measure `samples` kernels, none of them held out; all kernels if there are no more than that.

    The choice depends only on the strata and on what was measured: with the same log, an interrupted collection
    continues the same way.
    """
    everything = draw(of, sum(map(len, of.values())), training)
    if len(everything) <= samples:
        return measure(everything, "all kernels")
    asked = dict.fromkeys(draw(of, int(samples * PRIOR), training))
    found = measure(list(asked), "drawn before anything is known")
    each_round = (samples - len(asked)) // ROUNDS
    for number in range(ROUNDS):
        learned = [each for each in found if not is_validation(each.kernel)]
        judged = [each for each in found if is_validation(each.kernel)]
        off = errors(learned, judged)
        bad = [each.kernel for _, each in sorted(zip(off, judged, strict=True), reverse=True) if _ > TOLERANCE]
        more = around(bad, [each for each in everything if each not in asked], each_round)
        asked |= dict.fromkeys(more)
        note = f"round {number + 1}: {len(bad)} of {len(judged)} off by over {TOLERANCE:.0%}"
        found += measure(more, note)
    rest = draw(of, samples - len(asked), lambda kernel: training(kernel) and kernel not in asked)
    return found + measure(rest, "more of all")


def around(points: Sequence[Kernel], among: Sequence[Kernel], count: int) -> list[Kernel]:
    """Up to `count` kernels: those nearest to each point, one for each point in turn, up to `AROUND` for each."""
    wanted: dict[Kernel, None] = {}
    nearest = [_nearest(point, among) for point in points]
    for rank in range(AROUND):
        for of_point in nearest:
            if rank < len(of_point) and len(wanted) < count:
                wanted[of_point[rank]] = None
    return list(wanted)


def _nearest(point: Kernel, among: Sequence[Kernel]) -> list[Kernel]:
    same = [each for each in among if each.kind == point.kind]
    order = np.argsort(_distances(point, same), kind="stable")[:AROUND]
    return [same[at] for at in order.tolist()]


def _distances(point: Kernel, others: Sequence[Kernel]) -> NDArray[np.float64]:
    """Factors between channels, sizes and inner widths, as powers of 2; other fields are the same or not."""
    numbers = np.array([[each.channels_in, each.channels_out, each.size, each.squeeze] for each in [point, *others]])
    logs = np.log2(np.maximum(numbers, 1))
    fields = [(each.kernel, each.stride, each.act) for each in others]
    other = [sum(a != b for a, b in zip(each, (point.kernel, point.stride, point.act), strict=True)) for each in fields]
    apart: NDArray[np.float64] = np.abs(logs[1:] - logs[0]).sum(axis=1) + FIELD_APART * np.array(other, float)
    return apart
