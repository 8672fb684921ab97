"""What is said of wrong syntax: the whole message, where, and how many."""

from __future__ import annotations

import pytest

from spacelang.report.codes.entry import Code
from spacelang.report.codes.syntax import CODES
from spacelang.report.diagnostics import Label, Report
from spacelang.report.source import Source
from spacelang.syntax.parse import parse
from tests.syntax.trees import bare, errors, parsed

RANGES = "a range goes between two numbers, `32..64` or `32..64 step 8`"
ARITHMETIC = "arithmetic takes numbers, names, calls and ( )"
NUMBERS = "numbers are like 24, 0.25 or 1e-5; names start with a letter"

SEMICOLON = "a line break or a comma ends a property; a comment begins with #"
MESSAGES = [
    # operators and ranges
    ("a 2..", "1:6 SP0001 found the end of the file after `..`, expected a number"),
    ("a 2..\nb", "1:6 SP0001 found the end of the line after `..`, expected a number"),
    ("a 2..b", "1:6 SP0001 found the word `b` after `..`, expected a number"),
    ("a b..2", f"1:4 SP0001 `..` can't follow the word `b` | {RANGES}"),
    ("a 2..4..6", f"1:7 SP0001 `..` can't follow the number `4` | {RANGES}"),
    ("a ..", f"1:3 SP0001 `..` can't follow the word `a` | {RANGES}"),
    ("a = 1 +", "1:8 SP0001 found the end of the file after `+`, expected a number or a name"),
    ("a { b * }", "1:9 SP0001 found `}` after `*`, expected a number or a name"),
    ("a = * 2", "1:5 SP0001 found `*` after `=`, expected a value"),
    ("a = -5", "1:5 SP0001 found `-` after `=`, expected a value | there are no negative numbers"),
    ("a {-5}", "1:4 SP0001 found `-`, expected a value | there are no negative numbers"),
    ("a {3} * 2", f"1:7 SP0001 `*` can't follow `}}` | {ARITHMETIC}"),
    ('a "b" + 1', f'1:7 SP0001 `+` can\'t follow the string `"b"` | {ARITHMETIC}'),
    ("a 1..2 + 3", f"1:8 SP0001 `+` can't follow the number `2` | {ARITHMETIC}"),
    ("a < b < c", "1:7 SP0001 `<` can't follow the word `b` | a comparison has two sides, `hidden != in`"),
    ("a // b", "1:3 SP0017 a comment begins with `#` | write # in each line of it"),
    # commas and brackets
    ("a, , b", "1:4 SP0001 found `,` after `,`, expected a value"),
    (", a", "1:1 SP0001 found `,`, expected a value"),
    ("a {, b}", "1:4 SP0001 found `,`, expected a value"),
    ("a (1 2)", "1:6 SP0001 found the number `2`, expected `)`"),
    ("a f(1 2)", "1:7 SP0001 found the number `2`, expected `,` or `)`"),
    ("a [1 2]", "1:6 SP0001 found the number `2`, expected `,` or `]` | `[a, b]` has one value for each layer"),
    ("a ()", "1:4 SP0001 found `)` after `(`, expected a number or a name"),
    ("a ({1})", "1:4 SP0001 found `{` after `(`, expected a number or a name"),
    ("a (b = c)", "1:6 SP0001 found `=`, expected `)` | `==` compares"),
    ("a [=]", "1:4 SP0001 found `=` after `[`, expected a value or `]`"),
    ("a f(b", "1:4 SP0002 `(` is not closed | write ) where it ends"),
    ("a [1, 2\nb", "1:3 SP0002 `[` is not closed | write ] where it ends"),
    ("a {\n  b\n", "3:1 SP0002 `{` is not closed before the end of the file | write } where it ends"),
    ("a }", "1:3 SP0003 this `}` closes nothing | remove it, or write the `{` that it closes further up"),
    ("a { b ) }", "1:7 SP0003 this `)` closes nothing | remove it"),
    ("a [1, 2)", "1:8 SP0003 `[` is closed by `)` | write ]"),
    # strings
    ('a "b', '1:3 SP0004 the string is not closed on its line | it ends with `"`; inside, a quote is written \\"'),
    (
        'a { b "c }',
        '1:7 SP0004 the string is not closed on its line | it ends with `"`; inside, a quote is written \\"',
    ),
    (
        'a "b\\n"',
        '1:5 SP0007 `\\n` is not an escape | the escapes are \\" and \\\\; paths have forward slashes',
    ),
    # characters
    ("a “b”", '1:3 SP0005 `“` (left double quotation mark) looks like `"` but is another character | write "'),
    ("a 2 – 1", "1:5 SP0005 `–` (en dash) looks like `-` but is another character | write -"),
    ("a 2…4", "1:4 SP0005 `…` (horizontal ellipsis) looks like `..` but is another character | write .."),
    (
        "a\u00a0b",
        "1:2 SP0005 there is an invisible character (U+00A0, no-break space) here | delete it, or write a space",
    ),
    ("a\0b", "1:2 SP0005 there is an invisible character (U+0000) here | delete it, or write a space"),
    ("größe 1", "1:3 SP0005 `ö` can't be part of a name | names are made of the letters a-z and A-Z, digits and _"),
    ("a ★", "1:3 SP0005 `★` (black star) means nothing in a .space text"),
    ("a; b; c", f"1:2 SP0005 `;` means nothing in a .space text | {SEMICOLON}"),
    (
        "depth: 2",
        "1:6 SP0005 `:` means nothing in a .space text | a value follows its name without a colon: `depth 2..4`, and a "
        "range has two dots",
    ),
    ("a @", "1:3 SP0005 `@` means nothing in a .space text"),
    # numbers
    ("a 08", "1:3 SP0006 `08` is not a number | write 8: numbers have no leading zeros"),
    ("a 1.", "1:3 SP0006 `1.` is not a number | write 1.0: a point needs digits on both sides"),
    ("a .5", "1:3 SP0006 `.5` is not a number | write 0.5: a point needs digits on both sides"),
    ("a 1_000", "1:3 SP0006 `1_000` is not a number | write 1000: digits are not grouped"),
    ("a 8ms", "1:3 SP0006 `8ms` is not a number | a space goes between a number and its unit: 8 ms"),
    ("a 3.0.1", f"1:3 SP0006 `3.0.1` is not a number | {NUMBERS}"),
    ("a 2...4", "1:4 SP0006 a range has two dots | write it like `2..4`"),
]


@pytest.mark.parametrize(("text", "message"), MESSAGES, ids=[text for text, _ in MESSAGES])
def test_a_mistake_is_told_with_its_place_and_mend(text: str, message: str) -> None:
    assert errors(text) == [message]


def test_the_span_is_the_token() -> None:
    report = Report()
    parse(Source("a", "abc = round8(x) == y == z {"), report)
    assert [each.span.text for each in report.sorted() if each.span] == ["==", ""]


def test_an_unclosed_brace_points_to_where_it_was_opened() -> None:
    report = Report()
    source = Source("a", "device d {\n  threads 1\n")
    parse(source, report)
    (error,) = report.diagnostics
    assert error.labels == (Label(source.span(9, 10), "opened here"),)


def test_indentation_tells_which_brace_was_forgotten() -> None:
    text = """\
hyperspace a on b {
  head {
    pool
  stage s {
    depth 1
  }
}
device b {
  threads 1
}
"""
    report = Report()
    file = parse(Source("a", text), report)
    (error,) = report.diagnostics
    assert str(error.span) == "a:4:3"
    assert [str(each.span) for each in error.labels] == ["a:2:8"]
    assert len(file.lines) == 2


def test_a_declaration_at_the_margin_ends_what_was_left_open() -> None:
    text = "block a() {\n  conv 1 -> 2\n\ndevice d {\n  threads 1 +\n}\n"
    assert errors(text) == [
        "4:1 SP0002 `{` is not closed before this `device` | write } where it ends",
        "5:14 SP0001 found the end of the line after `+`, expected a number or a name",
    ]


def test_odd_indentation_is_no_error() -> None:
    parsed("      a {\n   b {\nc\n }\n}\ndevice d {\ndevice 1\n}")


def test_three_mistakes_give_three_errors() -> None:
    text = """\
hyperspace a on vnni {
  resolution {160, 176
  classes    1000 ..

  stage stage1 { depth 2..4, stride = + 2, width 2 of 32..64 }
  stage stage2 { depth 2..4, stride 2, width 3 of 32..96 }
}
"""
    assert [each.split()[:2] for each in errors(text)] == [["3:3", "SP0002"], ["3:21", "SP0001"], ["5:39", "SP0001"]]


def test_a_mistake_in_a_header_hides_none_below_it_and_makes_none() -> None:
    text = "hyperspace = + a on b {\n  c\n  d = *\n  stage s { e }\n}\nf"
    assert [each.split()[0] for each in errors(text)] == ["1:14", "3:7"]
    file = parse(Source("a", text), Report())
    assert bare(file) == bare(parsed("f"))


def test_a_line_with_an_error_is_left_out_and_no_other() -> None:
    file = parse(Source("a", "a {\n  b 1\n  c 2 ..\n  d f(x y) { e }\n  g 3\n}\nh"), Report())
    assert bare(file) == bare(parsed("a {\n  b 1\n  g 3\n}\nh"))


def test_several_errors_of_one_line_are_one_but_for_bad_numbers() -> None:
    assert len(errors("a = = + * ( 2 .. ] ..")) == 2
    assert len(errors("a 08, b 09")) == 2


def test_errors_come_in_the_order_of_the_text() -> None:
    places = [each.split()[0] for each in errors("a ..\nb “\nc 08\nd (\ne ..")]
    assert places == ["1:3", "2:3", "3:3", "4:3", "5:3"]


EXAMPLES = [code for code in CODES if code.bad]


@pytest.mark.parametrize("code", EXAMPLES, ids=[code.code for code in EXAMPLES])
def test_the_examples_of_the_codes_show_them(code: Code) -> None:
    assert {each.split()[1] for each in errors(code.bad)} == {code.code}
    assert errors(code.good) == []
