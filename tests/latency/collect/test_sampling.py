"""Which kernels are measured: the hold-out, the strata, the adaptive sampler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Measured
from spacelang.latency.collect.networks import random_networks
from spacelang.latency.collect.population import LEAST, RARE, Strata, draw, is_validation, strata, training
from spacelang.latency.collect.sampler import around, collect_adaptively
from spacelang.networks.census import census
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import SpacelangError
from tests.backends.spaces import candidate, space, stage, steps
from tests.latency.collect.devices import space_of


@pytest.fixture(scope="module")
def digits() -> Strata:
    return strata([space_of("digits")])


def test_the_hold_out_is_a_fifth_and_never_changes() -> None:
    kernels = [Kernel("conv", width, width, 14) for width in range(1, 2001)]
    assert sum(map(is_held_out, kernels)) == pytest.approx(400, abs=60)
    assert [kernel.channels_in for kernel in kernels[:20] if is_held_out(kernel)] == [2, 5]


def test_the_strata_hold_every_kernel_of_the_space(digits: Strata) -> None:
    counts = census(space_of("digits"))
    assert counts.keys() <= {kernel for kernels in digits.values() for kernel in kernels}
    plenty = {kind for kind, count in Counter(kernel.kind for kernel in counts).items() if count >= RARE}
    assert plenty >= {"conv", "dwconv", "se"}
    for kind in plenty:
        assert len(digits["digits", kind]) == sum(kernel.kind == kind for kernel in counts)


def test_rare_kinds_are_filled_up(digits: Strata) -> None:
    assert len(digits["digits", "linear"]) == RARE
    assert {kernel.kind for kernel in digits["digits", "linear"]} == {"linear"}


def test_a_draw_gives_kinds_their_parts_and_spaces_equal_ones() -> None:
    of = strata([space_of("ofa_resnet50"), space_of("mobilenetv3")])
    drawn = draw(of, 400, training)
    assert len(set(drawn)) == 400
    assert not any(map(is_held_out, drawn))
    of_first = {kernel for (space, _), kernels in of.items() if space == "ofa_resnet50" for kernel in kernels}
    assert sum(kernel in of_first for kernel in drawn) == pytest.approx(200, abs=8)
    kinds = Counter(kernel.kind for kernel in drawn)
    assert kinds["dwconv"] > 60


@pytest.mark.parametrize("count", [10, 60, 300, 1000])
def test_a_draw_holds_enough_of_each_kind(count: int) -> None:
    """Without a linear layer, no network can be predicted."""
    of = strata([space_of("vnni"), space_of("ofa_resnet50"), space_of("digits")])
    there = Counter(each.kind for kernels in of.values() for each in kernels if training(each))
    drawn = Counter(each.kind for each in draw(of, count, training))
    assert sum(drawn.values()) == count
    least = min(LEAST, count // (2 * len(there)))
    assert all(drawn[kind] >= min(least, some) for kind, some in there.items())
    assert drawn["conv"] == max(drawn.values())


def test_a_draw_gives_what_there_is(digits: Strata) -> None:
    everything = draw(digits, 10**6, training)
    assert sorted(everything) == sorted(each for kernels in digits.values() for each in kernels if training(each))
    assert draw(digits, 0, training) == []
    assert len(draw(digits, 17, is_held_out)) == 17


class World:
    """Measures 1 ms for everything; predictions are off for some kernels."""

    def __init__(self, off: set[str]) -> None:
        self.asked: list[Kernel] = []
        self.notes: list[str] = []
        self.off = off

    def measure(self, kernels: Sequence[Kernel], note: str) -> list[Measured]:
        self.asked += kernels
        self.notes.append(note)
        return [Measured(each, "int8", 1.0, 0.1) for each in kernels]

    def errors(self, learned: Sequence[Measured], judged: Sequence[Measured]) -> list[float]:
        assert not any(is_validation(each.kernel) for each in learned)
        assert all(is_validation(each.kernel) for each in judged)
        return [0.5 if each.kernel.kind in self.off else 0.05 for each in judged]


def test_the_sampler_asks_for_more_where_predictions_err(digits: Strata) -> None:
    world = World({"dwconv"})
    found = collect_adaptively(digits, 300, world.measure, world.errors)
    assert [each.kernel for each in found] == world.asked
    assert len(set(world.asked)) == len(world.asked) == 300
    assert not any(map(is_held_out, world.asked))
    assert Counter(each.kind for each in world.asked[150:])["dwconv"] > 100
    assert world.notes[0] == "drawn before anything is known"
    assert world.notes[1].startswith("round 1: ")
    assert world.notes[1].endswith(" off by over 10%")


def test_without_errors_the_sampler_takes_more_of_everything(digits: Strata) -> None:
    world = World(set())
    collect_adaptively(digits, 300, world.measure, world.errors)
    assert len(set(world.asked)) == 300
    assert world.notes[-1] == "more of all"
    assert len(Counter(each.kind for each in world.asked)) == len({kind for _, kind in digits})


def test_with_the_same_measurements_the_sampler_goes_the_same_way(digits: Strata) -> None:
    first, second = World({"se", "conv"}), World({"se", "conv"})
    for world in (first, second):
        collect_adaptively(digits, 200, world.measure, world.errors)
    assert first.asked == second.asked


def test_a_small_space_is_measured_whole(digits: Strata) -> None:
    world = World({"conv"})
    collect_adaptively(digits, 10**6, world.measure, world.errors)
    assert world.notes == ["all kernels"]
    assert sorted(world.asked) == sorted(draw(digits, 10**6, training))


def test_spaces_that_can_not_be_gone_through_are_refused() -> None:
    halves = space(stage("stage1", 1, (1,), [(16,)], candidate(0, "odd", kernel=(3,), times=(1.5,))))
    wide = space(stage("stage1", 2, (2,), [steps(8, 8000, 8)], candidate(0, "mbv1", kernel=(3,))))
    with pytest.raises(SpacelangError, match=r"SP0813\]: tiny allows choices that give no network"):
        strata([halves])
    with pytest.raises(SpacelangError, match=r"SP0813\]: tiny allows choices that give no network"):
        list(random_networks([halves], 1))
    with pytest.raises(SpacelangError, match=r"SP0814\]: tiny is too large to be written out"):
        strata([wide])


def test_around_a_kernel_are_those_like_it() -> None:
    point = Kernel("conv", 64, 64, 14, kernel=3)
    like = point._replace(channels_in=72)
    wider, other_window = point._replace(channels_in=256), point._replace(kernel=5, channels_out=256)
    other = Kernel("dwconv", 64, 64, 14, kernel=3)
    assert around([point], [other, other_window, wider, like], 10) == [like, wider, other_window]
    assert around([point], [other, other_window, wider, like], 1) == [like]
