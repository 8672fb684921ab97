"""A mistake in a text and the same one in JSON: one code, one message."""

from __future__ import annotations

import json
from typing import Any

import pytest

import spacelang
from spacelang import ir
from spacelang.translate.json import read_json

TEXT = """language 1
block b(kernel, expand, act) {
  hidden = round8(in * expand)
  conv 1 -> hidden, act
  dwconv kernel, stride, act, repeat 2
  se round8(hidden div 4)
  conv 1 -> out
  shortcut project
}
block c(act) {
  conv 3 -> out, stride, act
}
device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 16, hidden any }
hyperspace h on d {
  input 3 channels
  resolution {64, 96}
  classes 10
  stem c { depth 1, stride 2, width 16, act relu }
  stage one { depth {1, 2}, stride 2, width {32, 48}, blocks { 1 = b { kernel {3, 5}, expand {1, 2}, act relu } } }
  stage two { depth {1, 2}, stride 1, width {48, 64}, blocks { 1 = b { kernel {3, 5}, expand {1, 2}, act relu } } }
  head {
    conv 1 -> 128, act relu
    pool
    dropout 0.2
    linear -> classes
  }
  targets latency {5, 8} ms
  quality { estimator sampled { samples 100 }, top 5, chain strict, penalty { threshold 0.5, exponent 2 } }
  evolution { population 10, sample 5, spaces 100, seed 0 }
  distill { epochs 1 }
  train { momentum 0.5 }
}
"""
ONE, TWO = ("stages", 0), ("stages", 1)
USE = (*ONE, "candidates", 0)
STEPS = ("blocks", 0, "steps")
STAGE = (
    "stage one { depth {1, 2}, stride 2, width {32, 48}, blocks { 1 = b { kernel {3, 5}, expand {1, 2}, act relu } } }"
)


def stage(old: str, new: str) -> tuple[str, str]:
    return STAGE, STAGE.replace(old, new)


def num(value: float) -> dict[str, Any]:
    return {"kind": "num", "value": value}


def ref(name: str) -> dict[str, Any]:
    return {"kind": "ref", "name": name}


def binary(left: Any, op: str, right: Any) -> dict[str, Any]:
    return {"kind": "binary", "op": op, "left": left, "right": right}


HIDDEN = ("  conv 1 -> hidden, act\n", "  conv 1 -> {}, act\n")


def hidden(text: str) -> tuple[str, str]:
    return HIDDEN[0], HIDDEN[1].format(text)


MISTAKES: list[tuple[tuple[str, str], tuple[str | int, ...], Any]] = [
    (("{64, 96}", "{96, 64}"), ("resolutions",), [96, 64]),
    (("{64, 96}", "{64, 64}"), ("resolutions",), [64, 64]),
    (("{64, 96}", "{0, 96}"), ("resolutions",), [0, 96]),
    (("{64, 96}", "{64, 5000}"), ("resolutions",), [64, 5000]),
    (("{64, 96}", "{2, 96}"), ("resolutions",), [2, 96]),
    (("classes 10", "classes 0"), ("classes",), 0),
    (("input 3", "input 0"), ("channels",), 0),
    (("input 3", "input 2000"), ("channels",), 2000),
    (("threads 1", "threads 0"), ("device", "threads"), 0),
    (("threads 1", "threads 2000"), ("device", "threads"), 2000),
    (("multiple of 16", "multiple of 0"), ("device", "width_multiple"), 0),
    (("stage two", "stage one"), (*TWO, "name"), "one"),
    (stage("depth {1, 2}", "depth {2, 1}"), (*ONE, "depth"), [2, 1]),
    (stage("depth {1, 2}", "depth {0, 2}"), (*ONE, "depth"), [0, 2]),
    (stage("depth {1, 2}", "depth {1, 65}"), (*ONE, "depth"), [1, 65]),
    (stage("stride 2", "stride 9"), (*ONE, "stride"), 9),
    (stage("{32, 48}", "{32, 40}"), (*ONE, "windows", 0, "values"), [32, 40]),
    (stage("{32, 48}", "{48, 32}"), (*ONE, "windows", 0, "values"), [48, 32]),
    (stage("{32, 48}", "{32, 32}"), (*ONE, "windows", 0, "values"), [32, 32]),
    (stage("{32, 48}", "{0, 32}"), (*ONE, "windows", 0, "values"), [0, 32]),
    (stage("1 = b", "36 = b"), (*USE, "id"), 36),
    (stage("1 = b", "1 = bb"), (*USE, "block"), "bb"),
    (stage("{3, 5}", "{3, 4}"), (*USE, "numbers", "kernel", "values"), [3, 4]),
    (stage("{3, 5}", "{5, 3}"), (*USE, "numbers", "kernel", "values"), [5, 3]),
    (stage("{3, 5}", "{3, 101}"), (*USE, "numbers", "kernel", "values"), [3, 101]),
    (stage("{3, 5}", "{3, 99}"), (*USE, "numbers", "kernel", "values"), [3, 99]),
    (stage("expand {1, 2}", "expand {0, 1}"), (*USE, "numbers", "expand", "values"), [0, 1]),
    (stage("expand {1, 2}", "expand {2, 2}"), (*USE, "numbers", "expand", "values"), [2, 2]),
    (stage("act relu", "act relu, more 3"), (*USE, "numbers", "more"), {"values": [3], "per_layer": False}),
    (stage(", act relu", ""), (*USE, "acts"), {}),
    (hidden("width"), (*STEPS, 1, "out"), ref("width")),
    (hidden("hidden / 3"), (*STEPS, 1, "out"), binary(ref("hidden"), "/", num(3))),
    (hidden("hidden - hidden"), (*STEPS, 1, "out"), binary(ref("hidden"), "-", ref("hidden"))),
    (hidden("hidden / 0"), (*STEPS, 1, "out"), binary(ref("hidden"), "/", num(0))),
    (
        hidden("round8(hidden, 2)"), (*STEPS, 1, "out"),
        {"kind": "call", "function": "round8", "arguments": [ref("hidden"), num(2)]},
    ),
    (("  conv 1 -> hidden, act\n", "  conv 1 -> hidden, act rleu\n"), (*STEPS, 1, "act"), "rleu"),
    (("  conv 1 -> hidden, act\n", "  conv 2 -> hidden, act\n"), (*STEPS, 1, "kernel"), num(2)),
    (("  conv 1 -> hidden, act\n", "  conv 1 -> hidden, stride 9, act\n"), (*STEPS, 1, "stride"), 9),
    (("  conv 1 -> hidden, act\n", "  conv 1 -> hidden, stride 2, act\n"), (*STEPS, 1, "stride"), 2),
    (("  conv 1 -> hidden, act\n", "  conv 1 -> hidden, act, residual\n"), (*STEPS, 1, "residual"), True),
    (("repeat 2", "repeat 0"), (*STEPS, 2, "repeat"), num(0)),
    (("repeat 2", "repeat 101"), (*STEPS, 2, "repeat"), num(101)),
    (("  se round8(hidden div 4)", "  se hidden / 7"), (*STEPS, 3, "squeeze"), binary(ref("hidden"), "/", num(7))),
    (("  conv 1 -> out\n  shortcut", "  conv 1 -> hidden\n  shortcut"), (*STEPS, 4, "out"), ref("hidden")),
    (("  conv 3 -> out, stride, act", "  conv 3 -> out, act"), ("blocks", 1, "steps", 0, "stride"), 1),
    (("    conv 1 -> 128", "    conv 2 -> 128"), ("head", 0, "kernel"), 2),
    (("-> 128", "-> in / 5"), ("head", 0, "out"), binary(ref("in"), "/", num(5))),
    (("-> 128", "-> out"), ("head", 0, "out"), ref("out")),
    (("dropout 0.2", "dropout 1"), ("head", 2, "rate"), 1),
    (("linear -> classes", "linear -> 11"), ("head", 3, "out"), num(11)),
    (("{5, 8} ms", "{8, 5} ms"), ("targets", "latency_ms"), [8, 5]),
    (("{5, 8} ms", "{0, 8} ms"), ("targets", "latency_ms"), [0, 8]),
    (("top 5", "top 0"), ("quality", "top"), 0),
    (("top 5", "top 500"), ("quality", "top"), 500),
    (("threshold 0.5", "threshold 2"), ("quality", "penalty", "threshold"), 2),
    (("sample 5,", "sample 50,"), ("evolution", "sample"), 50),
    (("seed 0", "seed 4294967296"), ("evolution", "seed"), 4294967296),
    (("momentum 0.5", "momentum 1"), ("train", "momentum"), 1),
]  # fmt: skip


def refused_text(old: str, new: str) -> list[tuple[str, str]]:
    assert TEXT.count(old) == 1
    with pytest.raises(spacelang.SpacelangError) as raised:
        spacelang.loads(TEXT.replace(old, new))
    return sorted((each.code, each.message) for each in raised.value.diagnostics if each.severity == "error")


def refused_json(path: tuple[str | int, ...], value: Any) -> list[tuple[str, str]]:
    data = json.loads(ir.to_json(spacelang.loads(TEXT)))
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(spacelang.SpacelangError) as raised:
        read_json(json.dumps(data))
    assert all(each.path for each in raised.value.diagnostics)
    return sorted((each.code, each.message) for each in raised.value.diagnostics)


@pytest.mark.parametrize(("edit", "path", "value"), MISTAKES, ids=[each[0][1].strip() for each in MISTAKES])
def test_one_code_and_one_message(edit: tuple[str, str], path: tuple[str | int, ...], value: Any) -> None:
    assert refused_json(path, value) == refused_text(*edit)
