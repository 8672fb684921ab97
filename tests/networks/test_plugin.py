"""An operator of a plug-in's own: one entry, and it is read, checked, costed, counted and emitted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args

import numpy as np
import pytest

import spacelang
from spacelang import ir
from spacelang.backends.supernet import backend
from spacelang.ir.expressions import Compare
from spacelang.ir.operators import (
    LAWS,
    OPERATORS,
    Costs,
    Law,
    Layout,
    Op,
    Operator,
    Step,
    Values,
    condition_part,
    part,
    register,
)
from spacelang.latency.runtimes.onnxruntime import qoperator
from spacelang.latency.runtimes.protocol import RuntimeName
from spacelang.latency.runtimes.runtime import runtime
from spacelang.latency.runtimes.tflite import flatbuffer, writer
from spacelang.networks.architecture import smallest
from spacelang.networks.census import census
from spacelang.networks.cost import cost, total
from spacelang.networks.kernels import Kernel
from spacelang.steps.network import HSIGMOID
from spacelang.translate.json import read_json

TEXT = """language 1
device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }
block scaled(act) {
  conv 3 -> out, stride, act
  channel_scale, strength 0.5, when out > 8
}
space s on d {
  input 3 channels, resolution 32, classes 10
  stem scaled { depth 1, stride 2, width 8, act relu }
  stage one scaled { depth 1, stride 1, width {8, 16}, act relu }
  head {
    pool
    linear -> classes
  }
}
"""


class ChannelScale(Step):
    """A factor for each channel; `strength` is what they begin with."""

    kind: Literal["channel_scale"] = "channel_scale"
    strength: float = part("number", "strength X", default=1.0)
    when: Compare | None = condition_part()


def _ops(layout: Layout, step: ChannelScale, values: Values) -> None:
    layout.append("channel_scale", layout.channels)


def _cost(op: Op) -> Costs:
    return op.channels_out * op.size_out**2, op.channels_out, 0


@pytest.fixture
def registered() -> Iterator[None]:
    register(Operator("channel_scale", ChannelScale, "a factor for each channel", "ChannelScale", _ops, Law(_cost)))
    try:
        yield
    finally:
        del OPERATORS["channel_scale"], LAWS["channel_scale"]


def refusal(text: str) -> list[tuple[str, str]]:
    with pytest.raises(spacelang.SpacelangError) as raised:
        spacelang.loads(text)
    return [(each.code, each.message) for each in raised.value.diagnostics]


def test_without_the_entry_it_is_unknown() -> None:
    assert refusal(TEXT) == [("SP0114", "unknown operator `channel_scale`")]


@pytest.mark.usefixtures("registered")
def test_it_is_read_printed_and_checked() -> None:
    space = spacelang.loads(TEXT)
    assert space.blocks[0].steps[1].strength == 0.5  # type: ignore[union-attr]
    assert "channel_scale, strength 0.5, when out > 8" in spacelang.dumps(space)
    assert spacelang.loads(spacelang.dumps(space)) == space
    wrong = TEXT.replace("strength 0.5", "strenght 0.5")
    assert refusal(wrong) == [("SP0115", "unknown modifier `strenght`")]
    assert refusal(TEXT.replace("out > 8", "width > 8"))[0][0] == "SP0203"


@pytest.mark.usefixtures("registered")
def test_json_holds_it() -> None:
    space = spacelang.loads(TEXT)
    assert read_json(ir.to_json(space)) == space


@pytest.mark.usefixtures("registered")
def test_it_is_costed_and_counted() -> None:
    space = spacelang.loads(TEXT)
    narrow, wide = (ir.replace(space, stages=(_only(space.stages[0], width),)) for width in (8, 16))
    costs = [total(each.cost for each in cost(each, smallest(each))) for each in (narrow, wide)]
    scaled = costs[1].macs - costs[0].macs - 8 * 9 * 8 * 16**2 - 8 * 10
    assert scaled == 16 * 16**2
    assert census(space)[Kernel("channel_scale", 16, 16, 16)] == 1


@pytest.mark.usefixtures("registered")
def test_the_supernet_has_its_layer() -> None:
    text = backend.emit(spacelang.loads(TEXT))["supernet.py"]
    assert "nn.ChannelScale(strength=0.5)" in text


@pytest.mark.usefixtures("registered")
def test_with_a_function_for_each_runtime_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def onnx_factors(writer: Any, step: Any, x: Any) -> Any:
        factors = writer.graph.constant(np.full(step.made.channels, 200, np.uint8))
        return writer.multiply(step, x, (factors, *writer.graph.grid(HSIGMOID)))

    def tflite_factors(writer: Any, step: Any, x: Any) -> Any:
        grid = flatbuffer.Quantization((HSIGMOID.scale,), -128)
        return writer.multiply(
            step, x, writer.graph.constant(np.full((1, 1, 1, step.made.channels), 72, np.int8), grid)
        )

    monkeypatch.setitem(qoperator.WRITERS, "channel_scale", onnx_factors)
    monkeypatch.setitem(writer.WRITERS, "channel_scale", tflite_factors)
    space = spacelang.loads(TEXT)
    wide = ir.replace(space, stages=(_only(space.stages[0], 16),))
    for name in get_args(RuntimeName):
        measured_in = runtime(name)
        measured_in.kernel(Kernel("channel_scale", 16, 16, 16), "int8").run()
        measured_in.network(wide, smallest(wide), "int8").run()


def _only(stage: ir.Stage, width: int) -> ir.Stage:
    return ir.replace(stage, windows=(ir.Choices(values=(width,)),))
