"""Small spaces made by hand, so that these tests need no text."""

from __future__ import annotations

from typing import Any

from spacelang import ir


def ref(name: str) -> ir.Ref:
    return ir.Ref(name=name)


def num(value: int | float) -> ir.Num:
    return ir.Num(value=value)


def times(left: ir.Expr, right: ir.Expr) -> ir.Binary:
    return ir.Binary(op="*", left=left, right=right)


HIDDEN = ir.Let(name="hidden", value=ir.Call(function="round8", arguments=(times(ref("in"), ref("expand")),)))

MBV2 = ir.Block(
    name="mbv2",
    parameters=(
        ir.Parameter(name="kernel", type="kernel"),
        ir.Parameter(name="expand", type="number"),
        ir.Parameter(name="act", type="activation"),
    ),
    steps=(
        HIDDEN,
        ir.Conv(
            kernel=num(1),
            out=ref("hidden"),
            act="act",
            when=ir.Compare(op="!=", left=ref("hidden"), right=ref("in")),
        ),
        ir.DepthwiseConv(kernel=ref("kernel"), stride="layer", act="act"),
        ir.Conv(kernel=num(1), out=ref("out")),
    ),
    shortcut=ir.Shortcut(kind="project"),
)

CONV = ir.Block(
    name="conv",
    parameters=(ir.Parameter(name="kernel", type="kernel"), ir.Parameter(name="act", type="activation")),
    steps=(ir.Conv(kernel=ref("kernel"), out=ref("out"), stride="layer", act="act"),),
    shortcut=ir.Shortcut(),
)


def choices(*values: int | float) -> ir.Choices:
    return ir.Choices(values=values)


def stage(name: str, windows: tuple[ir.Choices, ...], **more: object) -> ir.Stage:
    """A stage of mbv2; `more` replaces its depth, stride, candidates or uniform."""
    mbv2 = ir.Candidate(
        id=1, block="mbv2", numbers={"kernel": choices(3, 5), "expand": choices(4, 6)}, acts={"act": "relu6"}
    )
    fields = {"stride": 2, "depth": (1, 2), "candidates": (mbv2,), **more}
    return ir.Stage(name=name, windows=windows, **fields)  # type: ignore[arg-type]


def space(kind: ir.Kind, stages: tuple[ir.Stage, ...], **more: object) -> ir.SearchSpace:
    """A stem of one convolution to 16 channels, these stages, and a head for 10 classes."""
    stem = ir.Candidate(id=0, block="conv", numbers={"kernel": choices(3)}, acts={"act": "relu"})
    fields: dict[str, Any] = {
        "kind": kind,
        "name": "tiny",
        "device": ir.Device(name="cpu", runtime="onnxruntime", precision="int8", threads=1, width_multiple=16),
        "channels": 3,
        "resolutions": (32, 64),
        "classes": 10,
        "blocks": (CONV, MBV2),
        "stem": (stage("stem1", (choices(16),), depth=(1,), candidates=(stem,)),),
        "stages": stages,
        "head": (ir.HeadPool(), ir.HeadLinear(out=ref("classes"))),
        **more,
    }
    return ir.SearchSpace(**fields)


TINY = space("space", (stage("stage1", (choices(32, 48),)),))
"""2 resolutions × (8 + 64) stage architectures = 144 models."""

HYPER = space(
    "hyperspace",
    (
        stage("stage1", (choices(32, 48), choices(48, 64))),
        stage("stage2", (choices(64, 80), choices(80, 96), choices(96, 112))),
    ),
)
