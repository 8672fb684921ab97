"""Stage architectures, cut out of their student and measured in FP32 and INT8."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from spacelang.nn import Precision, set_precision
from spacelang.train.losses.draw import Drawn
from spacelang.train.losses.maps import Maps
from spacelang.train.losses.signal import Signal, noise, nsr
from spacelang.train.recalibrate import recalibrate
from spacelang.train.runtime import Accelerator
from spacelang.train.student import Student

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")


class Losses(NamedTuple):
    """NSR over the validation set (paper, C.3)."""

    fp32: float
    int8: float


@torch.no_grad()
def measure(student: Student, drawn: Sequence[Drawn], maps: Maps, device: Accelerator) -> list[Losses]:
    """The losses of these architectures, each with batch norms calibrated for itself, in each precision.

    All of them share each pass of the teacher; none influences another.
    """
    networks = [[device.place(_cut(student, one, precision)) for precision in PRECISIONS] for one in drawn]
    members: dict[int, list[int]] = defaultdict(list)
    for at, each in enumerate(drawn):
        members[each.resolution].append(at)
    for resolution, here in sorted(members.items()):
        together = _Together(net for at in here for net in networks[at])
        recalibrate(together.eval(), maps.calibration(resolution))
    signals = {resolution: Signal() for resolution in members}
    noises: dict[int, list[Tensor]] = {}
    for resolution, before, after in maps.validation(sorted(members)):
        signals[resolution].add(after)
        for at in members[resolution]:
            new = [noise(network(before), after) for network in networks[at]]
            noises[at] = [a + b for a, b in zip(noises[at], new, strict=True)] if at in noises else new
    return [Losses(*(nsr(each, signals[one.resolution]) for each in noises[at])) for at, one in enumerate(drawn)]


def _cut(student: Student, drawn: Drawn, precision: Precision) -> nn.Module:
    network = student.cut(drawn.channels_in, drawn.choice)
    set_precision(network, precision)
    return network


class _Together(nn.Module):
    """Networks that are calibrated on the same batches."""

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Tensor) -> None:
        for each in self.networks:
            each(x)
