"""Bad programs: all that is said about `bad/x.space` stands in `bad/x.expected`."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.driver import check_source
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.render import to_text
from spacelang.report.source import Source
from tests.conftest import Golden

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


def test_the_corpus_is_large_enough() -> None:
    assert len(PROGRAMS) >= 150
