"""Good programs pass; what is said is complete, exact and quick."""

from __future__ import annotations

import random
import time
from itertools import product
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from spacelang import ir
from spacelang.ast.bodies import lower_body
from spacelang.ast.loader import Program, load_program
from spacelang.ast.settings import settings
from spacelang.check import check
from spacelang.check.ranges import Range, range_of
from spacelang.ir.expressions import Undefined, evaluate
from spacelang.language.schema import ACTIVATIONS, FUNCTIONS, SECTIONS
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.source import Source
from spacelang.report.suggest import did_you_mean, listed
from spacelang.translate.lower import lower
from spacelang.verify.space import verify
from tests.check.frame import program

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.space"))


def checked(text: str, path: Path | None = None) -> tuple[Program, tuple[Diagnostic, ...]]:
    report = Report()
    loaded = load_program(Source("test.space", text), path, report)
    check(loaded, report)
    return loaded, report.sorted()


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_nothing_is_said_of_the_specs(path: Path) -> None:
    assert checked(path.read_text("utf-8"), path)[1] == ()


# --- what is legal, though it looks odd ---


@pytest.mark.parametrize(
    "fragment",
    [
        "resolution {160, 161}",
        "resolution 2..4 step 2\nstem conv { depth 1, stride 1, width 16, kernel 3, act relu }\n"
        "stage one mbv1 { depth 1, stride 2, width 32, kernel 1, act relu }",
        "stage one mbv1 { depth 1..2, stride 2, width 32..32, kernel 3, act relu, uniform width }",
        "stage one mbv2 { depth 1..2, stride 2, width 32, kernel 3..7 step 2, expand 0.5..1.5 step 0.5, act relu }",
        "stage one { depth 1, stride 2, width 32, blocks { 35 = mbv1 { kernel 3, act relu } } }",
        "block b(kernel, middle, act) {\n  half = round8(out / 2)\n  conv 3 -> half, stride 2, act\n"
        "  conv 3 -> half, act, residual, when middle == 1\n  conv kernel -> out, act\n  maxpool 3, stride 2\n}\n"
        "stem b { depth 1, stride 4, width 16, kernel 3, middle {0, 1}, act relu }",
        "block b(kernel, act) {\n  avgpool 3, stride, when stride != 1\n  conv kernel -> out, act\n}\n"
        "stage one b { depth 1..2, stride 2, width 32, kernel 3, act relu }",
        "head {\n  conv 1 -> in * 6, act swish\n  pool\n  conv 1 -> {64, 128}, act swish, norm none\n  dropout 0.2\n"
        "  linear -> classes\n}",
        "head {\n  pool\n  linear -> 128\n  act relu\n  linear -> classes\n}",
        "quality { estimator sampled { samples 50 }, top 50, penalty { threshold 0, exponent 0 } }",
        'from hyperspace vnni, sha256 "' + "0a" * 32 + '", encoding "1_0"',
        "block b(act) {\n  conv 3 -> out * 2, act\n  conv 3 -> out, stride, act\n  shortcut project, act\n}\n"
        "stage one b { depth 1..2, stride 2, width 32, act relu }",
    ],
)
def test_legal_programs_pass_and_lower(fragment: str) -> None:
    loaded, said = checked(program(fragment))
    assert {each.code for each in said} <= {"SP0319"}
    assert all(verify(space) == () for space in lower(loaded))


# --- tables that must agree with the IR ---


def test_activations_are_those_of_the_ir() -> None:
    assert get_args(ir.ActivationName) == ACTIVATIONS


def test_functions_are_those_of_the_ir() -> None:
    assert set(get_args(get_type_hints(ir.Call)["function"])) == set(FUNCTIONS)


def test_settings_are_the_fields_of_the_ir() -> None:
    text = program(
        "quality { estimator sampled { samples 50 }, top 5, chain strict, penalty { threshold 0.1, exponent 2 } }\n"
        "evolution { population 5, sample 2, spaces 50, seed 7 }\n"
        "distill { epochs 1 }\ntrain { batch 32, momentum 0.5 }"
    )
    loaded, said = checked(text)
    assert said == ()
    found = {each.name.text: settings(each) for each in loaded.main.spaces[0].sections}
    assert found == {
        "quality": {
            "estimator": "sampled",
            "samples": 50,
            "top": 5,
            "chain": "strict",
            "penalty": {"threshold": 0.1, "exponent": 2},
        },
        "evolution": {"population": 5, "sample": 2, "spaces": 50, "seed": 7},
        "distill": {"epochs": 1},
        "train": {"batch": 32, "momentum": 0.5},
    }
    assert settings(loaded.devices["d"]) == {
        "runtime": "onnxruntime",
        "precision": "int8",
        "threads": 1,
        "width_multiple": 16,
    }


@pytest.mark.parametrize(
    ("section", "model"),
    [("evolution", ir.Evolution), ("distill", ir.Distill), ("train", ir.Train), ("device", ir.Device)],
)
def test_every_field_of_the_ir_can_be_written(section: str, model: type[ir.Node]) -> None:
    assert {each.key for each in SECTIONS[section]} == set(model.fields) - {"name"}


# --- parts ---


def test_types_of_parameters_follow_from_their_use() -> None:
    text = "language 1\nblock b(size, factor, act) {\n  conv size -> round8(in * factor * size), stride, act\n}\n"
    parameters = lower_body(checked(text)[0].blocks["b"]).block.parameters
    assert {each.name: each.type for each in parameters} == {"size": "kernel", "factor": "number", "act": "activation"}


def test_ranges_hold_for_every_choice() -> None:
    text = (
        "language 1\nblock b(x, y) {\n  conv 3 -> round8(in * x) + min(out, y, 3) div 2 - x / 2, stride\n"
        "  conv 1 -> max(x, y) * (in - out) div 3 + in * 0.1\n}\n"
    )
    block = lower_body(checked(text)[0].blocks["b"]).block
    chance = random.Random(0)
    for step, _ in product(block.steps, range(200)):
        sets = {name: sorted(chance.sample(range(-50, 90, 2), 3)) for name in ("in", "out", "x", "y")}
        found = range_of(step.out, {name: Range.of(tuple(values)) for name, values in sets.items()})  # type: ignore[union-attr]
        assert found is not None
        value = evaluate(step.out, {name: chance.choice(values) for name, values in sets.items()})  # type: ignore[union-attr]
        assert found.low <= value <= found.high
        for number in (1, 2, 3, 8):
            assert not found.multiple_of(number) or value % number == 0


def test_numbers_beyond_all_bounds_are_no_crash() -> None:
    power = " * ".join(["1e18"] * 40)
    text = program(
        f"block b(act) {{\n  conv 3 -> round8(in * {power}), stride, act\n  conv 1 -> out\n}}\n"
        "stage one b { depth 1, stride 2, width 32, act relu }"
    )
    assert {each.code for each in checked(text)[1]} == {"SP0415"}
    with pytest.raises(Undefined):
        evaluate(lower_body(checked(text)[0].blocks["b"]).block.steps[0].out, {"in": 16})  # type: ignore[union-attr]


def test_the_nearest_name_is_suggested_or_all_are_listed() -> None:
    assert did_you_mean("Kernel", ["kernel", "act"]) == "did you mean `kernel`?"
    assert did_you_mean("x", ["kernel", "act"]) == "legal here: kernel or act"
    assert did_you_mean("x", []) == ""
    assert did_you_mean("a1", [f"a{at}" for at in range(1000)]).endswith("a10, a11, … (1000 in all)")
    assert listed(map(str, range(30))).endswith("11, … (30 in all)")


# --- all in one run, and quickly ---


def test_mistakes_in_different_parts_are_found_in_one_run() -> None:
    text = program(
        "device d { runtime onnx, precision int8, threads 0, widths multiple of 16 }\n"
        "resolution {224, 160}\nstage one { depth 2..1, stride 2, width 4 of 30..64 }\n"
        "quality { estimator exact, top 0 }\nhead {\n  pool\n  linear -> clases\n}"
    )
    codes = [each.code for each in checked(text)[1]]
    assert codes == ["SP0111", "SP0307", "SP0305", "SP0302", "SP0301", "SP0203", "SP0307"]


def test_a_hundred_lines_are_checked_in_20_ms() -> None:
    path = next(each for each in SPECS if each.stem == "vnni")
    lines = path.read_text("utf-8").splitlines()
    text = "\n".join([*lines, *["# a comment"] * (100 - len(lines))]) + "\n"

    def seconds() -> float:
        start = time.process_time()
        assert checked(text, path)[1] == ()
        return time.process_time() - start

    assert min(seconds() for _ in range(10)) < 0.02


def test_a_hostile_block_is_given_up_on_in_time() -> None:
    """What can't be shown for all choices is tried up to a limit, and then said not to be checked."""
    numbers = ", ".join(f"p{index} 1..50" for index in range(6))
    names = ", ".join(f"p{index}" for index in range(6))
    same = " * ".join(f"p{index}" for index in range(6))
    stages = "\n".join(f"stage s{index} b {{ depth 1..4, stride 1, width 16..800, {numbers} }}" for index in range(20))
    body = f"  conv 3 -> in + out - in, stride\n  conv 1 -> out * ({same}) / ({same})\n"
    text = program(f"block b({names}) {{\n{body}}}\n{stages}")
    start = time.process_time()
    assert {each.code for each in checked(text)[1]} == {"SP0505"}
    assert time.process_time() - start < 5


@pytest.mark.parametrize("seed", range(4))
def test_damaged_specs_give_messages_or_networks(seed: int) -> None:
    """Whatever passes can be lowered and verified; nothing ends in a traceback."""
    chance = random.Random(seed)
    texts = {path: path.read_text("utf-8") for path in SPECS}
    tokens = [word for text in texts.values() for word in text.split()]
    for _ in range(60):
        path = chance.choice(SPECS)
        text = _damaged(texts[path], tokens, chance)
        loaded, said = checked(text, path)
        if not any(each.severity == "error" for each in said):
            for space in lower(loaded):
                assert verify(space) == ()


def _damaged(text: str, tokens: list[str], chance: random.Random) -> str:
    words = text.split(" ")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(words))
        match chance.randrange(3):
            case 0:
                words[at] = chance.choice(tokens)
            case 1:
                del words[at]
            case _:
                words.insert(at, chance.choice(tokens))
    return " ".join(words)
