"""IR → text: it comes back as the same IR, whatever the IR; and it reads well."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

import spacelang
from spacelang import ir
from spacelang.language.numbers import is_sayable, number_text
from spacelang.networks.architecture import model_of, smallest
from spacelang.networks.genome import Genome, narrow
from spacelang.translate.json import read_json
from spacelang.translate.printer import std_blocks
from spacelang.translate.spelling import expr_text, range_text, set_text
from spacelang.verify.space import verify
from tests.ir.small import HYPERSPACE
from tests.strategies import any_space


@settings(max_examples=40, deadline=None)
@given(any_space)
def test_print_check_and_lower_give_the_same_ir(space: ir.SearchSpace) -> None:
    assert verify(space) == ()
    text = spacelang.dumps(space)
    assert spacelang.loads(text) == space
    assert spacelang.format(text) == text


@settings(max_examples=15, deadline=None)
@given(any_space)
def test_json_gives_the_same_ir(space: ir.SearchSpace) -> None:
    assert read_json(ir.to_json(space)) == space


def test_a_searched_space_and_its_model_are_one_line_a_stage() -> None:
    space = narrow(HYPERSPACE, Genome((1, 5), (0, 1)), "found")
    text = spacelang.dumps(space)
    assert f'from hyperspace small, sha256 "{HYPERSPACE.sha256}", encoding "15-01"' in text
    assert "  stage stage1 mbv2 { depth 1..2, stride 2, width {32, 48}, kernel {3, 5}, expand 4, act relu6 }\n" in text
    model = model_of(space, smallest(space), "best")
    text = spacelang.dumps(model)
    assert "  stage stage2  fused_mb  { depth 1, stride 1, width 64, kernel 3, expand 1, act swish }\n" in text
    assert spacelang.loads(spacelang.dumps(model)) == model


def test_blocks_of_the_library_come_by_import() -> None:
    assert 'import "std/blocks.space"' in spacelang.dumps(HYPERSPACE)
    assert "block mbv2" not in spacelang.dumps(HYPERSPACE)


def test_a_library_name_with_another_body_is_written_out() -> None:
    other = ir.replace(std_blocks()["mbv2"], shortcut=ir.Shortcut())
    blocks = tuple(other if each.name == "mbv2" else each for each in HYPERSPACE.blocks)
    space = ir.replace(HYPERSPACE, blocks=blocks)
    text = spacelang.dumps(space)
    assert "import" not in text
    assert spacelang.loads(text) == space


def test_several_spaces_share_a_file() -> None:
    first, second = (narrow(HYPERSPACE, Genome((1, 5), (0, at)), f"found{at}") for at in (0, 1))
    text = spacelang.dumps(first, second)
    assert [spacelang.loads(text, each.name) for each in (first, second)] == [first, second]


A, B = ir.Ref(name="a"), ir.Ref(name="b")


def binary(op: str, left: ir.Expr, right: ir.Expr) -> ir.Expr:
    return ir.Binary(op=op, left=left, right=right)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (binary("-", binary("-", A, B), A), "a - b - a"),
        (binary("-", A, binary("-", B, A)), "a - (b - a)"),
        (binary("*", binary("+", A, B), A), "(a + b) * a"),
        (binary("+", A, binary("div", B, A)), "a + b div a"),
        (ir.Call(function="max", arguments=(binary("+", A, B), ir.Num(value=0.5))), "max(a + b, 0.5)"),
    ],
)
def test_expressions_have_no_more_parentheses_than_they_need(expr: ir.Expr, text: str) -> None:
    assert expr_text(expr) == text


@pytest.mark.parametrize(
    ("values", "step", "text"),
    [
        ((16, 32), 16, "{16, 32}"),
        ((16, 32, 48), 16, "16..48"),
        ((24, 40, 56), 16, "{24, 40, 56}"),
        (tuple(range(216, 361, 16)), 8, "216..360 step 16"),
        ((192,), 16, "192"),
    ],
)
def test_neighbouring_widths_are_a_range(values: tuple[int, ...], step: int, text: str) -> None:
    assert range_text(values, step, 3) == text


def test_numbers_are_written_without_exponents_and_sets_with_one_kind_of_number() -> None:
    assert number_text(1e-5) == "0.00001"
    assert set_text((0.5, 1, 1.5)) == "{0.5, 1.0, 1.5}"


@pytest.mark.parametrize(
    ("value", "sayable"), [(0.5, True), (1e-30, True), (-1, False), (float("inf"), False), (10**18, False)]
)
def test_what_a_text_can_hold(value: float, sayable: bool) -> None:
    assert is_sayable(value) == sayable
