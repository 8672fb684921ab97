"""Which runtime and precision a collection is for."""

from __future__ import annotations

import pytest

from spacelang import ir
from spacelang.latency.collect.target import target_of
from spacelang.report.diagnostics import SpacelangError
from tests.latency.collect.devices import space_of


@pytest.fixture(scope="module")
def spaces() -> list[ir.SearchSpace]:
    return [space_of("vnni"), space_of("pixel4")]


def refusal(spaces: list[ir.SearchSpace], device: str | None = None) -> tuple[str, str]:
    with pytest.raises(SpacelangError) as refused:
        target_of(spaces, device)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "SP1106"
    return diagnostic.message, diagnostic.help


def test_the_device_of_the_spaces_decides(spaces: list[ir.SearchSpace]) -> None:
    assert target_of(spaces[:1]) == ("onnxruntime", ("int8",), 1)
    assert target_of(spaces[1:]) == ("tflite", ("int8",), 1)


def test_of_several_devices_one_is_named(spaces: list[ir.SearchSpace]) -> None:
    assert target_of(spaces, "pixel4") == ("tflite", ("int8",), 1)
    assert target_of(spaces, "vnni") == ("onnxruntime", ("int8",), 1)


def test_the_user_may_say_otherwise(spaces: list[ir.SearchSpace]) -> None:
    assert target_of(spaces, runtime="tflite", precisions=("int8", "fp32")) == ("tflite", ("int8", "fp32"), 1)


def test_devices_of_two_runtimes_are_refused(spaces: list[ir.SearchSpace]) -> None:
    assert refusal(spaces) == (
        "the spaces are on devices with onnxruntime and tflite", "choose one with --runtime"
    )  # fmt: skip


def test_an_unknown_device_is_refused(spaces: list[ir.SearchSpace]) -> None:
    assert refusal(spaces, "pixel5") == ("none of the spaces is on a device named pixel5", "did you mean `pixel4`?")
    assert refusal(spaces, "toaster")[1] == "legal here: vnni or pixel4"


def test_a_device_says_on_how_many_threads(spaces: list[ir.SearchSpace]) -> None:
    several = ir.replace(spaces[0], device=ir.replace(spaces[0].device, name="four", threads=4))
    assert target_of([several]).threads == 4
    assert target_of([several], threads=2).threads == 2
    assert target_of([spaces[0], several], "four").threads == 4
    assert refusal([spaces[0], several]) == (
        "the spaces are on devices with 1 and 4 threads", "choose one with --threads"
    )  # fmt: skip
