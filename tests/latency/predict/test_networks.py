"""Many networks at once say what each says alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spacelang import ir
from spacelang.architecture import Architecture
from spacelang.diagnostics import Report, SpacelangError
from spacelang.driver import compile_source
from spacelang.kernels import Kernel, kernels_of
from spacelang.latency.predict.attach import attach
from spacelang.latency.predict.networks import latencies, latencies_of_kernels, predict
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.roofline import CostModel
from spacelang.network import layer_ops, layers
from spacelang.sample import sample
from spacelang.shapes import size_after
from spacelang.source import Source
from tests.evolve.synthetic import TINY, random_table

ROOT = Path(__file__).parents[3]
MODEL = CostModel("int8")


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
    whole = predictor.whole
    expected = whole.factor * predictor.predict_kernels(known).sum() + whole.start_ms + whole.image_ms * values[0]
    assert found.ms.tolist() == pytest.approx([expected])
    assert found.border.tolist() == pytest.approx([whole.start_ms + whole.image_ms * values[0]])


def test_nothing_is_nothing() -> None:
    assert predict(load("vnni"), [], MODEL).tolist() == []


def test_every_kind_that_is_missing_is_said_at_once(predictor: Predictor) -> None:
    space, report = load("spaceevo_vnni"), Report()
    with pytest.raises(SpacelangError) as caught:
        predict(space, sample(space, 5, seed=0), predictor, report)
    assert [each.message for each in caught.value.diagnostics if each.code == "SP1603"] == [
        "madeup has learned nothing of `linear` kernels, of which there are 1 here",
        "madeup has learned nothing of `pool` kernels, of which there are 2 here",
        "madeup has learned nothing of `swish` kernels, of which there are 16 here",
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
            parts += kernels_of(layer_ops(body, numbers, candidate.acts, channels, width, stride, size))
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
        border = MODEL.whole_ms(np.zeros(1), np.array([3.0 * resolution**2]))[0]
        assert ms == pytest.approx(MODEL.predict_kernels(parts).sum() + border)
