"""SARIF logs against the schema that OASIS publishes."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from spacelang.api import check
from spacelang.report.codes import CODES
from spacelang.report.diagnostics import Diagnostic, Label, Severity
from spacelang.report.render import Format, render
from spacelang.report.source import Source

SCHEMA = Path(__file__).parent / "sarif" / "sarif-schema-2.1.0.json"
BAD = sorted((Path(__file__).parents[1] / "check" / "bad").glob("*.space"))
CODE = min(CODES)


@cache
def validator() -> Any:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft4Validator.check_schema(schema)
    return Draft4Validator(schema, format_checker=FormatChecker())


def wrong_with(found: list[Diagnostic]) -> list[str]:
    log = json.loads(render(found, Format.SARIF))
    return [f"{each.json_path}: {each.message}" for each in validator().iter_errors(log)]


def test_the_schema_is_the_published_one() -> None:
    digest = hashlib.sha256(SCHEMA.read_bytes()).hexdigest()
    assert digest in (SCHEMA.parent / "NOTICE.md").read_text("utf-8")


def test_the_schema_finds_mistakes() -> None:
    log = json.loads(render([Diagnostic(CODE, "wrong", Source("a.space", "x").span(0, 1))], Format.SARIF))
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    place["artifactLocation"]["uri"] = "a b.space"
    place["region"]["startLine"] = 0
    result["level"] = "fatal"
    assert len(list(validator().iter_errors(log))) == 3


@pytest.mark.parametrize("name", ["a.space", "a b/ü%.space", "/abs/a:b.space", "<stdin>", "C:\\x.space", "x#y?.space"])
@pytest.mark.parametrize("text", ["", "x", "a 😀\r\nb\r\n", "\n"])
def test_logs_are_valid_for_any_file(name: str, text: str) -> None:
    source = Source(name, text)
    whole = source.span(0, len(text))
    found = [
        Diagnostic(CODE, "a {0} message [with](1) signs", whole, "note", (Label(whole, "here"), Label(whole, "here"))),
        Diagnostic(CODE, "odd", source.span(len(text), len(text)), severity=Severity.WARNING),
        Diagnostic(CODE, "without a place"),
    ]
    assert wrong_with(found) == []


def test_a_log_without_findings_is_valid() -> None:
    assert wrong_with([]) == []


def test_logs_of_every_code_are_valid() -> None:
    assert wrong_with([Diagnostic(code, "wrong") for code in sorted(CODES)]) == []


def test_logs_of_bad_programs_are_valid() -> None:
    found = [each for path in BAD[::10] for each in check(path)]
    assert len({each.code for each in found}) > 15
    assert wrong_with(found) == []
