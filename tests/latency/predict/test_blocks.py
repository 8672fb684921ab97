"""Latencies of whole blocks: made up ones, and those of the paper's device where they are at hand."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from spacelang.driver import compile_source
from spacelang.latency.predict.blocks import BlockLayer, learn_blocks
from spacelang.latency.predict.published import MeasuredLayer, read_block_latencies
from spacelang.networks.kernels import kernels_of
from spacelang.networks.network import layer_ops
from spacelang.networks.walk import LayerShape
from spacelang.report.diagnostics import SpacelangError
from spacelang.report.source import Source
from tests.latency.predict.madeup import law

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT.parent / "shared" / "data" / "vnni_block_latency.json.xz"
SPEC = ROOT / "specs" / "vnni.space"
(VNNI,) = compile_source(Source(str(SPEC), SPEC.read_text()), SPEC)


def made_up(count: int) -> list[MeasuredLayer]:
    rng, made = np.random.default_rng(0), []
    for at in range(count):
        channels = [int(each) * 16 for each in rng.integers(2, 24, 2)]
        kernel, stride, size = int(rng.choice([3, 5])), int(rng.integers(1, 3)), int(rng.integers(6, 40))
        name, numbers, act = [("mbv1", (kernel,), "relu"), ("mbv3", (kernel, int(rng.choice([4, 6]))), "hswish")][
            at % 2
        ]
        shape = LayerShape(channels[0], channels[1], stride, size)
        layer = BlockLayer(name, numbers, (("act", act),), *shape)
        ops = layer_ops(VNNI.blocks_by_name[name], numbers, {"act": act}, shape)
        made.append(MeasuredLayer(layer, sum(map(law, kernels_of(ops)))))
    return made


def test_blocks_are_learned_apart() -> None:
    known = made_up(900)
    seen, judged = known[:700], known[700:]
    made = learn_blocks(VNNI.blocks, [each.layer for each in seen], np.array([each.ms for each in seen]))
    off = np.abs(made.predict([each.layer for each in judged]) / [each.ms for each in judged] - 1)
    assert np.mean(off <= 0.1) > 0.9
    with pytest.raises(KeyError, match="fused_mb"):
        made.predict([known[0].layer._replace(block="fused_mb", numbers=(3, 2))])


@pytest.mark.parametrize("packed", [False, True])
def test_published_keys_are_layers(tmp_path: Path, packed: bool) -> None:
    text = json.dumps(
        {
            "FirstConvBlock_224_3_16_3_None_2_relu": 0.78,
            "MobileNetV1DualBlock_28_64_128_5_0_1_relu": 0.749164,
            "ResNetBlock_6_240_192_7_1.0_2_relu": 0.341452,
            "ResNetBlock_6_240_192_7_0.5_2_relu": 1,
        }
    ).encode()
    path = tmp_path / "latencies"
    path.write_bytes(lzma.compress(text) if packed else text)
    act = (("act", "relu"),)
    assert read_block_latencies(path) == [
        (("mbv1", (5,), act, 64, 128, 1, 28), 0.749164),
        (("residual_bottleneck", (7, 1), act, 240, 192, 2, 6), 0.341452),
        (("residual_bottleneck", (7, 0.5), act, 240, 192, 2, 6), 1.0),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "this isn't JSON"),
        (b"\xfd7zXZ\x00abc", "this isn't JSON"),
        (b"[]", "this isn't an object of keys and latencies"),
        (
            b'{"ResNetBlock_6_240": 1}',
            "'ResNetBlock_6_240' is not Block_size_in_out_kernel_expand_stride_act",
        ),
        (
            b'{"ResNetBlock_6_240_192_7_1.0_2_relu": -1}',
            "the latency of 'ResNetBlock_6_240_192_7_1.0_2_relu' is -1, which isn't a positive number",
        ),
    ],
)
def test_files_that_hold_no_block_latencies_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "latencies"
    path.write_bytes(content)
    with pytest.raises(SpacelangError) as caught:
        read_block_latencies(path)
    help = "block latencies are published with SpaceEvo, as JSON"
    assert str(caught.value) == f"error[SP1610]: {path}: {reason} ({help})"


@pytest.mark.slow
@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published latencies are not part of the project")
@pytest.mark.parametrize("seed", range(2))
def test_the_papers_device(seed: int) -> None:
    """A random fifth of all blocks held out; nn-Meter's random forests reach 69-89 %, by block."""
    known = read_block_latencies(PUBLISHED)
    assert len(known) == 50_279
    order = np.random.default_rng(seed).permutation(len(known))
    seen, judged = ([known[at] for at in part] for part in (order[len(known) // 5 :], order[: len(known) // 5]))
    made = learn_blocks(VNNI.blocks, [each.layer for each in seen], np.array([each.ms for each in seen]))
    right = np.abs(made.predict([each.layer for each in judged]) / [each.ms for each in judged] - 1) <= 0.1
    assert right.mean() > 0.91
    for block in sorted({each.layer.block for each in judged}):
        assert right[[each.layer.block == block for each in judged]].mean() > 0.86
