"""A step adds up the gradients of four architectures: one learns from labels, three from it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F

from spacelang import ir, nn
from spacelang.networks.architecture import largest, model_of, smallest
from spacelang.train.data import resized
from spacelang.train.shared.runtime import Accelerator, accelerator
from spacelang.train.supernet.sandwich import backward, sandwiches
from tests.train.supernet.small import PLAIN, Watched, batch, gradients, space

CPU = accelerator("cpu")
SMOOTH = ir.Train(label_smoothing=0.1)


@dataclass(frozen=True)
class Half(Accelerator):
    """Computes as a GPU does."""

    def autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, dtype=torch.bfloat16)


def test_largest_smallest_and_two_random_ones() -> None:
    made = space()
    steps = sandwiches(made, 2, 50, 0, "fp32", 3)
    assert {each[:2] for each in steps} == {(largest(made), smallest(made))}
    assert {len(each) for each in steps} == {4}
    assert len({random for each in steps for random in each[2:]}) > 20
    assert steps == sandwiches(made, 2, 50, 0, "fp32", 3)
    assert steps != sandwiches(made, 2, 50, 0, "fp32", 4)


def test_a_model_is_alone() -> None:
    made = space()
    model = model_of(made, smallest(made), "one")
    assert sandwiches(model, 2, 2, 0) == [(smallest(model),)] * 2


def test_gradients_are_those_of_the_sum_of_the_losses() -> None:
    made = space(PLAIN)
    supernet, seen = nn.build(made), batch()
    chosen = sandwiches(made, 2, 1, "any")[0]
    losses = backward(supernet, seen, chosen, SMOOTH, CPU)
    found = gradients(supernet)

    supernet.zero_grad()
    logits = [supernet(resized(seen.images, each.resolution), each) for each in chosen]
    smooth = torch.full((8, 10), 0.01).scatter_(1, seen.labels[:, None], 0.91)
    first = -(smooth * logits[0].log_softmax(1)).sum(1).mean()
    soft = logits[0].softmax(1).detach()
    others = [(soft * (soft.log() - each.log_softmax(1))).sum(1).mean() for each in logits[1:]]
    (first + sum(others)).backward()
    expected = gradients(supernet)
    assert found.keys() == expected.keys()
    for name, each in expected.items():
        torch.testing.assert_close(found[name], each)
    torch.testing.assert_close(losses.largest, first.detach())
    torch.testing.assert_close(losses.others, torch.stack(others).mean().detach())


def test_each_sees_the_batch_at_its_resolution() -> None:
    made = space()
    supernet = nn.build(made)
    watched = Watched(supernet)
    chosen = sandwiches(made, 2, 1, "any")[0]
    backward(supernet, batch(), chosen, SMOOTH, CPU)
    assert watched.calls == [(each, each.resolution) for each in chosen]
    assert {size for _, size in watched.calls} == {8, 16}


def test_dropout_acts_in_the_largest_alone() -> None:
    made = space()
    supernet = nn.build(made).train()
    dropped = []
    (dropout,) = (each for each in supernet.modules() if isinstance(each, torch.nn.Dropout))
    dropout.register_forward_hook(lambda _, inputs, output: dropped.append(not torch.equal(inputs[0], output)))
    backward(supernet, batch(), sandwiches(made, 2, 1, "any")[0], SMOOTH, CPU)
    assert dropped == [True, False, False, False]


def test_a_model_learns_from_labels() -> None:
    made = space(PLAIN)
    model = model_of(made, smallest(made), "one")
    network, seen = nn.build(model), batch()
    losses = backward(network, seen, sandwiches(model, 2, 1, 0)[0], ir.Train(label_smoothing=0), CPU)
    logits = network(resized(seen.images, 8), smallest(model))
    torch.testing.assert_close(losses.largest, F.cross_entropy(logits, seen.labels).detach())
    assert losses.others == 0


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_in_bfloat16_gradients_are_nearly_those_of_float32(precision: nn.Precision) -> None:
    made = space(PLAIN)
    supernet, seen, chosen = nn.build(made), batch(64), sandwiches(made, 2, 1, "any")[0]
    nn.set_precision(supernet, precision)
    backward(supernet, seen, chosen, SMOOTH, CPU)
    expected = gradients(supernet)
    supernet.zero_grad()
    backward(supernet, seen, chosen, SMOOTH, Half(torch.device("cpu")))
    found = gradients(supernet)
    for name in (each for each in expected if "weight" in each):
        assert found[name].dtype == torch.float32
        assert torch.cosine_similarity(found[name].flatten(), expected[name].flatten(), dim=0) > 0.97
