"""Networks of a space: extremes, counts, samples, and models as IR."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from spacelang import ir
from spacelang.ir.nodes import HeadConv
from spacelang.networks.architecture import (
    Architecture,
    LayerChoice,
    architecture_of,
    count_models,
    largest,
    model_of,
    smallest,
)
from spacelang.networks.sample import sample
from tests.networks.spaces import HYPER, TINY, choices, num, space, stage

UNIFORM = space("space", (stage("stage1", (choices(32, 48),), depth=(2, 3), uniform=("width", "kernel")),))
HEADED = space("space", TINY.stages, head=(HeadConv(kernel=1, out=choices(64, 128)), *TINY.head), resolutions=(32,))


def test_the_extremes_are_the_least_and_the_greatest_of_every_choice() -> None:
    low, high = smallest(TINY), largest(TINY)
    assert (low.resolution, low.stages[0].layers) == (32, (LayerChoice(32, (3, 4)),))
    assert (high.resolution, high.stages[0].layers) == (64, (LayerChoice(48, (5, 6)),) * 2)


def test_models_are_counted_exactly() -> None:
    assert count_models(TINY) == 2 * (8 + 8**2)
    assert count_models(UNIFORM) == 2 * (4 * 2**2 + 4 * 2**3)
    assert count_models(HEADED) == (8 + 8**2) * 2


@pytest.mark.parametrize("tiny", [TINY, UNIFORM, HEADED], ids=["free", "uniform", "headed"])
def test_a_model_is_the_architecture_it_was_made_of(tiny: object) -> None:
    assert isinstance(tiny, type(TINY))
    for architecture in sample(tiny, 20, seed=3):
        model = model_of(tiny, architecture, "one")
        assert model.kind == "model"
        assert count_models(model) == 1
        assert architecture_of(model) == architecture._replace(head=())


def test_a_model_of_a_hyperspace_keeps_the_blocks_that_it_uses() -> None:
    spare = ir.replace(HYPER.blocks[1], name="spare")
    wider = ir.replace(HYPER, blocks=(*HYPER.blocks, spare))
    (architecture,) = sample(wider, 1, seed=0)
    assert [each.name for each in model_of(wider, architecture, "one").blocks] == ["conv", "mbv2"]


def test_the_head_s_choice_becomes_a_width() -> None:
    model = model_of(HEADED, largest(HEADED), "one")
    assert model.head[0] == HeadConv(kernel=1, out=num(128))


def test_samples_are_uniform_over_the_stage_s_architectures() -> None:
    """72 stage architectures, 36 000 draws; a count off by 6 standard deviations would be one in ten million."""
    counts = Counter(each.stages[0] for each in sample(TINY, 36_000, seed=1))
    assert len(counts) == 8 + 8**2
    assert all(abs(count - 500) < 6 * 500**0.5 for count in counts.values())


def test_samples_of_uniform_stages_share_their_choices() -> None:
    drawn = {each.stages[0].layers for each in sample(UNIFORM, 5_000, seed=2)}
    assert len(drawn) == 4 * 2**2 + 4 * 2**3
    assert all(len({(layer.width, layer.numbers[0]) for layer in layers}) == 1 for layers in drawn)


def test_samples_of_a_hyperspace_use_every_width_list() -> None:
    seen = {
        (frozenset(layer.width for layer in first.layers), frozenset(layer.width for layer in second.layers))
        for first, second in (each.stages for each in sample(HYPER, 2_000, seed=0))
    }
    assert {
        (frozenset((low, low + 16)), frozenset((high, high + 16))) for low, high in product((32, 48), (64, 80, 96))
    } <= seen
    assert not any({32, 64} <= first for first, _ in seen)


def test_samples_depend_on_the_seed_alone() -> None:
    assert sample(TINY, 50, seed=7) == sample(TINY, 50, seed=7)
    assert sample(TINY, 50, seed=7) != sample(TINY, 50, seed=8)
    assert sample(TINY, 0, seed=7) == []
    assert isinstance(sample(TINY, 1, seed=7)[0], Architecture)


def test_a_model_has_one_sample() -> None:
    model = model_of(TINY, largest(TINY), "one")
    assert sample(model, 3, seed=0) == [largest(TINY)] * 3
