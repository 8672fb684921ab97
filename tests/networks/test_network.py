"""From blocks and choices to operators, their shapes and their costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacelang import ir
from spacelang.ir.operators import INPUT, Op
from spacelang.language.arithmetic import round8
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice, largest, smallest
from spacelang.networks.cost import CostModel, cost, op_cost, total
from spacelang.networks.network import ShapeError, layer_ops, layers
from spacelang.networks.walk import LayerShape, MapShape
from tests.networks.spaces import CONV, MBV2, TINY, num, ref, times

RELU6 = {"act": "relu6"}


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 8), (8, 8), (11, 16), (12, 16), (19, 24), (20, 24), (41.6, 40), (312 * 1.3, 408)]
)
def test_round8_is_the_rule_of_the_published_networks(value: float, expected: int) -> None:
    assert round8(value) == expected


@given(st.floats(1, 1e6))
def test_round8_is_a_multiple_of_8_that_is_at_most_a_tenth_too_small(value: float) -> None:
    rounded = round8(value)
    assert rounded % 8 == 0
    assert rounded >= 0.9 * value
    assert abs(rounded - value) <= 8


def test_an_inverted_residual_widens_filters_narrows_and_projects() -> None:
    expand, depthwise, narrow, project, join = layer_ops(MBV2, (5, 4), RELU6, LayerShape(32, 48, 2, 57))
    assert (expand.kind, expand.channels_in, expand.channels_out, expand.act) == ("conv", 32, 128, "relu6")
    assert (depthwise.kind, depthwise.kernel, depthwise.stride, depthwise.padding) == ("dwconv", 5, 2, 2)
    assert (depthwise.size_in, depthwise.size_out) == (57, 29)
    assert (narrow.channels_out, narrow.act, narrow.norm) == (48, None, True)
    assert (project.inputs, project.stride, project.channels_out, project.act) == ((INPUT,), 2, 48, None)
    assert join == Op("add", (3, 2), 48, 48, 29, 29)


def test_where_shapes_agree_the_shortcut_is_the_input_itself() -> None:
    *_, narrow, join = layer_ops(MBV2, (3, 4), RELU6, LayerShape(32, 32, 1, 14))
    assert narrow.kind == "conv"
    assert join.inputs == (INPUT, 2)


def test_when_leaves_an_operator_out() -> None:
    assert [op.kind for op in layer_ops(MBV2, (3, 1), RELU6, LayerShape(32, 32, 1, 14))] == ["dwconv", "conv", "add"]


def test_an_identity_shortcut_is_absent_where_shapes_differ() -> None:
    plain = ir.replace(MBV2, shortcut=ir.Shortcut(kind="identity"))
    assert [op.kind for op in layer_ops(plain, (3, 1), RELU6, LayerShape(32, 48, 1, 14))] == ["dwconv", "conv"]


def test_a_pooled_shortcut_pools_by_the_stride_and_only_then_projects() -> None:
    pooled = ir.replace(MBV2, shortcut=ir.Shortcut(kind="avgpool_project", act="relu"))
    *_, pool, project, join = layer_ops(pooled, (3, 1), RELU6, LayerShape(32, 48, 2, 15))
    assert (pool.kind, pool.inputs, pool.kernel, pool.stride, pool.padding) == ("avgpool", (INPUT,), 2, 2, 0)
    assert (pool.size_in, pool.size_out) == (15, 8)
    assert (project.stride, project.size_in, project.size_out) == (1, 8, 8)
    assert (join.inputs, join.act) == ((3, 1), "relu")
    ops = layer_ops(pooled, (3, 1), RELU6, LayerShape(32, 48, 1, 15))
    assert [op.kind for op in ops] == ["dwconv", "conv", "conv", "add"]


def test_a_repeated_convolution_strides_first_and_is_normed_last() -> None:
    stack = ir.DepthwiseConv(kernel=num(3), stride="layer", act="act", repeat=num(3))
    block = ir.replace(MBV2, steps=(stack,), shortcut=ir.Shortcut())
    ops = layer_ops(block, (7, 1), RELU6, LayerShape(16, 16, 2, 14))
    assert [op.stride for op in ops] == [2, 1, 1]
    assert [op.norm for op in ops] == [False, False, True]
    assert [op.act for op in ops] == [None, None, "relu6"]


def test_too_many_repetitions_are_no_network() -> None:
    block = ir.replace(MBV2, steps=(ir.DepthwiseConv(kernel=num(3), repeat=num(101)),))
    with pytest.raises(ShapeError, match="the operator would be repeated 101 times"):
        layer_ops(block, (7, 1), RELU6, LayerShape(16, 16, 1, 14))


def test_a_residual_operator_adds_its_own_input() -> None:
    block = ir.replace(CONV, steps=(*CONV.steps, ir.Conv(kernel=num(3), out=ref("out"), act="act", residual=True)))
    first, second, join = layer_ops(block, (3,), {"act": "relu"}, LayerShape(3, 16, 2, 32))
    assert (first.act, second.act) == ("relu", "relu")
    assert join.inputs == (0, 1)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (times(ref("in"), num(0.3)), "the number of output channels would be 4.8"),
        (ir.Binary(op="-", left=ref("in"), right=num(16)), "the number of output channels would be 0"),
        (ir.Binary(op="div", left=ref("in"), right=num(0)), "division by zero"),
        (ref("in"), "block `conv` ends with 16 channels where the layer has 32"),
    ],
)
def test_a_body_without_meaning_says_why(out: ir.Expr, message: str) -> None:
    block = ir.replace(CONV, steps=(ir.Conv(kernel=num(1), out=out),))
    with pytest.raises(ShapeError, match=message):
        layer_ops(block, (3,), {"act": "relu"}, LayerShape(16, 32, 1, 8))


def test_layers_hand_on_channels_and_sizes() -> None:
    stem, first, second, head = layers(TINY, largest(TINY))
    assert [each.name for each in (stem, first, second, head)] == ["stem1.0", "stage1.0", "stage1.1", "head"]
    assert (first.ops[0].channels_in, first.ops[0].size_in) == (16, 32)
    assert (second.ops[0].channels_in, second.ops[0].size_in) == (48, 16)
    assert [op.kind for op in head.ops] == ["pool", "linear"]


def test_the_cost_of_a_row_of_the_published_table() -> None:
    """A row of stage 1: block 1, layers 5#32#4 and 3#48#4 from 32 channels at 96×96: 86.7041 MFLOPs, 0.0267 MParams."""
    stage = TINY.stages[0]
    rows = [LayerChoice(32, (5, 4)), LayerChoice(48, (3, 4))]
    found = CostModel(TINY).stage(stage, stage.candidates[0], rows, MapShape(32, 96))
    assert f"{found.mflops:.4f}" == "86.7041"
    assert f"{found.mparams_quantised:.4f}" == "0.0267"


def test_squeeze_and_excite_counts_both_convolutions_and_their_biases() -> None:
    found = op_cost(Op("se", (INPUT,), 64, 64, 14, 14, squeeze=16))
    assert (found.macs, found.params, found.convolutions) == (2 * 64 * 16, 2 * 64 * 16 + 16 + 64, 2)


def test_the_cost_of_a_network_is_the_sum_of_its_layers() -> None:
    architecture = Architecture(
        32, (StageChoice(0, (LayerChoice(16, (3,)),)),), (StageChoice(1, (LayerChoice(48, (3, 4)),)),)
    )
    by_layer = cost(TINY, architecture)
    stem, stage1, head = (each.cost for each in by_layer)
    assert stem.macs == 9 * 3 * 16 * 16 * 16
    assert stage1.macs == 16 * 64 * 16 * 16 + 9 * 64 * 8 * 8 + 64 * 48 * 8 * 8 + 16 * 48 * 8 * 8
    assert head.macs == 480
    assert total(each.cost for each in by_layer).params == sum((stem.params, stage1.params, head.params))


def test_an_architecture_with_the_wrong_number_of_head_widths_is_refused() -> None:
    with pytest.raises(ValueError, match="the head of tiny has 0 choices, the architecture 1"):
        layers(TINY, smallest(TINY)._replace(head=(128,)))
