"""Where teachers are cut."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import spacelang
from spacelang import SpacelangError
from spacelang.train.teacher import CutRow, Point, Teacher, describe_cut
from spacelang.train.teacher.cut import check_maps, choose, cut, reductions
from tests.train.images import space

SPECS = Path(__file__).parents[3] / "specs"


def points(*groups: tuple[int, int]) -> list[Point]:
    """So many points of each reduction."""
    return [Point(f"r{size}.{index}", 8, size) for size, count in groups for index in range(count)]


def test_reductions_are_those_of_the_stem_and_of_all_strides_since() -> None:
    assert reductions(spacelang.load(SPECS / "vnni.space")) == (2, 4, 8, 16, 16, 32, 32)
    assert reductions(spacelang.load(SPECS / "ofa_resnet50.space")) == (4, 4, 8, 16, 32)


@pytest.mark.parametrize(
    ("groups", "wanted", "chosen"),
    [
        ([(2, 2), (4, 1), (8, 1)], (2, 4, 8), (1, 2, 3)),
        ([(2, 1), (4, 6), (8, 1)], (2, 4, 4, 8), (0, 3, 6, 7)),
        ([(2, 1), (4, 5)], (2, 4, 4), (0, 3, 5)),
        ([(2, 1), (4, 3)], (4, 4, 4), (1, 2, 3)),
        ([(1, 1), (2, 1), (4, 1)], (2, 4), (1, 2)),
        ([(2, 1), (4, 1)], (2, 4, 4), None),
        ([(4, 3)], (2, 4), None),
    ],
)
def test_the_last_point_of_a_reduction_is_taken_and_others_at_even_distances(
    groups: list[tuple[int, int]], wanted: tuple[int, ...], chosen: tuple[int, ...] | None
) -> None:
    assert choose(points(*groups), wanted) == chosen


def test_stage_ends_are_preferred_where_they_suffice() -> None:
    there = points((2, 1), (4, 6))
    assert choose(there, (2, 4, 4), preferred={0, 2, 6}) == (0, 2, 6)
    assert choose(there, (2, 4, 4), preferred={0, 6}) == (0, 3, 6)


def test_no_cut_shows_what_there_is_and_what_is_wanted() -> None:
    with pytest.raises(SpacelangError) as caught:
        cut("timm:small", points((2, 1), (4, 2)), space((2, 2)))
    assert str(caught.value) == (
        "error[SP1223]: the teacher `timm:small` can't be cut for tiny, which needs maps of 1/2, 1/4, 1/8 of the image "
        "(it has r2.0 (1/2), r4.0 (1/4), r4.1 (1/4); the teacher `trained` fits every space)"
    )


class Halving(nn.Module):
    """Convolutions of stride 2 that pad as told."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Conv2d(inner, 8, 3, 2, padding) for inner in (3, 8, 8))

    def maps(self, images: Tensor, positions: list[int]) -> list[Tensor]:
        found = []
        for index in range(positions[-1] + 1):
            images = self.parts[index](images)
            found.append(images)
        return [found[each] for each in positions]


def teacher(padding: int, channels: int = 8) -> Teacher:
    return Teacher("halving", Halving(padding), [Point(f"p{each}", channels, 2**each) for each in (1, 2, 3)], (0, 1, 2))


def test_maps_are_checked_at_every_resolution() -> None:
    check_maps(teacher(1), space((2, 2), resolutions="24, 32, 36"))
    with pytest.raises(SpacelangError) as caught:
        check_maps(teacher(0), space((2, 2), resolutions="24, 32"))
    assert str(caught.value) == (
        "error[SP1224]: at resolution 24 the teacher `halving` gives 8×11×11 at p1, tiny needs 8×12×12 "
        "(take another teacher, or resolutions that its strides divide)"
    )
    with pytest.raises(SpacelangError, match="gives 8×12×12 at p1, tiny needs 9×12×12"):
        check_maps(teacher(1, channels=9), space((2, 2)))


def test_a_teacher_that_fails_is_an_error() -> None:
    with pytest.raises(
        SpacelangError, match=r"^error\[SP1225\]: the teacher `halving` can't run on images of 1×24×24: "
    ):
        check_maps(teacher(1), space((2, 2), channels=1))


def test_the_cut_is_described_stage_by_stage() -> None:
    first, second, third = teacher(1).points
    assert describe_cut(teacher(1), space((2, 2))) == (CutRow("s1", first, second), CutRow("s2", second, third))


def test_a_teacher_stays_in_evaluation_and_keeps_no_gradients() -> None:
    made = teacher(1)
    nn.Sequential(made).train()
    assert not made.training
    assert not any(each.training for each in made.modules())
    images = torch.rand(1, 3, 24, 24, requires_grad=True)
    assert not any(each.requires_grad for each in made(images))
    assert not any(each.requires_grad for each in made.parameters())
