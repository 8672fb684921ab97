"""What a diff says, and that it says nothing where nothing differs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

import spacelang
from spacelang import ir
from spacelang.networks.genome import Genome, narrow
from spacelang.review import Review, change_lines, to_lines, to_markdown
from spacelang.translate.diff import Change, diff
from tests.ir.small import HYPERSPACE, TEXT
from tests.strategies import any_space


def changed(*replacements: tuple[str, str]) -> tuple[Change, ...]:
    """The differences that an edit of the text makes."""
    text = TEXT
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after)
    return diff(HYPERSPACE, spacelang.loads(text))


@settings(max_examples=15, deadline=None)
@given(any_space)
def test_a_space_does_not_differ_from_itself(space: ir.SearchSpace) -> None:
    assert diff(space, space) == ()
    assert diff(space, spacelang.loads(spacelang.dumps(space))) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{64, 96}", "{64, 128}", [("resolution", "removed", "96", ""), ("resolution", "added", "", "128")]),
        ("classes 10", "classes 20", [("classes", "changed", "10", "20")]),
        ("threads 1", "threads 2", [("device.threads", "changed", "1", "2")]),
        ("expand {1, 2}", "expand {1, 2, 3}", [("stages.fused_mb.expand", "added", "", "3")]),
        ("act swish", "act relu", [("stages.fused_mb.act", "changed", "swish", "relu")]),
        ("5 = fused_mb", "4 = fused_mb", [("stages.fused_mb.id", "changed", "5", "4")]),
        ("conv 1 -> 128", "conv 1 -> 256", [
            ("head", "changed", "conv 1 -> 128, act hswish", "conv 1 -> 256, act hswish")
        ]),
        ("    dropout 0.2\n", "", [("head", "removed", "dropout 0.2", "")]),
        ("stride 1", "stride 2", [("stage2.stride", "changed", "1", "2")]),
        ("2 of 48..80", "2 of 48..96", [
            ("stage2.width", "changed", "2 of 48..80", "2 of 48..96"),
        ]),
        ("of 48..80 }", "of 48..80, uniform {width} }", [("stage2.uniform", "added", "", "width")]),
        ("stage1 { depth 1..2", "stage1 { depth 1..3", [("stage1.depth", "added", "", "3")]),
        ("{1, 2.5} ms", "{1, 4} ms", [
            ("targets.latency", "removed", "2.5", ""), ("targets.latency", "added", "", "4")
        ]),
        ("samples 100 ", "samples 200 ", [("quality.samples", "changed", "100", "200")]),
        ("threshold 0.08", "threshold 0.1", [("quality.penalty.threshold", "changed", "0.08", "0.1")]),
        ("seed 0", "seed 1", [("evolution.seed", "changed", "0", "1")]),
        ("  stage stage2 {", "  stage last {", [
            ("last", "renamed", "stage2", "last"),
        ]),
    ],
)  # fmt: skip
def test_an_edit_is_named(before: str, after: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert [(each.path, each.kind, each.before, each.after) for each in changed((before, after))] == expected


def test_a_block_added_to_one_stage_is_of_that_stage() -> None:
    listed = "2 of 48..80 }", "2 of 48..80, blocks { 1 = mbv2 { kernel {3, 5}, expand 4, act relu6 } } }"
    assert changed(listed) == (
        Change("stage2.block", "removed", "fused_mb { kernel 3, expand {1, 2}, act swish }", ""),
    )


def test_two_spaces_of_a_hyperspace() -> None:
    one, two = (narrow(HYPERSPACE, Genome((1, each), (0, 0)), "found") for each in (1, 5))
    assert [each.path for each in diff(one, two)] == ["from", "stage2.block"]


def test_a_change_of_a_block_body_shows_both() -> None:
    block = ir.replace(HYPERSPACE.blocks_by_name["mbv2"], shortcut=ir.Shortcut(kind="identity"))
    blocks = tuple(block if each.name == "mbv2" else each for each in HYPERSPACE.blocks)
    (change,) = diff(HYPERSPACE, ir.replace(HYPERSPACE, blocks=blocks))
    assert change.path == "block mbv2"
    assert list(change_lines([change])) == ["~ block mbv2  shortcut project → shortcut identity"]


def test_stages_in_another_order_are_one_change() -> None:
    other = ir.replace(HYPERSPACE, stages=HYPERSPACE.stages[::-1])
    assert diff(HYPERSPACE, other)[0] == Change("stages", "moved", "stage1, stage2", "stage2, stage1")


def test_lines_of_changes() -> None:
    changes = changed(("{64, 96}", "{64, 128}"), ("classes 10", "classes 20"))
    assert list(change_lines(changes)) == ["~ classes  10 → 20", "- resolution  96", "+ resolution  128"]
    assert to_lines(Review((), (), ())) == to_markdown(Review((), (), ())) == "No difference.\n"
