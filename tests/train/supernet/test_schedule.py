"""The paper's schedule: two phases, cosine, rates for 256 images; what decays and what doesn't."""

from __future__ import annotations

import pytest

from spacelang import ir, nn
from spacelang.train.shared.schedule import optimiser, phases
from tests.train.supernet.small import space


def test_the_papers_settings() -> None:
    first, second = phases(ir.Train())
    assert [(each.precision, each.epochs) for each in (first, second)] == [("fp32", 360), ("int8", 50)]
    assert [first.peak, second.peak] == pytest.approx([0.4, 0.04])


def test_half_a_cosine() -> None:
    (phase,) = phases(ir.Train(epochs=2, quantised_epochs=0, batch=256, learning_rate=0.2))
    assert [phase.learning_rate(step, 4) for step in range(4)] == pytest.approx([0.2, 0.17071068, 0.1, 0.02928932])


def test_only_weights_of_convolutions_and_linear_layers_decay() -> None:
    supernet = nn.build(space())
    names = {each: name for name, each in supernet.named_parameters()}
    made = optimiser(supernet, ir.Train(momentum=0.8, weight_decay=0.25))
    groups = [({names[each] for each in group["params"]}, group["weight_decay"]) for group in made.param_groups]
    decaying = {
        "stem.0.layers.0.conv1.weights.0",
        "stages.0.layers.0.conv1.weights.0",
        "stages.0.layers.1.conv1.weights.0",
        "head.linear3.weight",
    }
    assert groups == [(decaying, 0.25), (set(names.values()) - decaying, 0.0)]
    assert {group["momentum"] for group in made.param_groups} == {0.8}
