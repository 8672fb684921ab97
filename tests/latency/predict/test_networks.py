"""Many networks at once say what each says alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.evolve.table.table import Rows, Table
from spacelang.language.shapes import size_after
from spacelang.latency.predict.attach import attach
from spacelang.latency.predict.networks import latencies, latencies_of_kernels, predict, work_of
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.roofline import Roofline
from spacelang.latency.predict.whole import Whole
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import layer_ops, layers
from spacelang.networks.sample import sample
from spacelang.networks.walk import LayerShape
from spacelang.report.diagnostics import Report, SpacelangError
from spacelang.report.source import Source
from tests.evolve.synthetic import TINY, random_table

ROOT = Path(__file__).parents[3]
MODEL = Roofline("int8")


def load(name: str) -> ir.SearchSpace:
    path = ROOT / "specs" / f"{name}.space"
    (space,) = compile_source(Source(str(path), path.read_text()), path)
    return space


def kernels(space: ir.SearchSpace, architecture: Architecture) -> list[Kernel]:
    return [kernel for layer in layers(space, architecture) for kernel in kernels_of(layer.ops)]


@pytest.mark.parametrize("name", ["vnni", "pixel4", "ofa_resnet50", "attentivenas", "digits", "seqnet_vnni_a0"])
def test_a_batch_is_the_sum_of_each_ones_kernels(name: str) -> None:
    space = load(name)
    chosen = sample(space, 40, seed=1)
    found = latencies(space, chosen, MODEL)
    for at, each in enumerate(chosen):
        parts = MODEL.predict_kernels(kernels(space, each)).sum()
        assert found.ms[at] == pytest.approx(parts + found.border[at], rel=1e-12)
        assert found.ms[at] == pytest.approx(sum(kind[at] for kind in found.by_kind.values()) + found.border[at])


def test_the_factor_and_the_border_are_added(predictor: Predictor) -> None:
    space = load("vnni")
    (chosen,) = sample(space, 1, seed=4)
    known = [each for each in kernels(space, chosen) if each.kind in predictor.kinds]
    values = np.array([3.0 * chosen.resolution**2])
    found = latencies_of_kernels([known], values, predictor)
    whole, work = predictor.whole, work_of(known, predictor)
    border = whole.start_ms + whole.image_ms * values[0]
    fetching = whole.weight_ms * max(0, work.weights.sum() - whole.kept)
    moving = whole.activation_ms * work.activations.sum() + whole.touch_ms * work.touched.sum()
    moving += whole.wide_ms * work.wide.sum()
    expected = whole.factor * work.ms.sum() + moving + fetching + border
    assert found.ms.tolist() == pytest.approx([expected])
    assert found.border.tolist() == pytest.approx([border])
    assert sum(each[0] for each in found.by_kind.values()) + border == pytest.approx(expected)


def test_nothing_is_nothing() -> None:
    assert predict(load("vnni"), [], MODEL).tolist() == []


def test_every_kind_that_is_missing_is_said_at_once(predictor: Predictor) -> None:
    space, report = load("spaceevo_vnni"), Report()
    with pytest.raises(SpacelangError) as caught:
        predict(space, sample(space, 5, seed=0), predictor, report)
    assert [each.message for each in caught.value.diagnostics if each.code == "SP1603"] == [
        "madeup has learned nothing about `linear` kernels (1 of them here)",
        "madeup has learned nothing about `pool` kernels (2 of them here)",
        "madeup has learned nothing about `swish` kernels (16 of them here)",
    ]
    assert not report.diagnostics


# --- tables ---


def test_rows_get_what_their_stage_takes() -> None:
    table = random_table(0)
    made = attach(table, MODEL)
    found = made.require_latencies()
    rows = table.rows
    for row in range(len(rows)):
        stage = TINY.stages[rows.stage[row]]
        candidate = stage.candidate(int(rows.block[row]))
        size, channels, stride = int(rows.resolution[row]), int(rows.channels_in[row]), stage.stride
        for before in TINY.stem + TINY.stages[: rows.stage[row]]:
            size = size_after(size, before.stride)
        parts: list[Kernel] = []
        for width, numbers in rows.layers(row):
            body = TINY.blocks_by_name[candidate.block]
            parts += kernels_of(layer_ops(body, numbers, candidate.acts, LayerShape(channels, width, stride, size)))
            channels, size, stride = width, size_after(size, stride), 1
        assert found.rows_ms[row] == pytest.approx(MODEL.predict_kernels(parts).sum())
    assert found.device == MODEL.label


def test_stem_and_head_in_their_smallest_setting_and_the_border_are_fixed() -> None:
    fixed = attach(random_table(0), MODEL).require_latencies().fixed_ms
    for resolution, ms in fixed.items():
        parts = [
            Kernel("conv", 3, 16, resolution, 3, 2, "relu"),
            Kernel("pool", 48, 48, resolution // 8),
            Kernel("linear", 48, 10, 1),
        ]
        border = MODEL.whole.border_ms(np.array([3.0 * resolution**2]))[0]
        assert ms == pytest.approx(MODEL.predict_kernels(parts).sum() + border)


class Cached(Roofline):
    """A device whose cache keeps few weights."""

    kept = 2e4

    @property
    def whole(self) -> Whole:
        return Whole(1.1, 2e-7, 1e-8, 1e-8, 0.01, 1e-7, 1e-6, self.kept)


@pytest.mark.parametrize("kept", [0, 2e4, 1e12])
def test_rows_and_what_is_fixed_are_the_whole_network(kept: float) -> None:
    """But for the stem and head, which a table counts in their smallest setting."""
    model = Cached("int8")
    model.kept = kept
    chosen = next(each for each in sample(TINY, 1000, seed=0) if smallest_ends(each))
    table = attach(table_of(chosen), model)
    found = table.require_latencies()
    total = found.fixed_ms[chosen.resolution] + found.rows_ms.sum()
    assert total == pytest.approx(predict(TINY, [chosen], model)[0])


def smallest_ends(of: Architecture) -> bool:
    return of.stem[0].layers[0].width == 16 and of.stages[-1].layers[-1].width == 48


def table_of(network: Architecture) -> Table:
    """The stages of one network."""
    layers = [layer for stage in network.stages for layer in stage.layers]
    widths = [stage.layers[-1].width for stage in network.stages]
    windows = [
        next(at for at, each in enumerate(stage.windows) if {one.width for one in choice.layers} <= set(each.values))
        for stage, choice in zip(TINY.stages, network.stages, strict=True)
    ]
    rows = Rows(
        stage=np.arange(3),
        block=np.array([each.candidate for each in network.stages]),
        window=np.array(windows),
        resolution=np.full(3, network.resolution),
        channels_in=np.array([16, *widths[:-1]]),
        loss=np.ones(3),
        depth=np.array([len(each.layers) for each in network.stages]),
        width=np.array([each.width for each in layers]),
        numbers=np.array([(*each.numbers, np.nan)[:2] for each in layers]),
    )
    return Table.of(TINY, rows, None, "one network")
