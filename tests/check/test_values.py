"""What written values stand for, and the arithmetic of sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacelang import ast
from spacelang.ast.choices import count, expand, windows
from spacelang.language.arithmetic import Real, round8
from spacelang.language.shapes import kernel_reaches, size_after, sizes
from spacelang.report.source import Source

SPAN = Source("values", "").span(0, 0)


def number(value: Real) -> ast.Number:
    return ast.Number(value, SPAN)


def span_of(low: Real, high: Real, step: Real | None = None) -> ast.Values:
    return ast.Values("range", (number(low), number(high)), None if step is None else number(step), SPAN)


def test_a_range_goes_by_the_device_where_it_has_no_step() -> None:
    assert expand(span_of(32, 64), 16) == (32, 48, 64)
    assert expand(span_of(32, 64, 8), 16) == (32, 40, 48, 56, 64)


def test_a_range_of_fractions_has_no_rounding_in_it() -> None:
    assert expand(span_of(0.1, 0.5, 0.1), 1) == (0.1, 0.2, 0.3, 0.4, 0.5)


def test_whole_floats_are_integers() -> None:
    assert expand(ast.Values("set", (number(0.5), number(1.0)), None, SPAN), 1) == (0.5, 1)


def test_a_huge_range_is_counted_without_being_written_out() -> None:
    assert count(span_of(1, 10**9), 1) == 10**9


@given(st.integers(0, 50), st.integers(0, 50), st.integers(-3, 9))
def test_counting_agrees_with_writing_out(low: int, high: int, step: int) -> None:
    values = span_of(low, high, step)
    assert count(values, 1) == len(expand(values, 1))


def test_windows_are_neighbours() -> None:
    assert windows(ast.Widths(number(2), span_of(32, 64), SPAN), 16) == ((32, 48), (48, 64))
    assert windows(ast.Widths(None, span_of(32, 64), SPAN), 16) == ((32, 48, 64),)


@given(st.floats(1, 1e6))
def test_round8_never_loses_more_than_a_tenth(value: float) -> None:
    rounded = round8(value)
    assert rounded % 8 == 0
    assert rounded >= 8
    assert rounded >= 0.9 * value
    assert rounded <= max(8, value + 8)


@pytest.mark.parametrize(("value", "rounded"), [(1, 8), (11.9, 16), (12, 16), (19.9, 24), (84, 88), (83.9, 80)])
def test_round8_goes_to_the_nearest_multiple(value: float, rounded: int) -> None:
    assert round8(value) == rounded


def test_sizes_round_up() -> None:
    assert size_after(7, 2) == 4
    assert sizes(225, (2, 2, 1)) == (225, 113, 57, 57)


def test_kernels_that_reach_their_map() -> None:
    assert kernel_reaches(7, 5)
    assert kernel_reaches(9, 5)
    assert not kernel_reaches(11, 5)
    assert kernel_reaches(1, 1)
