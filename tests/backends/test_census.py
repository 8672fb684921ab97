"""The census of kernels is exact: against every model of tiny spaces, and against samples of a large one."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest

from spacelang import ir
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice, head_choices
from spacelang.networks.census import census
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layers
from tests.backends.spaces import HEAD, STEM, candidate, choices, space, stage, vnni


def stage_choices(in_space: ir.SearchSpace, of: ir.Stage) -> Iterator[StageChoice]:
    """Every architecture of a stage, from the definition."""
    for each, window in product(of.candidates, of.windows):
        numeric = in_space.blocks_by_name[each.block].numeric
        for depth in of.depth:
            options = (
                [
                    LayerChoice(int(width), numbers)
                    for width in window.at(layer)
                    for numbers in product(*(each.numbers[name].at(layer) for name in numeric))
                ]
                for layer in range(depth)
            )
            for chosen in product(*options):
                shared = [
                    tuple(layer.width if name == "width" else layer.numbers[numeric.index(name)] for name in of.uniform)
                    for layer in chosen
                ]
                if len(set(shared)) <= 1:
                    yield StageChoice(each.id, chosen)


def every_model(of: ir.SearchSpace) -> Iterator[Architecture]:
    parts = [list(stage_choices(of, each)) for each in of.stem + of.stages]
    heads = [[int(width) for width in each.values] for each in head_choices(of)]
    for resolution, chosen, head in product(of.resolutions, product(*parts), product(*heads)):
        yield Architecture(resolution, chosen[: len(of.stem)], chosen[len(of.stem) :], head)


def kernels_in(of: ir.SearchSpace, architecture: Architecture) -> Counter[Kernel]:
    return Counter(kernel for layer in layers(of, architecture) for kernel in kernels_of(layer.ops))


def brute_force(of: ir.SearchSpace) -> dict[Kernel, int]:
    most: Counter[Kernel] = Counter()
    for architecture in every_model(of):
        most |= kernels_in(of, architecture)
    return dict(most)


MBV2 = candidate(1, "mbv2", "relu6", kernel=(3,), expand=(1, 2))
FUSED = candidate(5, "fused_mb_se", "swish", kernel=(3,), expand=(1, 2))
NARROW = candidate(1, "mbv2", "relu6", kernel=(3,), expand=(2,))
TINY = {
    "two stages at one size": space(
        stage("stage1", 2, (1, 2), [(16, 24)], MBV2), stage("stage2", 1, (1, 2), [(16, 24)], MBV2), resolutions=(32, 48)
    ),
    "blocks and windows": space(
        stage("stage1", 1, (1, 2), [(16, 24), (24, 32)], MBV2, FUSED),
        stage("stage2", 1, (1,), [(16,), (24,)], candidate(2, "mbv3", "hswish", kernel=(3,), expand=(2,))),
        kind="hyperspace",
    ),
    "depths without a neighbour": space(stage("stage1", 1, (1, 3), [(16, 24)], candidate(0, "mbv1", kernel=(3, 5)))),
    "uniform": space(
        stage("stage1", 2, (2, 3), [(16, 24, 32)], MBV2, FUSED, uniform=("width", "kernel", "expand")),
        stage("stage2", 1, (2,), [(16, 24)], MBV2, uniform=("expand",)),
    ),
    "a stage that may be missing": space(
        stage("stage1", 1, (0, 2), [(16, 24)], MBV2), stage("stage2", 2, (1, 2), [(16, 24)], MBV2)
    ),
    "sizes that fall together": space(
        *(stage(f"stage{at}", 2, (1, 2), [(16,)], NARROW) for at in range(5)), resolutions=(4, 8, 32)
    ),
    "a model": space(
        stage(
            "stage1",
            2,
            (3,),
            [(16, 24, 24)],
            candidate(1, "mbv2", "relu6", per_layer=True, kernel=(3, 5, 5), expand=(2, 1, 1)),
            per_layer=True,
        ),
        kind="model",
    ),
    "a head with choices": space(
        stage("stage1", 1, (1,), [(16, 24)], MBV2),
        head=(
            {"kind": "conv", "kernel": 1, "out": choices(32, 48), "act": "swish", "norm": False},
            {"kind": "act", "act": "relu"},
            *HEAD[1:],
        ),
    ),
    "odd operators": space(stage("stage1", 2, (1, 2), [(16, 24)], candidate(0, "odd", kernel=(3, 5), times=(1, 2)))),
    "pooled shortcuts": space(
        stage("stage1", 2, (1, 2), [(16, 24)], candidate(0, "resnet_bottleneck", kernel=(3,), expand=(0.5, 1)))
    ),
}


@pytest.mark.parametrize("name", TINY)
def test_equals_brute_force(name: str) -> None:
    assert census(TINY[name]) == brute_force(TINY[name])


def test_covers_sampled_models_of_vnni_in_seconds() -> None:
    hyperspace = vnni()
    start = time.process_time()
    counts = census(hyperspace)
    assert time.process_time() - start < 10
    rng = random.Random(0)
    for _ in range(200):
        for kernel, count in kernels_in(hyperspace, random_model(hyperspace, rng)).items():
            assert count <= counts[kernel]


def random_model(of: ir.SearchSpace, rng: random.Random) -> Architecture:
    def choose(of_stage: ir.Stage) -> StageChoice:
        each, window = rng.choice(of_stage.candidates), rng.choice(of_stage.windows)
        names = of.blocks_by_name[each.block].numeric
        return StageChoice(
            each.id,
            tuple(
                LayerChoice(
                    int(rng.choice(window.at(at))), tuple(rng.choice(each.numbers[name].at(at)) for name in names)
                )
                for at in range(rng.choice(of_stage.depth))
            ),
        )

    return Architecture(rng.choice(of.resolutions), tuple(map(choose, of.stem)), tuple(map(choose, of.stages)), ())


def test_relu_is_part_of_its_convolution_and_swish_is_not() -> None:
    (layer,) = layers(fused := space(stage("stage1", 1, (1,), [(16,)], FUSED)), next(every_model(fused)))[1:2]
    kinds = [(kernel.kind, kernel.act) for kernel in kernels_of(layer.ops)]
    assert kinds == [("conv", ""), ("swish", ""), ("se", ""), ("conv", ""), ("add", "")]
    (stem, *_) = layers(fused, next(every_model(fused)))
    assert kernels_of(stem.ops) == [Kernel("conv", 3, 16, 32, 3, 2, "relu")]


def test_a_lone_relu_joins_the_convolution_before_it_unless_another_reads_that_too() -> None:
    odd = TINY["odd operators"]
    choice = StageChoice(0, (LayerChoice(16, (3, 2)),))
    (layer,) = layers(odd, Architecture(32, (StageChoice(0, (LayerChoice(16, (3,)),)),), (choice,)))[1:2]
    kinds = [(kernel.kind, kernel.act) for kernel in kernels_of(layer.ops)]
    assert kinds == [
        ("conv", ""),
        ("hswish", ""),
        ("relu", ""),  # after hswish: nothing that it could join
        ("conv", ""),
        ("conv", "relu"),
        ("add", ""),
        ("maxpool", ""),
        ("relu", ""),
    ]


def test_a_space_of_one_model_counts_its_kernels() -> None:
    one = space(stage("stage1", 1, (2,), [(16,)], candidate(0, "mbv1", kernel=(3,))), stem=(STEM,))
    (architecture,) = every_model(one)
    assert census(one) == dict(kernels_in(one, architecture))
    assert census(one)[Kernel("dwconv", 16, 16, 16, 3, 1, "relu")] == 4
