"""Which sub-stages a step trains, and at which resolutions."""

from __future__ import annotations

import spacelang
from spacelang.evolve.table.rules import channels_into
from spacelang.train.distill.sandwich import ends, step_choices, step_resolutions

DIGITS = spacelang.load("specs/digits.space")
STEPS = 400


def test_resolutions_are_those_of_a_stage_and_a_step() -> None:
    drawn = step_resolutions(DIGITS, 2, STEPS, 0, 1, 3)
    assert drawn == step_resolutions(DIGITS, 2, STEPS, 0, 1, 3)
    assert drawn != step_resolutions(DIGITS, 2, STEPS, 0, 1, 4)
    assert {each[:2] for each in drawn} == {(32, 24)}
    assert {each[2:] for each in drawn} == {(24, 24), (24, 32), (32, 24), (32, 32)}


def test_a_step_has_the_largest_the_smallest_and_random_ones() -> None:
    drawn = step_choices(DIGITS, 1, 2, 2, STEPS, 0, "fp32", 0)
    assert drawn == step_choices(DIGITS, 1, 2, 2, STEPS, 0, "fp32", 0)
    largest, smallest = ends(DIGITS, 1, 2)
    assert all(each[:2] == (largest, smallest) for each in drawn)
    assert (largest.channels_in, smallest.channels_in) == (48, 16)
    assert [(layer.width, layer.numbers) for layer in largest.choice.layers] == [(64, (5, 4)), (64, (5, 4))]
    assert [(layer.width, layer.numbers) for layer in smallest.choice.layers] == [(32, (3, 2))]
    others = [each for step in drawn for each in step[2:]]
    assert len(others) == 2 * STEPS
    assert {each.channels_in for each in others} == set(channels_into(DIGITS, 1)) == {16, 32, 48}
    assert {len(each.choice.layers) for each in others} == {1, 2}
    widths = {frozenset(layer.width for layer in each.choice.layers) for each in others}
    assert {32, 48, 64} == set().union(*widths)
    assert frozenset({32, 64}) not in widths  # of no single width list
    assert {layer.numbers for each in others for layer in each.choice.layers} == {(3, 2), (3, 4), (5, 2), (5, 4)}


def test_students_of_a_stage_draw_for_themselves() -> None:
    first, second = (step_choices(DIGITS, 1, block, 2, STEPS, 0, "fp32", 0) for block in (1, 2))
    assert [each.channels_in for step in first for each in step] != [
        each.channels_in for step in second for each in step
    ]
