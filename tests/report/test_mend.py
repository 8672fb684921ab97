"""Helps that can be carried out: what the edits write, and that they mend what they were given for."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.driver import check_source
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.mend import Mend, Place, fixes, put, write
from spacelang.report.source import Source
from spacelang.report.suggest import did_you_mean, legal

BAD = sorted((Path(__file__).parents[1] / "check" / "bad").glob("*.space"))


def findings(path: Path, text: str) -> tuple[Diagnostic, ...]:
    report = Report()
    check_source(Source(path.name, text), path, report)
    return report.sorted()


MENDABLE = [each for each in BAD if any(one.fixes for one in findings(each, each.read_text(errors="surrogateescape")))]


def carried_out(text: str, part: str, help: str) -> list[str]:
    source = Source("test", text)
    at = text.index(part)
    found = fixes(help, source.span(at, at + len(part)))
    return [text[: each.start] + each.text + text[each.end :] for each in found]


def test_a_mend_prints_as_its_text() -> None:
    assert f"{did_you_mean('kernle', ['kernel'])}" == "did you mean `kernel`?"
    assert did_you_mean("q", []) == ""


def test_a_near_word_is_the_one_edit_and_is_sure() -> None:
    mend = did_you_mean("kernle", ["kernel", "expand"])
    assert [each.text for each in mend.edits] == ["kernel"]
    assert mend.sure


def test_legal_words_are_alternatives_of_which_none_is_sure() -> None:
    mend = legal(["relu", "swish"])
    assert [each.text for each in mend.edits] == ["relu", "swish"]
    assert not mend.sure


def test_prose_has_no_edits() -> None:
    assert carried_out("a b", "b", "choose another name") == []
    assert Diagnostic("SP0001", "wrong", help="did you mean `x`?").fixes == ()


def test_edits_stand_where_they_say() -> None:
    text = "language 1\n\n  pool\n  linear\n"
    assert carried_out(text, "linear", write("", "conv")) == ["language 1\n\n  pool\n  conv\n"]
    assert carried_out(text, "linear", put("", "drop", Place.ABOVE)) == ["language 1\n\n  pool\n  drop\n  linear\n"]
    assert carried_out(text, "linear", put("", " -> classes", Place.AFTER)) == [
        text.replace("linear", "linear -> classes")
    ]


@pytest.mark.parametrize(
    ("text", "part", "left"),
    [
        ("a\nb\nc\n", "b", "a\nc\n"),
        ("a\n  b,  \nc\n", "b", "a\nc\n"),
        ("a\nb", "b", "a\n"),
        ("{ a, b, c }", "b", "{ a, c }"),
        ("{ a, b }", "b", "{ a }"),
        ("{ b, c }", "b", "{ c }"),
        ("a {\n  b\n} d\n", "{\n  b\n}", "a  d\n"),
    ],
)  # fmt: skip
def test_what_goes_takes_its_line_or_its_comma_with_it(text: str, part: str, left: str) -> None:
    assert carried_out(text, part, put("", "", Place.AWAY)) == [left]


@pytest.mark.parametrize("path", MENDABLE, ids=lambda path: path.stem)
def test_fixes_of_bad_programs_mend_what_they_were_given_for(path: Path) -> None:
    text = path.read_text(errors="surrogateescape")
    before = findings(path, text)
    for finding in before:
        for fix in finding.fixes if finding.span and finding.span.source.name == path.name else ():
            after = findings(path, text[: fix.start] + fix.text + text[fix.end :])
            assert alike(after, finding) < alike(before, finding), f"{finding.message}: {fix}"
            assert broken(after) <= broken(before), fix


def alike(found: tuple[Diagnostic, ...], finding: Diagnostic) -> int:
    return sum((each.code, each.message) == (finding.code, finding.message) for each in found)


def broken(found: tuple[Diagnostic, ...]) -> int:
    return sum(each.code.startswith("SP000") for each in found)


def test_a_good_share_of_bad_programs_has_a_fix() -> None:
    assert len(MENDABLE) >= 100


def test_mends_keep_their_edits_in_a_diagnostic() -> None:
    assert isinstance(Diagnostic("SP0001", "wrong", help=did_you_mean("a", ["ab"])).help, Mend)
