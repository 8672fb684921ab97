"""`encoding.json` and `kernels.json` say what they are meant to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import spacelang
from spacelang.backends.encoding import backend as encoding
from spacelang.backends.latency import backend as latency
from spacelang.ir.nodes import SearchSpace
from spacelang.networks.architecture import count_models
from spacelang.networks.census import census
from spacelang.networks.genome import decode, narrow
from spacelang.networks.kernels import Kernel
from tests.backends.test_census import TINY, every_model

SPECS = Path(__file__).parents[2] / "specs"


def encoded(of: SearchSpace) -> dict[str, Any]:
    return dict(json.loads(encoding.emit(of)["encoding.json"]))


@pytest.mark.parametrize(
    ("name", "spaces"), [("vnni", 240945152), ("vnni_released", 95551488), ("pixel4_released", 1185901920)]
)
def test_the_published_cardinalities(name: str, spaces: int) -> None:
    assert encoded(spacelang.load(SPECS / f"{name}.space"))["spaces"] == str(spaces)


def test_every_digit_decodes_to_what_it_stands_for() -> None:
    of = spacelang.load(SPECS / "vnni.space")
    made = encoded(of)
    assert list(made["stages"][0]["blocks"]) == list("0123456")
    assert made["stages"][0]["widths"] == {"0": [32, 48], "1": [48, 64]}
    for at, alphabet in enumerate(made["stages"]):
        for digit, widths in alphabet["widths"].items():
            code = "000000-" + "".join(digit if place == at else "0" for place in range(6))
            space = narrow(of, decode(of, code), "narrowed")
            assert list(space.stages[at].windows[0].values) == widths


def test_the_example_can_be_decoded() -> None:
    of = spacelang.load(SPECS / "vnni.space")
    assert decode(of, encoded(of)["example"]).windows == (0,) * 6
    space = narrow(of, decode(of, "151122-023231"), "found")
    assert encoded(space)["example"] == f"vnni@{of.short_hash}:151122-023231"
    assert encoded(space)["stages"][1]["widths"] == {"2": [64, 80]}


def test_models_are_counted_once_for_each_space_that_holds_them() -> None:
    assert encoded(TINY["uniform"])["models"] == str(len(list(every_model(TINY["uniform"]))))
    hyperspace = TINY["blocks and windows"]
    assert encoded(hyperspace)["models"] == str(len(list(every_model(hyperspace))))
    digits = spacelang.load(SPECS / "digits.space")
    sampled = narrow(digits, decode(digits, "012-010"), "one")
    assert encoded(sampled)["models"] == str(count_models(sampled))


def test_kernels_are_the_census() -> None:
    of = spacelang.load(SPECS / "digits.space")
    document = json.loads(latency.emit(of)["kernels.json"])
    found = {
        Kernel(kind, **_named(kind, dict(zip(table["columns"], row, strict=True)))): row[-1]
        for kind, table in document["kernels"].items()
        for row in table["rows"]
    }
    assert found == census(of)
    assert document["count"] == len(found)


def _named(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    del row["max_per_model"]
    same = {} if kind in ("conv", "linear") else {"channels_out": row["channels_in"]}
    return {"size": 1, **same, **row}
