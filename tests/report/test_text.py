"""What people see of a diagnostic."""

from __future__ import annotations

import re
from textwrap import dedent
from time import process_time

import pytest

from spacelang.report.diagnostics import Diagnostic, Label, Severity
from spacelang.report.render import to_text
from spacelang.report.render.excerpt import MAX_COLUMNS
from spacelang.report.render.text import summary
from spacelang.report.source import Source, Span


def span_of(source: Source, text: str, last: str | None = None) -> Span:
    """From the first `text` to the end of `last`."""
    start = source.text.index(text)
    return source.span(start, source.text.index(last or text) + len(last or text))


def shown(diagnostic: Diagnostic) -> str:
    return to_text([diagnostic]).removesuffix(f"\n{summary([diagnostic])}\n")


def test_a_place_a_second_place_and_a_mend() -> None:
    source = Source("vnni.space", "device vnni {\n  widths multiple of 16\n}\n\n\nstage s { width 24..64 }\n")
    label = Label(span_of(source, "multiple of 16"), "declared here")
    diagnostic = Diagnostic(
        "SP0301", "width 24 breaks the rule", span_of(source, "24"), "not a multiple of 16", (label,), "16 or 32"
    )
    assert shown(diagnostic) == dedent("""\
        error[SP0301]: width 24 breaks the rule
         --> vnni.space:6:17
          |
        2 |   widths multiple of 16
          |          -------------- declared here
          …
        6 | stage s { width 24..64 }
          |                 ^^ not a multiple of 16
          = help: 16 or 32
        """)


def test_two_places_on_one_line() -> None:
    source = Source("a.space", "kernel 3, kernel 5\n")
    diagnostic = Diagnostic("SP0102", "twice", source.span(10, 18), labels=(Label(source.span(0, 8), "first here"),))
    assert shown(diagnostic).splitlines()[3:6] == [
        "1 | kernel 3, kernel 5",
        "  | -------- first here",
        "  |           ^^^^^^^^",
    ]


def test_a_place_in_another_file_gets_its_own_excerpt() -> None:
    source, other = Source("a.space", "block conv()\n"), Source("std/blocks.space", "\nblock conv(kernel)\n")
    diagnostic = Diagnostic("SP0201", "taken", source.span(6, 10), labels=(Label(other.span(7, 11), "declared here"),))
    assert shown(diagnostic) == dedent("""\
        error[SP0201]: taken
         --> a.space:1:7
          |
        1 | block conv()
          |       ^^^^
         --> std/blocks.space:2:7
          |
        2 | block conv(kernel)
          |       ---- declared here
        """)


def test_a_span_over_several_lines_is_shown_at_both_ends() -> None:
    source = Source("a.space", "stage s {\n  depth 2\n  width 3\n}\n")
    diagnostic = Diagnostic("SP0102", "no stride", span_of(source, "stage", "}"), "in this stage")
    assert shown(diagnostic).splitlines()[3:] == [
        "1 | stage s {",
        "  | ^^^^^^^^^",
        "  …",
        "4 | }",
        "  | ^ in this stage",
    ]


@pytest.mark.parametrize(
    ("text", "word", "line", "carets"),
    [
        ("\tdepth\t9", "9", "    depth   9", "            ^"),
        ("漢字 = x", "x", "漢字 = x", "       ^"),
        ("e\u0301 = x", "x", "e\u0301 = x", "    ^"),
        ("a\x1b[31m = x", "x", "a\\x1b[31m = x", "            ^"),
        ("a\u202eb = x", "x", "a\\u202eb = x", "           ^"),
        ("a \x00", "\x00", "a \\x00", "  ^^^^"),
    ],
)
def test_carets_stand_under_what_the_terminal_shows(text: str, word: str, line: str, carets: str) -> None:
    source = Source("a.space", text)
    lines = shown(Diagnostic("SP0001", "here", span_of(source, word))).splitlines()
    assert lines[3:] == [f"1 | {line}", f"  | {carets}"]


@pytest.mark.parametrize("text", ["", "depth", "depth\n"])
def test_the_end_of_the_text_is_a_place(text: str) -> None:
    source = Source("a.space", text)
    lines = shown(Diagnostic("SP0001", "ends here", source.span(len(text), len(text)))).splitlines()
    assert lines[-1].endswith("^")
    assert lines[1].strip() == f"--> {source.span(len(text), len(text))}"


@pytest.mark.parametrize("before", [0, 50, 5_000, 100_000])
def test_a_very_long_line_is_cut_around_the_place(before: int) -> None:
    source = Source("a.space", "x" * before + "BAD" + "y" * 5_000)
    line, carets = shown(Diagnostic("SP0001", "here", span_of(source, "BAD"))).splitlines()[3:]
    assert len(line) <= MAX_COLUMNS + len("1 | ……")
    at = carets.index("^^^")
    assert line[at : at + 3] == "BAD"


def test_many_errors_on_one_line_are_shown_soon() -> None:
    source = Source("a.space", "depht 2, " * 10_000)
    start = process_time()
    to_text(Diagnostic("SP0104", "unknown", source.span(9 * at, 9 * at + 5)) for at in range(10_000))
    assert process_time() - start < 3


def test_messages_cannot_drive_the_terminal() -> None:
    source = Source("a\x1b.space", "x\n")
    label = Label(source.span(0, 1), "\x1b]0;label\x07")
    diagnostic = Diagnostic("SP0001", "bad \x1b[2J\nword", source.span(0, 1), "\x07", (label,), "use \u202ethis")
    assert not re.search(r"[^\n -~]", shown(diagnostic))


def test_a_finding_without_a_place() -> None:
    diagnostic = Diagnostic("SP0701", "the table doesn't fit", note="made for another", help="import it\nanew")
    assert shown(diagnostic) == dedent("""\
        error[SP0701]: the table doesn't fit
         = note: made for another
         = help: import it
                 anew
        """)


def test_colours_change_nothing_else() -> None:
    source = Source("a.space", "depth 9\n")
    diagnostics = [Diagnostic("SP0301", "too deep", source.span(6, 7), "here", help="less")]
    coloured = to_text(diagnostics, color=True)
    assert "\x1b[1;31merror[SP0301]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == to_text(diagnostics)


@pytest.mark.parametrize(
    ("errors", "warnings", "expected"),
    [(0, 0, "no errors"), (1, 0, "1 error"), (2, 1, "2 errors, 1 warning"), (0, 3, "3 warnings")],
)
def test_the_summary_counts(errors: int, warnings: int, expected: str) -> None:
    found = [Diagnostic("SP0001", "e")] * errors
    found += [Diagnostic("SP0002", "w", severity=Severity.WARNING)] * warnings
    assert summary(found) == expected
    assert to_text(found).endswith(f"\n{expected}\n" if found else "")
