"""The table of codes: complete, and true to what the checks do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spacelang.ast.loader import load_program
from spacelang.check import check
from spacelang.language import document
from spacelang.report.codes import CODES, Code
from spacelang.report.codes.document import page
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from tests.check.frame import program
from tests.conftest import Golden

ROOT = Path(__file__).parents[2]
OWN = [each for each in CODES.values() if "SP0100" < each.code < "SP0600"]
WITH_PROGRAMS = [each for each in OWN if each.bad]
EXPECTED = "".join(path.read_text("utf-8") for path in (Path(__file__).parent / "bad").glob("*.expected"))
BY_FILES = {"SP0215", "SP0311"}
"""Codes whose programs are made of large or many files; `test_loader` has them."""


def codes_of(text: str) -> set[str]:
    report = Report()
    check(load_program(Source("example.space", text), None, report), report)
    return {each.code for each in report.diagnostics}


def test_every_code_in_use_is_explained() -> None:
    used = {
        code
        for folder in ("spacelang", "backends")
        for path in (ROOT / folder).rglob("*.py")
        if "codes" not in path.parts
        for code in re.findall(r"\"(SP\d{4})\"", path.read_text("utf-8"))
    }
    assert used - set(CODES) == set()


def test_the_page_of_errors_is_that_of_the_table(request: pytest.FixtureRequest) -> None:
    Golden(ROOT / "docs", request.config.getoption("--update-golden"))(page(), "errors.md")


def test_the_page_of_properties_is_that_of_the_schema(request: pytest.FixtureRequest) -> None:
    Golden(ROOT / "docs", request.config.getoption("--update-golden"))(document.page(), "properties.md")


def test_every_code_has_one_meaning() -> None:
    titles = [each.title for each in CODES.values()]
    assert len(set(titles)) == len(titles)
    assert all(re.fullmatch(r"SP\d{4}", code) for code in CODES)


@pytest.mark.parametrize("code", OWN, ids=lambda code: code.code)
def test_every_code_is_in_the_corpus(code: Code) -> None:
    assert code.code in BY_FILES or f"[{code.code}]" in EXPECTED


@pytest.mark.parametrize("code", WITH_PROGRAMS, ids=lambda code: code.code)
def test_the_bad_example_gives_the_code(code: Code) -> None:
    text = code.bad if code.code == "SP0101" else program(code.bad)
    assert code.code in codes_of(text)


@pytest.mark.parametrize("code", WITH_PROGRAMS, ids=lambda code: code.code)
def test_the_good_example_gives_nothing(code: Code) -> None:
    assert codes_of(program(code.good)) == set()
