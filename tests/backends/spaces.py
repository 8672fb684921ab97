"""Small IRs, built by hand: the backends are tested without the language."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from spacelang import ir

IN, OUT = {"kind": "ref", "name": "in"}, {"kind": "ref", "name": "out"}


def num(value: float) -> dict[str, Any]:
    return {"kind": "num", "value": value}


def ref(name: str) -> dict[str, Any]:
    return {"kind": "ref", "name": name}


def round8(left: object, op: str, right: object) -> dict[str, Any]:
    return {
        "kind": "call",
        "function": "round8",
        "arguments": [{"kind": "binary", "op": op, "left": left, "right": right}],
    }


def let(name: str, value: object) -> dict[str, Any]:
    return {"kind": "let", "name": name, "value": value}


def conv(kernel: object, out: object, **more: object) -> dict[str, Any]:
    return {"kind": "conv", "kernel": kernel, "out": out, **more}


def dwconv(kernel: object, **more: object) -> dict[str, Any]:
    return {"kind": "dwconv", "kernel": kernel, **more}


def block(
    name: str, numeric: tuple[str, ...], steps: list[Any], shortcut: str = "none", act: str | None = None
) -> ir.Block:
    numbers = [{"name": each, "type": "kernel" if each == "kernel" else "number"} for each in numeric]
    return TypeAdapter(ir.Block).validate_python(
        {
            "name": name,
            "parameters": [*numbers, {"name": "act", "type": "activation"}],
            "steps": steps,
            "shortcut": {"kind": shortcut, "act": act},
        }
    )


UNLESS_IN = {"op": "!=", "left": ref("hidden"), "right": IN}
HIDDEN_IN = let("hidden", round8(IN, "*", ref("expand")))
HIDDEN_OUT = let("hidden", round8(OUT, "*", ref("expand")))
LAYER: dict[str, Any] = {"stride": "layer"}
ACT: dict[str, Any] = {"act": "act"}
KERNEL = ref("kernel")
EXPANSION = conv(num(1), ref("hidden"), when=UNLESS_IN, **ACT)
DEPTHWISE = dwconv(KERNEL, **LAYER, **ACT)
SQUEEZE_HIDDEN = {"kind": "se", "squeeze": round8(ref("hidden"), "div", num(4))}
SQUEEZE_IN = {"kind": "se", "squeeze": round8(IN, "div", num(4))}
POINT, ACT_POINT = conv(num(1), OUT), conv(num(1), OUT, **ACT)
HALVES = {
    "kind": "binary",
    "op": "div",
    "left": {"kind": "binary", "op": "-", "left": KERNEL, "right": num(1)},
    "right": num(2),
}
STACK = dwconv(num(3), repeat=HALVES, **LAYER, **ACT)
BOTTLENECK = [HIDDEN_OUT, conv(num(1), ref("hidden"), **ACT), conv(KERNEL, ref("hidden"), **LAYER, **ACT)]
FUSED = [HIDDEN_IN, conv(KERNEL, ref("hidden"), **LAYER, **ACT)]
MORE_THAN_ONE = {"op": ">", "left": ref("times"), "right": num(1)}
ODD = [
    conv(num(3), OUT, **LAYER, bias=True, norm=False, act="hswish"),
    {"kind": "act", "act": "relu", "when": MORE_THAN_ONE},
    conv(KERNEL, OUT, residual=True, repeat=ref("times"), **ACT),
    {"kind": "maxpool", "kernel": KERNEL},
    {"kind": "act", "act": "act"},
]
"""Every feature that the published blocks don't use."""

K, KE = ("kernel",), ("kernel", "expand")
BLOCKS = {
    each.name: each
    for each in (
        block("conv", K, [conv(KERNEL, OUT, **LAYER, **ACT)]),
        block("mbv1", K, [DEPTHWISE, ACT_POINT, dwconv(KERNEL, **ACT), ACT_POINT], "project"),
        block("mbv2", KE, [HIDDEN_IN, EXPANSION, DEPTHWISE, POINT], "project"),
        block("mbv3", KE, [HIDDEN_IN, EXPANSION, DEPTHWISE, SQUEEZE_HIDDEN, POINT], "project"),
        block("mbv2_k3", KE, [HIDDEN_IN, EXPANSION, STACK, POINT], "project"),
        block("mbv2_plain", KE, [HIDDEN_IN, EXPANSION, DEPTHWISE, POINT], "identity"),
        block("residual_bottleneck", KE, [*BOTTLENECK, POINT], "project", "act"),
        block("residual_bottleneck_se", KE, [*BOTTLENECK, SQUEEZE_IN, POINT], "project", "act"),
        block("fused_mb", KE, [*FUSED, POINT], "project"),
        block("fused_mb_se", KE, [*FUSED, SQUEEZE_IN, POINT], "project"),
        block("resnet_bottleneck", KE, [*BOTTLENECK, POINT], "avgpool_project", "act"),
        block("odd", ("kernel", "times"), ODD),
    )
}


def choices(*values: float, per_layer: bool = False) -> ir.Choices:
    return ir.Choices(values=values, per_layer=per_layer)


def candidate(
    id: int, name: str, act: str = "relu", *, per_layer: bool = False, **numbers: tuple[float, ...]
) -> ir.Candidate:
    made = {key: choices(*values, per_layer=per_layer) for key, values in numbers.items()}
    return ir.Candidate(id=id, block=name, numbers=made, acts={"act": act})  # type: ignore[dict-item]


def stage(
    name: str,
    stride: int,
    depth: tuple[int, ...],
    windows: list[tuple[int, ...]],
    *candidates: ir.Candidate,
    uniform: tuple[str, ...] = (),
    per_layer: bool = False,
) -> ir.Stage:
    return ir.Stage(
        name=name,
        stride=stride,
        depth=depth,
        windows=tuple(choices(*each, per_layer=per_layer) for each in windows),
        candidates=candidates,
        uniform=uniform,
    )


STEM = stage("stem1", 2, (1,), [(16,)], candidate(0, "conv", kernel=(3,)))
HEAD = (
    {"kind": "conv", "kernel": 1, "out": num(128), "act": "hswish"},
    {"kind": "pool"},
    {"kind": "dropout", "rate": 0.2},
    {"kind": "linear", "out": ref("classes")},
)
DEVICE = ir.Device(name="cpu", runtime="onnxruntime", precision="int8", threads=1, width_multiple=8)


def space(
    *stages: ir.Stage,
    kind: ir.Kind = "space",
    name: str = "tiny",
    stem: tuple[ir.Stage, ...] = (STEM,),
    resolutions: tuple[int, ...] = (32,),
    head: tuple[Any, ...] = HEAD,
    channels: int = 3,
    classes: int = 10,
) -> ir.SearchSpace:
    used = sorted({each.block for part in stem + stages for each in part.candidates})
    return TypeAdapter(ir.SearchSpace).validate_python(
        {
            "kind": kind,
            "name": name,
            "device": DEVICE,
            "channels": channels,
            "resolutions": resolutions,
            "classes": classes,
            "blocks": tuple(BLOCKS[each] for each in used),
            "stem": stem,
            "stages": stages,
            "head": head,
        }
    )


def sliding(count: int, *widths: int) -> list[tuple[int, ...]]:
    """The windows of `count` neighbours."""
    return [widths[at : at + count] for at in range(len(widths) - count + 1)]


def steps(low: int, high: int, step: int = 16) -> tuple[int, ...]:
    return tuple(range(low, high + 1, step))


ODD_KERNELS = (3, 5, 7)
VNNI_CANDIDATES = (
    candidate(0, "mbv1", "relu", kernel=ODD_KERNELS),
    candidate(1, "mbv2", "relu6", kernel=ODD_KERNELS, expand=(4, 6, 8)),
    candidate(2, "mbv3", "hswish", kernel=ODD_KERNELS, expand=(4, 6, 8)),
    candidate(3, "residual_bottleneck", "relu", kernel=ODD_KERNELS, expand=(0.5, 1, 1.5)),
    candidate(4, "residual_bottleneck_se", "relu", kernel=ODD_KERNELS, expand=(0.5, 1, 1.5)),
    candidate(5, "fused_mb", "swish", kernel=ODD_KERNELS, expand=(1, 2, 3, 4)),
    candidate(6, "fused_mb_se", "swish", kernel=ODD_KERNELS, expand=(1, 2, 3, 4)),
)


def vnni() -> ir.SearchSpace:
    """The paper's VNNI hyperspace."""
    rows = (
        (2, (2, 3, 4), sliding(2, *steps(32, 64))),
        (2, (2, 3, 4), sliding(2, *steps(32, 96))),
        (2, (2, 3, 4, 5, 6), sliding(3, *steps(64, 144))),
        (1, (2, 3, 4, 5, 6), sliding(3, *steps(112, 192))),
        (2, (2, 3, 4, 5, 6), sliding(5, *steps(192, 304))),
        (1, (1, 2), sliding(7, *steps(304, 448))),
    )
    stages = (stage(f"stage{at}", *row, *VNNI_CANDIDATES) for at, row in enumerate(rows, 1))
    stem = (
        stage("stem1", 2, (1,), [(16, 32)], candidate(0, "conv", kernel=(3,))),
        stage("stem2", 1, (1, 2), [(16, 32)], candidate(0, "residual_bottleneck", kernel=(3,), expand=(0.5,))),
    )
    return space(
        *stages, kind="hyperspace", name="vnni", stem=stem, resolutions=(160, 176, 192, 208, 224), classes=1000
    )
