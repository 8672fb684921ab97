"""The noise-to-signal ratio."""

from __future__ import annotations

import pytest
import torch

from spacelang import nn


def test_the_loss_is_that_computed_by_hand() -> None:
    teacher = torch.tensor([[[[0.0, 2.0]], [[0.0, 4.0]]]])
    student = torch.tensor([[[[1.0, 2.0]], [[0.0, 0.0]]]])
    # Channel 0: mean squared error 1/2, variance 1. Channel 1: 8 and 4.
    assert float(nn.nsr_loss(student, teacher)) == pytest.approx((0.5 + 2) / 2)


def test_one_is_what_the_mean_reaches() -> None:
    teacher = torch.randn(4, 8, 6, 6) * torch.arange(1, 9)[:, None, None] + 3
    mean = teacher.mean((0, 2, 3), keepdim=True).expand_as(teacher)
    assert float(nn.nsr_loss(mean, teacher)) == pytest.approx(1)
    assert float(nn.nsr_loss(teacher, teacher)) == 0


def test_does_not_depend_on_the_scale_of_a_channel() -> None:
    teacher, student = torch.randn(2, 4, 8, 5, 5)
    factor = torch.rand(8)[:, None, None] + 0.5
    assert float(nn.nsr_loss(student * factor, teacher * factor)) == pytest.approx(float(nn.nsr_loss(student, teacher)))


def test_a_constant_channel_is_left_out() -> None:
    teacher, student = torch.randn(2, 4, 2, 5, 5)
    teacher[:, 1] = 3.0
    loss = nn.nsr_loss(student.requires_grad_(), teacher)
    assert float(loss.detach()) == pytest.approx(float(nn.nsr_loss(student[:, :1].detach(), teacher[:, :1])))
    loss.backward()  # type: ignore[no-untyped-call]
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize("scale", [1e-2, 1e-5])
def test_a_channel_that_is_nearly_constant_does_not_drown_the_others(scale: float) -> None:
    teacher = torch.randn(8, 64, 6, 6)
    teacher[:, 5] *= scale
    student = teacher + 0.1 * torch.randn_like(teacher)
    assert float(nn.nsr_loss(student, teacher)) < 0.03


def test_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"the student's map is \(1, 2, 3, 3\), the teacher's \(1, 4, 3, 3\)"):
        nn.nsr_loss(torch.zeros(1, 2, 3, 3), torch.zeros(1, 4, 3, 3))
