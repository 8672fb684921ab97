"""The tree of a text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from spacelang import syntax
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.syntax.parse import parse
from tests.syntax.trees import bare, parsed


def terms(text: str) -> tuple[object, ...]:
    """The terms of a text of one phrase, without places."""
    (line,) = parsed(text).lines
    (phrase,) = line.phrases
    return tuple(bare(phrase.terms))


def word(text: str) -> tuple[str, str]:
    return ("Word", text)


def number(text: str) -> tuple[str, int | float, str]:
    return ("Number", float(text) if set(text) & set(".eE") else int(text), text)


def test_a_line_has_phrases_and_a_phrase_has_terms() -> None:
    (line,) = parsed("stage stage1 { depth 2..4, width 2 of 32..64 }").lines
    ((stage, name, group),) = bare(line)
    assert (stage, name) == (word("stage"), word("stage1"))
    depth = (word("depth"), ("Range", number("2"), number("4")))
    width = (word("width"), number("2"), word("of"), ("Range", number("32"), number("64")))
    assert group == ("Group", ((depth, width),))


def test_numbers_keep_their_spelling_and_strings_lose_their_escapes() -> None:
    assert terms("a 1.0 1e-5 0 12") == (word("a"), number("1.0"), number("1e-5"), number("0"), number("12"))
    assert terms(r'a "b\"c\\d"') == (word("a"), ("String", r'b"c\d'))


def test_multiplication_binds_stronger_and_chains_go_left() -> None:
    one, two = number("1"), number("2")
    product = ("Binary", "*", two, word("a"))
    assert terms("1 + 2 * a - b") == (("Binary", "-", ("Binary", "+", one, product), word("b")),)
    assert terms("a div 2 / 2") == (("Binary", "/", ("Binary", "div", word("a"), two), two),)
    assert terms("a + 1 != b") == (("Binary", "!=", ("Binary", "+", word("a"), one), word("b")),)


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
def test_a_comparison_is_a_term_of_its_own(operator: str) -> None:
    assert terms(f"when a {operator} b") == (word("when"), ("Binary", operator, word("a"), word("b")))


def test_a_call_has_its_parenthesis_directly_after_its_name() -> None:
    inner = ("Parenthesised", ("Binary", "-", word("kernel"), number("1")))
    assert terms("repeat (kernel - 1) div 2") == (word("repeat"), ("Binary", "div", inner, number("2")))
    assert terms("max(a, 2,)") == (("Call", word("max"), (word("a"), number("2"))),)
    assert terms("f()") == (("Call", word("f"), ()),)


def test_words_may_begin_with_a_keyword_of_the_grammar() -> None:
    assert terms("divide") == (word("divide"),)
    assert terms("a div(b)") == (("Binary", "div", word("a"), ("Parenthesised", word("b"))),)


def test_symbols_stand_between_terms() -> None:
    assert terms("0 = mbv1") == (number("0"), ("Symbol", "="), word("mbv1"))
    assert terms("conv 1 -> in * 6") == (
        word("conv"),
        number("1"),
        ("Symbol", "->"),
        ("Binary", "*", word("in"), number("6")),
    )


def test_a_value_for_each_layer() -> None:
    assert terms("[]") == (("PerLayer", ()),)
    assert terms("[1, {2, 3}, 2..4,]") == (
        ("PerLayer", (number("1"), bare(parsed("{2, 3}").lines[0].phrases[0].terms[0]), terms("2..4")[0])),
    )


def test_line_breaks_end_lines_in_braces_only() -> None:
    assert len(parsed("a {\n b\n c\n}").lines) == 1
    assert bare(parsed("a [\n1,\n2\n]\nf(\nx,\ny)")) == bare(parsed("a [1, 2]\nf(x, y)"))
    (line,) = parsed("a {\n\n b\n\n\n c\n}").lines
    group = line.phrases[0].terms[1]
    assert isinstance(group, syntax.Group)
    assert len(group.lines) == 2


def test_braces_in_brackets_have_lines_again() -> None:
    assert bare(parsed("a [\n{1\n2},\n3]")) == bare(parsed("a [{1\n2}, 3]"))


def test_a_trailing_comma_changes_nothing() -> None:
    assert bare(parsed("a {\n b 1,\n c 2,\n}")) == bare(parsed("a {\n b 1\n c 2\n}"))
    assert bare(parsed("a {b, c,}")) == bare(parsed("a {b, c}"))


@pytest.mark.parametrize("text", ["", "\n\n", " \t\n", "﻿", "# only this"])
def test_texts_without_lines(text: str) -> None:
    assert parsed(text).lines == ()


def test_other_line_ends_and_a_byte_order_mark() -> None:
    assert bare(parsed("﻿language 1\r\na {\r\n\tb\r\n}\r\n")) == bare(parsed("language 1\na {\n b\n}\n"))


def test_spans_are_what_was_written() -> None:
    text = 'language 1\nx f(a, b) + 1 {\n  "s" 2 .. 4 # c\n} -> [1, 2]'
    first, second = parsed(text).lines
    assert first.span.text == "language 1"
    assert second.span.text == text[11:]
    _, binary, group, arrow, layers = second.phrases[0].terms
    assert [each.span.text for each in (binary, arrow, layers)] == ["f(a, b) + 1", "->", "[1, 2]"]
    assert isinstance(group, syntax.Group)
    assert group.span.text == '{\n  "s" 2 .. 4 # c\n}'
    assert [each.span.text for each in group.lines[0].phrases[0].terms] == ['"s"', "2 .. 4"]


def test_trees_of_one_text_are_equal_wherever_they_were_parsed() -> None:
    source = Source("a", "a { b 1 } # c")
    assert parse(source, Report()) == parse(source, Report())


def test_threads_parse_side_by_side() -> None:
    texts = [f"a{number} {{ b {number} }}\n" * 20 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda text: bare(parse(Source("a", text), Report())), texts * 4))
    assert files == [bare(parsed(text)) for text in texts * 4]
