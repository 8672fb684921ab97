"""The loss over many batches is that of all of them as one."""

from __future__ import annotations

import pytest
import torch

from spacelang.nn import nsr_loss
from spacelang.train.losses.signal import Signal, noise, nsr


def over_batches(student: torch.Tensor, teacher: torch.Tensor, batch: int) -> float:
    signal, noises = Signal(), torch.zeros(teacher.shape[1], dtype=torch.float64)
    for given, wanted in zip(torch.split(student, batch), torch.split(teacher, batch), strict=True):
        signal.add(wanted)
        noises += noise(given, wanted)
    return nsr(noises, signal)


@pytest.mark.parametrize("batch", [1, 7, 32, 100])
def test_it_is_the_loss_of_the_whole_set(batch: int) -> None:
    teacher = torch.randn(100, 6, 5, 5) * torch.tensor([1, 0.01, 100, 1, 1, 1]).view(-1, 1, 1)
    teacher += torch.tensor([0, 5, -1000, 0, 3, 0]).view(-1, 1, 1)
    teacher[:40] *= 2  # batches differ in mean and variance
    student = teacher + torch.randn_like(teacher) * teacher.std((0, 2, 3)).view(-1, 1, 1)
    whole = float(nsr_loss(student.double(), teacher.double()))
    assert over_batches(student, teacher, batch) == pytest.approx(whole, rel=1e-6)
    parts = zip(torch.split(student, 10), torch.split(teacher, 10), strict=True)
    mean = sum(float(nsr_loss(a.double(), b.double())) for a, b in parts) / 10
    assert mean != pytest.approx(whole, rel=0.01)


def test_the_floor_is_that_of_the_loss() -> None:
    teacher = torch.randn(32, 6, 5, 5) * torch.tensor([1, 1e-4, 1, 1, 1, 1]).view(-1, 1, 1)
    student = teacher + 0.1 * torch.randn_like(teacher)
    whole = float(nsr_loss(student.double(), teacher.double()))
    assert over_batches(student, teacher, 8) == pytest.approx(whole, rel=1e-6)
    assert whole < 1


def test_a_channel_without_variance_is_left_out() -> None:
    teacher = torch.randn(8, 3, 4, 4)
    teacher[:, 1] = 0.1
    student = teacher + 1
    assert over_batches(student, teacher, 2) == pytest.approx(float(nsr_loss(student, teacher)), rel=1e-5)
    assert over_batches(student, torch.full_like(teacher, 0.3), 2) == 0
