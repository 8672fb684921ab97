"""Inputs that can't be meant are errors, and cost little."""

from __future__ import annotations

from time import process_time

import pytest

from spacelang.language import limits
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.syntax.parse import parse
from tests.syntax.trees import bare, errors, parsed


def test_a_text_that_is_too_large_is_refused() -> None:
    assert parsed("# " + "é" * (limits.FILE_BYTES // 2 - 1)).lines == ()
    assert errors("# " + "é" * (limits.FILE_BYTES // 2)) == [
        "1:1 SP0010 the text has 1048578 bytes, more than 1048576",
    ]


@pytest.mark.parametrize("part", ["{} ", "a ", "1, ", "b\n", "#\n", "\n", "( ", "{b 1} "])
def test_a_text_of_as_many_tokens_as_fit_into_it_is_refused_soon(part: str) -> None:
    text = "a " + part * ((limits.FILE_BYTES - 2) // len(part))
    start = process_time()
    (error,) = errors(text)
    assert process_time() - start < 2
    assert "SP0010 the text has more than 300000 words, numbers, signs, comments and line breaks" in error


def test_a_text_with_too_many_tokens_is_refused() -> None:
    parsed("a\n" * 5000 + "b " * (limits.TOKENS - 10_000))
    assert "SP0010" in errors("a\n" * 5000 + "b " * (limits.TOKENS - 9999))[0]


def test_brackets_that_are_nested_too_deep_are_refused() -> None:
    deep = limits.NESTING
    parsed("a " + "{" * deep + "1" + "}" * deep)
    assert errors("a " + "{" * (deep + 1) + "1" + "}" * (deep + 1) + "\nb ..") == [
        "1:19 SP0011 brackets are nested more than 16 deep",
        "2:3 SP0001 `..` can't follow the word `b` | a range goes between two numbers, `32..64` or `32..64 step 8`",
    ]


@pytest.mark.parametrize(("opening", "closing"), ["{}", "()"])
def test_absurd_nesting_is_one_error(opening: str, closing: str) -> None:
    (error,) = errors("a " + opening * 40_000 + closing * 40_000)
    assert "SP0011" in error


def test_too_many_items_in_a_pair_of_brackets_are_refused() -> None:
    most = limits.GROUP_ITEMS
    parsed("a {" + "1, " * most + "}")
    parsed("a {" + "1,\n" * most + "}")
    assert errors("a {" + "1, " * most + "1}") == ["1:30004 SP0012 more than 10000 items in one pair of brackets"]
    assert errors("a\n" * (most + 1)) == ["10001:1 SP0012 more than 10000 items in the top of a file"]


def test_numbers_that_are_too_long_or_too_large_are_refused() -> None:
    parsed("a 123456789012345678 1e308")
    assert errors("a 1234567890123456789") == ["1:3 SP0013 a number of 19 digits, more than 18"]
    assert errors("a 1e309") == ["1:3 SP0013 `1e309` is larger than any number that can be stored"]
    assert errors(f"a {'1' * 100_000}") == ["1:3 SP0013 a number of 100000 digits, more than 18"]


def test_an_expression_with_too_many_operators_is_refused() -> None:
    most = limits.EXPRESSION_OPERATORS
    parsed("a = 1" + " + 1" * most)
    parsed("a " + "{1 + 1}, " * most + "b")
    assert errors("a = 1" + " + 1" * (most + 5)) == ["1:407 SP0014 more than 100 operators in one expression"]


def test_the_operators_of_nested_calls_count_together() -> None:
    text = "a = " + "f(1 + 1, " * 10 + "1" + " + 1" * 95 + ")" * 10
    assert [each.split()[1] for each in errors(text)] == ["SP0014"]


def test_after_a_hundred_errors_the_rest_is_not_read() -> None:
    found = errors("a ..\n" * (limits.SYNTAX_ERRORS + 50))
    assert len(found) == limits.SYNTAX_ERRORS + 1
    assert found[-1] == "100:3 SP0015 more than 100 errors: the rest of the file was not read"


def test_what_is_too_deep_leaves_the_rest_of_the_tree() -> None:
    source = Source("a", "a 1\nb " + "(" * 99 + "1" + ")" * 99 + "\nc 2")
    assert bare(parse(source, Report())) == bare(parsed("a 1\nc 2"))
