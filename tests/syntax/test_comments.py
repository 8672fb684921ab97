"""Where comments and blank lines go."""

from __future__ import annotations

from collections.abc import Iterable

from spacelang import syntax
from tests.syntax.trees import comments, parsed


def texts(found: Iterable[syntax.Comment]) -> list[str]:
    return [each.text for each in found]


def group_of(line: syntax.Line) -> syntax.Group:
    group = line.phrases[0].terms[-1]
    assert isinstance(group, syntax.Group)
    return group


def test_own_lines_go_to_the_line_below() -> None:
    (line,) = parsed("# one\n\n  # two\nlanguage 1").lines
    assert texts(line.comments) == ["# one", "# two"]
    assert line.trailing is None


def test_after_a_line() -> None:
    first, second = parsed("a 1, # one\nb {\n} # two").lines
    assert first.trailing is not None
    assert (first.trailing.text, first.trailing.span.start) == ("# one", 5)
    assert second.trailing is not None
    assert second.trailing.text == "# two"


def test_before_a_closing_brace_and_the_end_of_the_file() -> None:
    file = parsed("a {\n  b # one\n  # two\n  # three\n}\n# four")
    group = group_of(file.lines[0])
    assert texts(group.comments) == ["# two", "# three"]
    assert texts(file.comments) == ["# four"]


def test_after_an_opening_brace_goes_above_the_first_line() -> None:
    (line,) = parsed("a { # why\n  # more\n  b\n}").lines
    assert line.trailing is None
    assert texts(group_of(line).lines[0].comments) == ["# why", "# more"]


def test_after_the_opening_brace_of_an_empty_group() -> None:
    assert texts(group_of(parsed("a { # why\n}").lines[0]).comments) == ["# why"]


def test_between_the_values_of_a_set() -> None:
    (line,) = parsed("kernel {\n  3, # small\n  # large\n  5\n}").lines
    first, second = group_of(line).lines
    assert first.trailing is not None
    assert (first.trailing.text, texts(second.comments)) == ("# small", ["# large"])


def test_inside_brackets_go_above_the_line() -> None:
    (line,) = parsed("# zero\na [1, # one\n  # two\n  2] # three").lines
    assert texts(line.comments) == ["# zero", "# one", "# two"]
    assert line.trailing is not None
    assert line.trailing.text == "# three"


def test_a_comment_loses_trailing_spaces_only() -> None:
    assert list(comments(parsed("#  a \t\r\n#\n"))) == ["#  a", "#"]


def test_a_hash_in_a_string_is_no_comment() -> None:
    assert list(comments(parsed('a "# b" # c'))) == ["# c"]


def test_blank_lines_belong_to_what_is_below() -> None:
    file = parsed("a\n# c\nb\n\n# c\nd\n \t\n\ne {\n\nf\n}")
    assert [line.blank_before for line in file.lines] == [False, False, True, True]
