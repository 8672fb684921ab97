"""Which stage architectures are measured."""

from __future__ import annotations

from collections import Counter

import pytest

import spacelang
from spacelang.evolve.table.rules import channels_into
from spacelang.evolve.table.table import Cell, all_cells
from spacelang.train.losses.draw import Drawn, draw

DIGITS = spacelang.load("specs/digits.space")
VNNI = spacelang.load("specs/vnni.space")


def occurring(space: spacelang.SearchSpace, cell: Cell) -> tuple[set[int], set[int]]:
    """Resolutions and input channels in networks of the space."""
    models = spacelang.sample(space, 300, seed=0)
    before = (*space.stem, *space.stages)[len(space.stem) + cell.stage - 1]
    last = [(*each.stem, *each.stages)[len(space.stem) + cell.stage - 1].layers[-1].width for each in models]
    assert set(last) <= {int(width) for window in before.windows for width in window.values}
    return {each.resolution for each in models}, set(last)


@pytest.mark.parametrize("cell", [Cell(0, 3, 1), Cell(1, 6, 2), Cell(5, 2, 0)])
def test_all_that_may_occur_is_drawn_and_nothing_else(cell: Cell) -> None:
    drawn = draw(VNNI, cell, 400, seed=0)
    resolutions, channels = occurring(VNNI, cell)
    assert {each.resolution for each in drawn} == resolutions
    assert {each.channels_in for each in drawn} == channels == set(channels_into(VNNI, cell.stage))
    stage = VNNI.stages[cell.stage]
    candidate = stage.candidate(cell.block)
    assert {each.choice.candidate for each in drawn} == {cell.block}
    layers = [layer for each in drawn for layer in each.choice.layers]
    assert {layer.width for layer in layers} == {int(each) for each in stage.windows[cell.window].values}
    names = VNNI.blocks_by_name[candidate.block].numeric
    for at, name in enumerate(names):
        assert {layer.numbers[at] for layer in layers} == set(candidate.numbers[name].values)


def test_no_two_are_the_same_and_every_depth_is_as_likely() -> None:
    drawn = draw(VNNI, Cell(3, 1, 2), 1000, seed=0)
    assert len(set(drawn)) == 1000
    depths = Counter(len(each.choice.layers) for each in drawn)
    assert sorted(depths) == [2, 3, 4, 5, 6]
    assert all(140 < count < 260 for count in depths.values())


def test_where_there_are_fewer_each_is_drawn_once() -> None:
    few = Cell(0, 0, 0)  # 2 widths, 2 kernels, depth 1 or 2; 2 resolutions, 16 channels in
    drawn = draw(DIGITS, few, 1000, seed=0)
    assert len(drawn) == len(set(drawn)) == (4 + 16) * 2
    assert all(each.channels_in == 16 for each in drawn)


def test_a_greater_count_adds_to_the_same() -> None:
    cell = Cell(3, 1, 2)
    assert draw(VNNI, cell, 300, seed=0)[:100] == draw(VNNI, cell, 100, seed=0)


def test_draws_depend_on_seed_and_cell_only() -> None:
    cells = list(all_cells(DIGITS))[:4]
    first = [draw(DIGITS, cell, 20, seed=7) for cell in cells]
    assert [draw(DIGITS, cell, 20, seed=7) for cell in reversed(cells)] == first[::-1]
    assert all(set(draw(DIGITS, cell, 20, seed=8)) != set(each) for cell, each in zip(cells, first, strict=True))
    assert isinstance(first[0][0], Drawn)
    assert all(type(each.resolution) is int and type(each.channels_in) is int for each in first[0])
