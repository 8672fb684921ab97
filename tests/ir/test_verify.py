"""Whatever breaks an invariant of the IR is found and named by its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

import spacelang
from spacelang import ir
from spacelang.networks.architecture import model_of, smallest
from spacelang.networks.genome import Genome, narrow
from spacelang.report.codes import CODES
from spacelang.translate.json import read_json
from spacelang.verify.space import verify
from tests.ir.small import HYPERSPACE

SPACE = narrow(HYPERSPACE, Genome((1, 5), (0, 1)), "found")
MODEL = model_of(SPACE, smallest(SPACE), "best")
BASES = {"hyperspace": HYPERSPACE, "space": SPACE, "model": MODEL}
Spoil = Callable[[dict[str, Any]], object]


def put(*path: str | int, value: object) -> Spoil:
    """Sets one place of the JSON."""

    def spoil(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return spoil


def spoilt(base: str, spoil: Spoil) -> str:
    data = json.loads(ir.to_json(BASES[base]))
    spoil(data)
    return json.dumps(data)


WINDOW = {"values": [32, 48], "per_layer": False}
NUM = {"kind": "num", "value": 2}


@pytest.mark.parametrize(
    ("base", "spoil", "code", "message"),
    [
        ("hyperspace", put("name", value="a b"), "SP0904", "name: 'a b' is not a name"),
        (
            "hyperspace",
            put("stages", 1, "name", value="stage1"),
            "SP0218",
            "stages[1].name: two stages are called `stage1`",
        ),
        ("hyperspace", put("blocks", 0, "name", value="unknown"), "SP0904", "blocks: no stage uses 'unknown'"),
        (
            "hyperspace",
            lambda data: data["blocks"].reverse(),
            "SP0905",
            "blocks: the names of blocks aren't in ascending order",
        ),
        ("hyperspace", put("resolutions", value=[96, 64]), "SP0305", "resolutions[1]: 64 "),
        ("hyperspace", put("resolutions", value=[]), "SP0907", "resolutions: `resolutions` is empty"),
        ("hyperspace", put("classes", value=0), "SP0307", "classes: `classes` can't be 0"),
        (
            "hyperspace",
            put("stem", 0, "name", value="first"),
            "SP0905",
            "stem[0].name: 'first' is stem1 in normal form",
        ),
        (
            "hyperspace",
            put("stem", 0, "candidates", 0, "id", value=1),
            "SP0905",
            "stem[0].candidates[0].id: the block of a stem has search id 0",
        ),
        ("hyperspace", put("stages", 0, "depth", value=[0, 1]), "SP0307", "stages[0].depth[0]: `depth` can't be 0"),
        ("hyperspace", put("stages", 0, "stride", value=9), "SP0307", "stages[0].stride: `stride` can't be 9"),
        (
            "hyperspace",
            put("stages", 0, "windows", 0, "values", value=[33, 48]),
            "SP0301",
            "stages[0].windows[0].values[0]: 33 is not a multiple of 16",
        ),
        (
            "hyperspace",
            put("stages", 0, "windows", 1, "values", value=[48, 48]),
            "SP0305",
            "stages[0].windows[1].values[1]: 48 is written twice",
        ),
        (
            "hyperspace",
            put("stages", 0, "windows", 1, "values", value=[64, 80]),
            "SP0905",
            "stages[0].windows: these are not neighbouring windows of one list",
        ),
        ("hyperspace", put("stages", 0, "windows", value=[]), "SP0907", "stages[0].windows: `windows` is empty"),
        (
            "hyperspace",
            lambda data: data["stages"][0]["candidates"].reverse(),
            "SP0905",
            "stages[0].candidates: search ids aren't in ascending order",
        ),
        (
            "hyperspace",
            put("stages", 0, "candidates", 1, "id", value=36),
            "SP0406",
            "stages[0].candidates[1].id: a search id can't be 36",
        ),
        (
            "hyperspace",
            put("stages", 0, "candidates", value=[]),
            "SP0907",
            "stages[0].candidates: `candidates` is empty",
        ),
        (
            "hyperspace",
            put("stages", 0, "candidates", 0, "acts", value={}),
            "SP0401",
            "stages[0].candidates[0].block: block `mbv2` lacks `act`",
        ),
        (
            "hyperspace",
            put("stages", 0, "candidates", 0, "numbers", "kernel", "values", value=[3, 4]),
            "SP0501",
            "stages[0].candidates[0].numbers.kernel.values[1]: kernel 4 is even",
        ),
        (
            "hyperspace",
            put("stages", 0, "uniform", value=["kernel", "width"]),
            "SP0905",
            "stages[0].uniform: the normal form has the order width, kernel, expand",
        ),
        ("hyperspace", put("stages", value=[]), "SP0904", "blocks: no stage uses 'fused_mb'"),
        (
            "hyperspace",
            put("kind", value="space"),
            "SP0907",
            "stages[0]: a space has one block and one width list a stage",
        ),
        (
            "space",
            put("kind", value="model"),
            "SP0907",
            "stem[0]: values for each layer belong to models, choices to the others",
        ),
        (
            "space",
            put("stages", 0, "windows", value=[WINDOW, WINDOW]),
            "SP0905",
            "stages[0].windows: these are not neighbouring windows of one list",
        ),
        (
            "model",
            put("kind", value="space"),
            "SP0907",
            "stem[0]: values for each layer belong to models, choices to the others",
        ),
        (
            "model",
            put("resolutions", value=[64, 96]),
            "SP0315",
            "resolutions: `resolution` is a choice, but a model has a single value for it",
        ),
        (
            "model",
            put("stages", 0, "depth", value=[2]),
            "SP0314",
            "stages[0].windows[0]: `width` has 1 values for 2 layers",
        ),
        (
            "model",
            put("stages", 0, "uniform", value=["width"]),
            "SP0907",
            "stages[0].uniform: a model has nothing to share",
        ),
        (
            "hyperspace",
            put("blocks", 0, "parameters", 0, "type", value="number"),
            "SP0905",
            "blocks[0].parameters[0].type: parameter 'kernel' is used as kernel, not as number",
        ),
        (
            "hyperspace",
            put("blocks", 0, "steps", 0, "act", value="rleu"),
            "SP0905",
            "blocks[0].parameters[1].type: parameter 'act' is used as number, not as activation",
        ),
        (
            "hyperspace",
            put("blocks", 0, "steps", 0, "stride", value=0),
            "SP0307",
            "blocks[0].steps[0].stride: `stride` can't be 0",
        ),
        (
            "hyperspace",
            put("blocks", 0, "steps", 0, "out", value={"kind": "ref", "name": "width"}),
            "SP0203",
            "blocks[0].steps[0].out: unknown name `width` in block `conv`",
        ),
        (
            "hyperspace",
            put("blocks", 0, "steps", 0, "out", value={"kind": "call", "function": "round8", "arguments": [NUM, NUM]}),
            "SP0219",
            "blocks[0].steps[0].out: `round8` takes one argument, not 2",
        ),
        (
            "hyperspace",
            put("blocks", 0, "steps", 0, "out", value=NUM),
            "SP0418",
            "stem[0].candidates[0].block: block `conv` ends with 2 channels where the layer has 16",
        ),
        (
            "hyperspace",
            put("blocks", 0, "steps", 0, "stride", value=1),
            "SP0503",
            "stem[0].stride: block `conv` doesn't take a stride, but the layer's is 2",
        ),
        ("hyperspace", put("head", 0, "kernel", value=2), "SP0501", "head[0].kernel: a kernel can't be 2"),
        ("hyperspace", put("head", 2, "rate", value=1), "SP0307", "head[2].rate: `dropout` can't be 1"),
        (
            "hyperspace",
            put("head", 3, "out", value={"kind": "ref", "name": "out"}),
            "SP0203",
            "head[3].out: unknown name `out` in the head",
        ),
        (
            "hyperspace",
            put("head", 0, "out", value={"values": [64]}),
            "SP0905",
            "head[0].out: a choice of a head's widths has two values or more",
        ),
        (
            "hyperspace",
            put("quality", "samples", value=None),
            "SP0905",
            "quality.samples: the sampled estimator has it, the exact one does not",
        ),
        ("hyperspace", put("quality", "top", value=0), "SP0307", "quality.top: `top` can't be 0"),
        (
            "hyperspace",
            put("quality", "penalty", "threshold", value=2),
            "SP0307",
            "quality.penalty.threshold: `threshold` can't be 2",
        ),
        (
            "hyperspace",
            put("targets", "latency_ms", value=[0]),
            "SP0307",
            "targets.latency_ms[0]: `targets` can't be 0",
        ),
        ("hyperspace", put("quality", "top", value=500), "SP0318", "quality.top: `top` is 500, more than `samples`"),
        ("space", put("origin", "sha256", value=""), "SP0119", "origin.sha256: this isn't a SHA-256"),
        ("space", put("origin", "encoding", value="15"), "SP0119", "origin.encoding: this isn't an encoding"),
        ("space", put("origin", "name", value="a b"), "SP0904", "origin.name: 'a b' is not a name"),
        ("hyperspace", put("device", "threads", value=0), "SP0307", "device.threads: `threads` can't be 0"),
    ],
)
def test_a_broken_invariant_is_found(base: str, spoil: Spoil, code: str, message: str) -> None:
    with pytest.raises(spacelang.SpacelangError) as raised:
        read_json(spoilt(base, spoil))
    found = [f"{each.path}: {each.message}" for each in raised.value.diagnostics if each.code == code]
    assert any(message in each for each in found), raised.value.diagnostics


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("{", "SP0901", "line 1, column 2: expecting property name"),
        ("[" * 100_000, "SP0901", "nested too deeply"),
        ("[]", "SP0903", "the text isn't a JSON object"),
        ("{}", "SP0902", "ir_version is missing, this spacelang reads 1"),
        ('{"ir_version": 99}', "SP0902", "ir_version is 99, this spacelang reads 1"),
        ('{"ir_version": 1}', "SP0903", "kind: field required"),
        (spoilt("space", put("stages", 1, "depth", value="2")), "SP0903", "stages[1].depth: input should be a valid"),
        (spoilt("space", put("colour", value="red")), "SP0903", "colour: there is no such field"),
    ],
)
def test_json_that_is_no_ir_is_refused_with_the_path(text: str, code: str, message: str) -> None:
    with pytest.raises(spacelang.SpacelangError) as raised:
        read_json(text)
    found = [f"{each.path}: {each.message}" for each in raised.value.diagnostics if each.code == code]
    assert any(message in each for each in found)


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a JSON."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [each for key, value in items for each in ((*path, key), *places(value, (*path, key)))]


PLACES = [(base, path) for base, space in BASES.items() for path in places(json.loads(ir.to_json(space)))]
JUNK: tuple[object, ...] = (
    0,
    -1,
    2,
    0.5,
    1e30,
    10**19,
    "",
    "x",
    "act",
    "in",
    "layer",
    "model",
    None,
    True,
    [],
    {},
    NUM,
    WINDOW,
)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(JUNK))
def test_json_with_junk_in_it_is_refused_or_is_a_space(place: tuple[str, tuple[str | int, ...]], junk: object) -> None:
    base, path = place
    with suppress(spacelang.SpacelangError):
        space = read_json(spoilt(base, put(*path, value=junk)))
        assert spacelang.loads(spacelang.dumps(space)) == space


@pytest.mark.parametrize("space", BASES.values(), ids=BASES)
def test_a_valid_ir_has_no_finding(space: ir.SearchSpace) -> None:
    assert verify(space) == ()
    assert read_json(ir.to_json(space)) == space


def test_the_published_schema_is_that_of_the_code() -> None:
    path = Path(__file__).parents[2] / "docs" / "ir.schema.json"
    assert json.loads(path.read_text()) == TypeAdapter(ir.SearchSpace).json_schema()


def test_every_code_is_explained() -> None:
    assert {f"SP090{digit}" for digit in range(1, 8)} <= CODES.keys()
