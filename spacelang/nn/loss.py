"""What distillation minimises."""

from __future__ import annotations

from torch import Tensor

FLOOR = 0.01
"""A share of the channels' median variance; less counts as this. Teachers with relu have channels that are nearly
constant, in which any error is many times the signal (docs/adr/0039)."""


def signal_of(variance: Tensor) -> Tensor:
    """(channels,) what errors are compared with, from each channel's variance; 0 for a constant channel."""
    live = variance > 0
    floor = FLOOR * variance.where(live, float("nan")).nanmedian()
    return variance.where(~live, variance.clamp(min=floor))


def nsr_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Noise to signal: of each channel the mean squared error over the teacher's variance; the mean over channels.

    A student that knows no more than the teacher's mean gets 1 (paper, C.3). Variances are over batch and
    map. A constant channel carries no signal, so it is left out; a variance far below the others' is raised to `FLOOR`.

    Args:
        student, teacher: batch × channels × height × width, of the same shape.

    Raises:
        ValueError: if the shapes differ.
    """
    if student.shape != teacher.shape:
        raise ValueError(f"the student's map is {tuple(student.shape)}, the teacher's {tuple(teacher.shape)}")
    signal = signal_of(teacher.var((0, 2, 3), correction=0))
    noise = (student - teacher).square().mean((0, 2, 3))
    live = signal > 0
    ratio = noise / signal.where(live, 1)
    return (ratio * live).sum() / live.sum().clamp(min=1)
