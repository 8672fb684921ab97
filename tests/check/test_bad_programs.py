"""Bad programs and all that is said about them, in one golden file."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.ast.loader import load_program
from spacelang.check import check
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.render import to_text
from spacelang.report.source import Source
from tests.conftest import Golden

BAD = Path(__file__).parent / "bad"
PROGRAMS = sorted(BAD.glob("*.space"))


def diagnostics(path: Path) -> tuple[Diagnostic, ...]:
    report = Report()
    program = load_program(Source(path.name, path.read_text("utf-8")), path, report)
    check(program, report)
    return report.sorted()


def test_all_that_is_said_about_bad_programs(golden: Golden) -> None:
    said = (f"=== {path.stem}\n\n{to_text(diagnostics(path))}\n" for path in PROGRAMS)
    golden("\n".join(said), "bad.txt")
    golden.holds_exactly(["bad.txt"])


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_bad_program_is_refused_or_warned_of(path: Path) -> None:
    found = diagnostics(path)
    assert found
    assert all(each.span is not None and each.message for each in found)


def test_the_corpus_is_large_enough() -> None:
    assert len(PROGRAMS) >= 150
