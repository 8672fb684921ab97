"""What distillation minimises."""

from __future__ import annotations

from torch import Tensor


def nsr_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Noise to signal: of each channel the mean squared error over the teacher's variance; the mean over channels.

    1 is what a student reaches that knows no more than the teacher's mean (paper, C.3). Variances are over batch and
    map. A channel without variance carries no signal, so it is left out.

    Args:
        student, teacher: batch × channels × height × width, of the same shape.

    Raises:
        ValueError: if the shapes differ.
    """
    if student.shape != teacher.shape:
        raise ValueError(f"the student's map is {tuple(student.shape)}, the teacher's {tuple(teacher.shape)}")
    signal = teacher.var((0, 2, 3), correction=0)
    noise = (student - teacher).square().mean((0, 2, 3))
    live = signal > 0
    ratio = noise / signal.where(live, 1)
    return (ratio * live).sum() / live.sum().clamp(min=1)
