"""Stage architectures, cut out of their student and measured in FP32 and INT8."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from spacelang.nn import Precision, set_precision
from spacelang.train.losses.draw import Drawn
from spacelang.train.losses.maps import Maps
from spacelang.train.losses.signal import Signal, noise, nsr
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.shared.student import Student

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")
HELD_BYTES = 1 << 30
"""Limit on the weights held at once; networks of the largest spaces take about 100 MB each."""

_Network = tuple[nn.Module, ...]
"""One architecture, to run in each precision; all have the same weights."""


class Losses(NamedTuple):
    """NSR over the validation set (paper, C.3)."""

    fp32: float
    int8: float


def measure(student: Student, drawn: Sequence[Drawn], maps: Maps, device: Accelerator) -> list[Losses]:
    """The losses of these architectures in each precision, as `measure_in`."""
    return [Losses(*each) for each in measure_in(PRECISIONS, student, drawn, maps, device)]


@torch.no_grad()
def measure_in(
    precisions: Sequence[Precision], student: Student, drawn: Sequence[Drawn], maps: Maps, device: Accelerator
) -> list[tuple[float, ...]]:
    """The losses of these architectures, each with batch norms calibrated for itself, in these precisions.

    As many as memory holds share each pass of the teacher; none influences another.
    """
    found: list[tuple[float, ...]] = []
    for networks in _groups(precisions, student, drawn, device):
        found += _measure(networks, drawn[len(found) : len(found) + len(networks)], maps)
    return found


def _groups(
    precisions: Sequence[Precision], student: Student, drawn: Sequence[Drawn], device: Accelerator
) -> Iterator[list[_Network]]:
    """In order. A group is in memory at once, so its weights are counted."""
    group: list[_Network] = []
    held = 0
    for each in drawn:
        network = student.cut(each.channels_in, each.choice)
        device.place(network)
        weights = list(network.parameters())
        # Other copies of what isn't a weight: batch norms' statistics, and whether quantisers are on.
        copies = (deepcopy(network, {id(weight): weight for weight in weights}) for _ in precisions[1:])
        group.append((network, *copies))
        for one, precision in zip(group[-1], precisions, strict=True):
            set_precision(one, precision)
        held += sum(weight.nbytes for weight in weights)
        if held > HELD_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group


def _measure(networks: Sequence[_Network], drawn: Sequence[Drawn], maps: Maps) -> list[tuple[float, ...]]:
    members: dict[int, list[int]] = defaultdict(list)
    for at, each in enumerate(drawn):
        members[each.resolution].append(at)
    for resolution, here in sorted(members.items()):
        together = _Together(network for at in here for network in networks[at])
        recalibrate(together.eval(), maps.calibration(resolution))
    signals = {resolution: Signal() for resolution in members}
    noises: dict[int, list[Tensor]] = {}
    for resolution, before, after in maps.validation(sorted(members)):
        signals[resolution].add(after)
        for at in members[resolution]:
            new = [noise(network(before), after) for network in networks[at]]
            noises[at] = [a + b for a, b in zip(noises[at], new, strict=True)] if at in noises else new
    return [tuple(nsr(each, signals[one.resolution]) for each in noises[at]) for at, one in enumerate(drawn)]


class _Together(nn.Module):
    """Networks that are calibrated on the same batches."""

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Tensor) -> None:
        for each in self.networks:
            each(x)
