"""What is measured, against what the paper and MobileNetV3 say."""

from __future__ import annotations

import pytest

from spacelang.driver import load
from spacelang.latency.profile import plan
from spacelang.latency.profile.compared import block_layers, candidate
from spacelang.networks.architecture import architecture_of
from spacelang.networks.cost import cost, total
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layers
from tests.latency.profile.machine import ROOT


def test_the_operators_are_those_of_mobilenetv3_large() -> None:
    """Its paper: 219 million multiply-accumulates, 5.4 million parameters."""
    model = plan.reference("mobilenetv3_large")
    whole = total(each.cost for each in cost(model, architecture_of(model)))
    assert whole.mflops == pytest.approx(219, rel=0.02)
    assert whole.mparams == pytest.approx(5.4, rel=0.02)
    found = plan.operators()
    assert list(found) == ["Conv", "DWConv", "SE", "Hardswish", "Swish"]
    assert Kernel("dwconv", 72, 72, 56, 5, 2, "relu") in found["DWConv"]
    assert Kernel("se", 960, 960, 7, squeeze=240) in found["SE"]
    assert [each[1:] for each in found["Swish"]] == [each[1:] for each in found["Hardswish"]]


def test_the_shapes_are_those_of_the_paper() -> None:
    assert plan.kernel_sizes("dwconv")[5] == Kernel("dwconv", 96, 96, 56, 5)
    assert plan.widths()[24] == Kernel("conv", 24, 96, 28)
    assert plan.FIGURE_9.kernels()[17] == Kernel("dwconv", 17, 17, 56, 3)
    kernels = list(plan.kernels())
    assert len(set(kernels)) == len(kernels)


def test_blocks_are_compared_by_the_layers_that_one_network_has_more() -> None:
    for each in block_layers(plan.reference("candidates")):
        short, long = (list(candidate(model).network.kernels) for model in (each.short, each.long))
        (layer, _) = layers(each.short, architecture_of(each.short))
        assert short[:-1] == kernels_of(layer.ops)
        assert long[:-1] == short[:-1] * 3
        assert long[-1] == short[-1]


def test_a_space_gives_its_own_blocks_ids_and_widths() -> None:
    space = load(ROOT / "specs/vnni.space")
    found = block_layers(space)
    assert [each.id for each in found] == sorted(each.id for each in found)
    assert {(each.id, each.block) for each in found} == {(each.id, each.block) for each in space.stages[0].candidates}
    assert {(each.stage, each.width, each.size) for each in found} == {
        ("stage1", 48, 48), ("stage4", 160, 12), ("stage6", 384, 6),
    }  # fmt: skip
    assert {each.settings for each in found if each.block == "mbv2"} == {"kernel 5, expand 6"}


def test_a_searched_space_and_a_model_can_be_compared_too() -> None:
    for name in ("spaceevo_vnni", "seqnet_vnni_a0"):
        assert {each.id for each in block_layers(load(ROOT / f"specs/{name}.space"))}
