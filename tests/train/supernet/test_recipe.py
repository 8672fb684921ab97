"""The settings of a recipe: each does what its page says, and none breaks that a run goes on as if undisturbed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import spacelang
from spacelang import ir, nn
from spacelang.networks.architecture import largest
from spacelang.train.data import Epoch, Split, batches, cropped_only, open_data, resized
from spacelang.train.data.images import IMAGENET, augmented
from spacelang.train.shared.runtime import accelerator
from spacelang.train.shared.schedule import optimiser, phases
from spacelang.train.supernet import read_supernet
from spacelang.train.supernet import training as module
from spacelang.train.supernet.average import Average
from spacelang.train.supernet.divergence import alpha, kl
from spacelang.train.supernet.sandwich import backward, sandwiches, switch_dropout
from tests.train.images import image_folder
from tests.train.images import space as image_space
from tests.train.supernet.small import NORMED, PLAIN, Killed, batch, gradients, killer, space, trained

CPU = accelerator("cpu")
RESIDUAL = """\
language 1
import "std/blocks.space"
device cpu { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }
space residual on cpu {
  input      1 channels
  resolution {8, 16}
  classes    10
  stem  conv  { depth 1, stride 2, width 8, kernel 3, act relu }
  stage first  mbv2  { depth 1..2, stride 1, width {8, 16}, kernel 3, expand {1, 2}, act relu6 }
  stage second mbv1  { depth 1, stride 1, width 16, kernel 3, act relu }
  head {
    pool
    linear -> classes
  }
}
"""


def test_the_learning_rate_rises_then_falls() -> None:
    (phase,) = phases(ir.Train(epochs=1, quantised_epochs=0, batch=256, learning_rate=1, warmup=0.25))
    rates = [phase.learning_rate(step, 16) for step in range(16)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert all(one > other for one, other in pairwise(rates[4:]))
    (released,) = phases(ir.Train(quantised_epochs=0))
    assert round(released.warmup * 360) == 5
    assert round(phases(ir.Train())[1].warmup * 50) == 3


def test_nesterov() -> None:
    supernet = nn.build(space())
    assert {each["nesterov"] for each in optimiser(supernet, ir.Train()).param_groups} == {True}
    assert {each["nesterov"] for each in optimiser(supernet, ir.Train(nesterov="off")).param_groups} == {False}
    assert {each["nesterov"] for each in optimiser(supernet, ir.Train(momentum=0)).param_groups} == {False}


def test_blocks_begin_as_their_shortcuts() -> None:
    supernet = nn.build(spacelang.loads(RESIDUAL))
    nn.begin_as_shortcuts(supernet)
    zero = {name for name, each in supernet.named_parameters() if name.endswith("norm.weight") and not each.any()}
    assert zero == {f"stages.0.layers.{at}.conv3.norm.weight" for at in (0, 1)}  # a relu ends the blocks of `second`
    block, x = supernet.get_submodule("stages.0.layers.1").eval(), torch.randn(2, 16, 4, 4)
    choice = largest(spacelang.loads(RESIDUAL)).stages[0].layers[1]
    assert torch.equal(block(x, choice), x)


def test_drop_connect_leaves_branches_out_in_the_largest_alone() -> None:
    made = spacelang.loads(RESIDUAL)
    supernet = nn.build(made).train()
    nn.set_drop_connect(supernet, 0.6)
    found = [each for each in supernet.modules() if isinstance(each, nn.DropConnect)]
    assert [each.rate for each in found] == pytest.approx([0.2, 0.4, 0.6])
    torch.manual_seed(0)
    dropped = found[2](torch.ones(1000, 2, 1, 1))
    assert dropped.unique().tolist() == pytest.approx([0, 2.5])
    assert float((dropped[:, 0] == 0).float().mean()) == pytest.approx(0.6, abs=0.05)
    assert torch.equal(dropped[:, 0], dropped[:, 1])
    switch_dropout(supernet, on=False)
    assert torch.equal(found[2](torch.ones(4, 2, 1, 1)), torch.ones(4, 2, 1, 1))
    switch_dropout(supernet, on=True)
    assert supernet.cut(largest(made))(torch.randn(2, 1, 16, 16)).shape == (2, 10)


def test_the_number_of_random_networks() -> None:
    made = space()
    assert {len(each) for each in sandwiches(made, 0, 5, 0)} == {2}
    assert {len(each) for each in sandwiches(made, 4, 5, 0)} == {6}


def test_the_alpha_divergence_is_the_greater_of_both() -> None:
    torch.manual_seed(0)
    said, target = torch.randn(6, 5, requires_grad=True), (0.5 * torch.randn(6, 5)).log_softmax(1)
    q, p = said.softmax(1), target.exp()
    minus = ((q * (q / p - 1)).sum(1)) / 2
    assert float((q / p).detach().max()) < 5  # nothing is cut
    expected = torch.maximum(minus, (p * (target - q.log())).sum(1)).mean()
    (wanted,) = torch.autograd.grad(expected, said)
    found = alpha(said, target)
    (gradient,) = torch.autograd.grad(found, said)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient, wanted)
    sure = (20 * F.one_hot(torch.arange(5)).float()).log_softmax(1)
    (cut,) = torch.autograd.grad(alpha(said[:5], sure), said)
    assert float(cut.abs().max()) < 5


def test_the_settings_divergence_is_taken() -> None:
    made = space(PLAIN)
    supernet, seen, chosen = nn.build(made), batch(), sandwiches(made, 2, 1, "any")[0]
    losses = {}
    recipes = {"kl": ir.Train(distillation="kl"), "alpha": ir.Train(distillation="alpha")}
    for name, function in (("kl", kl), ("alpha", alpha)):
        losses[name] = backward(supernet, seen, chosen, recipes[name], CPU).others
        with torch.no_grad():
            first, *others = (supernet(resized(seen.images, each.resolution), each) for each in chosen)
            expected = torch.stack([function(each, first.log_softmax(1)) for each in others]).mean()
        torch.testing.assert_close(losses[name], expected)
    assert losses["kl"] != losses["alpha"]


def test_photographs_without_autoaugment(tmp_path: Path) -> None:
    data = open_data(str(image_folder(tmp_path / "images", train=4)), image_space())
    plain, path = cropped_only(data.train), data.train.path(0)  # type: ignore[attr-defined]

    def seen(split: Split) -> torch.Tensor:
        return split.images([0] * 8, 16, [torch.Generator().manual_seed(each) for each in range(8)])

    assert torch.equal(seen(plain), seen(plain))
    assert not torch.equal(seen(plain), seen(data.train))
    whole = torch.stack([augmented(path, 16, torch.Generator().manual_seed(each), policy=False) for each in range(8)])
    torch.testing.assert_close(seen(plain), IMAGENET.normalised(whole, 3))
    digits = open_data("digits", space())
    assert cropped_only(digits.train) is digits.train


@pytest.mark.parametrize(("augmentation", "expected"), [("autoaugment", True), ("crop", True), ("none", False)])
def test_augmentation_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, augmentation: str, expected: bool
) -> None:
    asked: list[Epoch] = []

    def counted(*given: object, **more: object) -> object:
        asked.append(given[3])  # type: ignore[arg-type]
        return batches(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "batches", counted)
    text = NORMED.replace("quantised_epochs 1", f"quantised_epochs 0, augmentation {augmentation}")
    trained(space(text), tmp_path / "run")
    assert {each.augment for each in asked} == {expected}


def test_images_in_parts_give_the_same(tmp_path: Path) -> None:
    """Without batch norm, an image doesn't depend on the others."""
    weights = []
    for parts in (1, 4):
        text = PLAIN.replace("epochs 2, quantised_epochs 1", f"epochs 1, quantised_epochs 0, accumulation {parts}")
        trained(space(text), tmp_path / str(parts))
        weights.append(read_supernet(tmp_path / str(parts))[1].state_dict())
    for name, each in weights[0].items():
        torch.testing.assert_close(weights[1][name], each, rtol=1e-4, atol=1e-6)


def test_half_precision_keeps_small_gradients() -> None:
    made = space(PLAIN)
    supernet, seen, chosen = nn.build(made), batch(64), sandwiches(made, 2, 1, "any")[0]
    backward(supernet, seen, chosen, ir.Train(), CPU)
    expected = gradients(supernet)
    supernet.zero_grad()
    half = type(CPU)(CPU.device, "fp16")
    backward(supernet, seen, chosen, ir.Train(), half, scaled=lambda loss: loss * 1024)
    for name, each in gradients(supernet).items():
        if "weight" in name:
            assert torch.cosine_similarity(each.flatten() / 1024, expected[name].flatten(), dim=0) > 0.99


def test_the_average_of_weights() -> None:
    network = torch.nn.Linear(2, 1)
    average = Average(network, 0.75)
    average.restart()
    start = network.weight.detach().clone()
    with torch.no_grad():
        network.weight.add_(1)
    average.follow([])
    with average.in_use():
        torch.testing.assert_close(network.weight, start + 0.25)
    torch.testing.assert_close(network.weight, start + 1)
    other = Average(network, 0.75)
    other.restore(average.tensors())
    average.settle()
    torch.testing.assert_close(network.weight, start + 0.25)
    with other.in_use():
        torch.testing.assert_close(network.weight, start + 0.25)


@pytest.mark.parametrize("more", ["ema 0.9, accumulation 2, distillation alpha", "arithmetic fp16, drop_connect 0.2"])
def test_interrupted_with_any_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    text = RESIDUAL.replace(
        "  head {", f"  train {{ epochs 1, quantised_epochs 1, batch 512, learning_rate 0.2, {more} }}\n  head {{"
    )
    made = spacelang.loads(text.replace("{8, 16}", "8"))
    undisturbed = trained(made, tmp_path / "whole")
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    for step in (1, 3):
        with pytest.raises(Killed):
            trained(made, tmp_path / "cut", update=killer(step))
    assert trained(made, tmp_path / "cut") == undisturbed
    assert undisturbed.supernet_sha256 is not None
