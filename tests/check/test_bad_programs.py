"""Bad programs: all that is said about `bad/x.space` stands in `bad/x.expected`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spacelang.driver import check_source
from spacelang.report.diagnostics import Diagnostic, Report, Severity
from spacelang.report.render import to_text
from spacelang.report.source import Source
from tests.conftest import Golden

ROOT = Path(__file__).parents[2]
BAD = Path(__file__).parent / "bad"
PROGRAMS = sorted(BAD.glob("*.space"))


def diagnostics(path: Path) -> tuple[Diagnostic, ...]:
    report = Report()
    check_source(Source(path.name, path.read_text("utf-8")), path, report)
    return report.sorted()


@pytest.fixture
def expectations(request: pytest.FixtureRequest) -> Golden:
    return Golden(BAD, request.config.getoption("--update-golden"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_what_is_said_about_bad_programs(path: Path, expectations: Golden) -> None:
    expectations(to_text(diagnostics(path)), f"{path.stem}.expected")


def test_every_program_has_its_expectation(expectations: Golden) -> None:
    programs = [path.name for path in PROGRAMS]
    expectations.holds_exactly([*programs, *(f"{path.stem}.expected" for path in PROGRAMS)])


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_bad_program_is_refused_or_warned_of(path: Path) -> None:
    found = diagnostics(path)
    assert found
    assert all(each.span is not None and each.message for each in found)


def braced(path: Path) -> Iterator[str]:
    """A program with each of its braces left out, and with each closing brace twice."""
    text = path.read_text("utf-8")
    for at, char in enumerate(text):
        if char in "{}" and "#" not in text[text.rfind("\n", 0, at) + 1 : at]:
            yield text[:at] + text[at + 1 :]
        if char == "}":
            yield f"{text[:at]}}} {text[at:]}"


@pytest.mark.parametrize("name", ["vnni", "ofa_resnet50", "seqnet_vnni_a2"])
def test_a_brace_too_few_or_too_many_is_one_error(name: str) -> None:
    path = ROOT / "specs" / f"{name}.space"
    for text in braced(path):
        report = Report()
        check_source(Source(path.name, text), path, report)
        found = [each for each in report.sorted() if each.severity is Severity.ERROR]
        assert [each.code for each in found] in (["SP0002"], ["SP0003"]), text


def test_the_corpus_is_large_enough() -> None:
    assert len(PROGRAMS) >= 150
