"""Small IRs, built by hand: the backends are tested without the language."""

from __future__ import annotations

from typing import Any

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
