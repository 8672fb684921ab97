"""Stage architectures, cut out of their student and measured in FP32 and INT8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from spacelang.nn import Precision, set_precision, weights_in_steps
from spacelang.train.losses.draw import Drawn
from spacelang.train.losses.maps import Maps
from spacelang.train.losses.signal import noise, nsr
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.shared.student import Student

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")


class Losses(NamedTuple):
    """NSR over the images that are measured (paper, C.3)."""

    fp32: float
    int8: float


def measure(student: Student, drawn: Sequence[Drawn], maps: Maps, device: Accelerator) -> list[Losses]:
    """The losses of these architectures in each precision, as `measure_in`."""
    return [Losses(*each) for each in measure_in(PRECISIONS, student, drawn, maps, device)]


@torch.no_grad()
def measure_in(
    precisions: Sequence[Precision], student: Student, drawn: Sequence[Drawn], maps: Maps, device: Accelerator
) -> list[tuple[float, ...]]:
    """The losses of these architectures, each with batch norms calibrated for itself, in these precisions."""
    found: list[tuple[float, ...]] = []
    for each in drawn:
        network = device.place(student.cut(each.channels_in, each.choice)).eval()
        found.append(tuple(_loss(network, one, each.resolution, maps, device) for one in precisions))
    return found


def _loss(network: nn.Module, precision: Precision, resolution: int, maps: Maps, device: Accelerator) -> float:
    set_precision(network, precision)
    with weights_in_steps(network), device.autocast():
        recalibrate(network, maps.calibration(resolution))
        noises = [noise(network(before).float(), after) for before, after in maps.measuring(resolution)]
    return nsr(sum(noises[1:], noises[0]), maps.signal(resolution))
