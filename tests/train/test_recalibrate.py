"""Batch-norm statistics after `recalibrate` are those of the batches that it was given."""

from __future__ import annotations

import copy

import pytest
import torch

import spacelang
from spacelang import nn
from spacelang.train.shared.recalibrate import recalibrate
from tests.nn.networks import lively, random_space, spec


def network() -> torch.fx.GraphModule:
    space = random_space(spec("digits"), 0)
    supernet = lively(nn.build(space))
    return supernet.cut(spacelang.sample(space, 1, seed=0)[0])


def first_norm(made: torch.nn.Module) -> torch.nn.BatchNorm2d:
    return next(each for each in made.modules() if isinstance(each, torch.nn.BatchNorm2d))


def test_each_batch_weighs_the_same() -> None:
    made, batches = network(), [torch.randn(8, 1, 24, 24), torch.randn(4, 1, 24, 24) * 3]
    seen = []
    first_norm(made).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    recalibrate(made, batches)
    mean = torch.stack([each.mean((0, 2, 3)) for each in seen]).mean(0)
    variance = torch.stack([each.var((0, 2, 3)) for each in seen]).mean(0)
    torch.testing.assert_close(first_norm(made).running_mean, mean)
    torch.testing.assert_close(first_norm(made).running_var, variance)


def test_what_was_there_before_does_not_count() -> None:
    made = network()
    other, batch = copy.deepcopy(made), torch.randn(8, 1, 24, 24)
    recalibrate(other, [torch.randn(8, 1, 24, 24) + 5])
    recalibrate(made, [batch])
    recalibrate(other, [batch])
    assert torch.equal(made(batch), other(batch))


def test_int8_statistics_are_those_of_int8() -> None:
    made, batch = network(), torch.randn(8, 1, 24, 24)
    recalibrate(made, [batch])
    fp32 = first_norm(made).running_mean
    assert fp32 is not None
    fp32 = fp32.clone()
    nn.set_precision(made, "int8")
    recalibrate(made, [batch])
    assert not torch.equal(fp32, first_norm(made).running_mean)  # type: ignore[arg-type]


@pytest.mark.parametrize("training", [True, False])
def test_mode_and_momentum_stay_and_nothing_is_learned(training: bool) -> None:
    made = network().train(training)
    before = {name: each.clone() for name, each in made.named_parameters()}
    recalibrate(made, [torch.randn(8, 1, 24, 24)])
    assert all(each.training == training for each in made.modules())
    assert first_norm(made).momentum == 0.1
    assert all(torch.equal(each, before[name]) for name, each in made.named_parameters())


def test_no_batch() -> None:
    made = network()
    with pytest.raises(ValueError, match="^there are no batches to take statistics from$"):
        recalibrate(made, [])
    assert first_norm(made).momentum == 0.1
    assert not made.training
