"""What programs read of a diagnostic."""

from __future__ import annotations

import json

import pytest

from spacelang.report.codes import CODES
from spacelang.report.diagnostics import Diagnostic, Label, Severity
from spacelang.report.render import Format, render
from spacelang.report.source import Source

SOURCE = Source("a b/ü.space", "device d {\n  widths multiple of 16\n}\n")
CODE, OTHER = sorted(CODES)[:2]
ERROR = Diagnostic(OTHER, "wrong", SOURCE.span(13, 19), "note", (Label(SOURCE.span(0, 6), "declared here"),), "do this")
WARNING = Diagnostic(CODE, "odd", severity=Severity.WARNING)
MULTILINE = Diagnostic(CODE, "all of it", SOURCE.span(0, 36))


def test_json_says_what_the_text_says() -> None:
    content = json.loads(render([ERROR, WARNING], Format.JSON))
    assert (content["format_version"], content["errors"], content["warnings"]) == (1, 1, 1)
    first, second = content["diagnostics"]
    assert first == {
        "code": OTHER,
        "severity": "error",
        "message": "wrong",
        "span": {
            "file": "a b/ü.space",
            "start": {"line": 2, "column": 3, "offset": 13},
            "end": {"line": 2, "column": 9, "offset": 19},
        },
        "note": "note",
        "labels": [
            {
                "message": "declared here",
                "span": {
                    "file": "a b/ü.space",
                    "start": {"line": 1, "column": 1, "offset": 0},
                    "end": {"line": 1, "column": 7, "offset": 6},
                },
            }
        ],
        "help": "do this",
    }
    assert (second["severity"], second["span"], second["help"]) == ("warning", None, None)


@pytest.mark.parametrize("format", [Format.JSON, Format.SARIF])
def test_nothing_found_is_still_a_document(format: Format) -> None:
    assert json.loads(render([], format))


def test_github_commands_carry_the_place() -> None:
    assert render([ERROR], Format.GITHUB) == (
        f"::error file=a b/ü.space,line=2,endLine=2,col=3,endColumn=9,title={OTHER}"
        "::wrong%0Anote%0Aa b/ü.space:1:1: declared here%0Ahelp: do this\n"
    )
    assert render([WARNING], Format.GITHUB) == f"::warning title={CODE}::odd\n"


def test_github_gets_no_columns_for_several_lines() -> None:
    assert render([MULTILINE], Format.GITHUB) == f"::error file=a b/ü.space,line=1,endLine=3,title={CODE}::all of it\n"


def test_github_commands_cannot_be_forged() -> None:
    source = Source("a,b:c%.space", "x")
    text = render([Diagnostic(CODE, "100%\r\n::error::forged", source.span(0, 1))], Format.GITHUB)
    assert text == (
        f"::error file=a%2Cb%3Ac%25.space,line=1,endLine=1,col=1,endColumn=2,title={CODE}"
        "::100%25\\r%0A::error::forged\n"
    )


def test_sarif_refers_to_its_rules() -> None:
    log = json.loads(render([ERROR, WARNING, MULTILINE], Format.SARIF))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [CODE, OTHER]
    assert rules[0]["shortDescription"]["text"] == CODES[CODE].title
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]


def test_sarif_has_the_places_of_an_error() -> None:
    error, warning, _ = json.loads(render([ERROR, WARNING, MULTILINE], Format.SARIF))["runs"][0]["results"]
    (location,) = error["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/%C3%BC.space"},
        "region": {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 9},
    }
    (related,) = error["relatedLocations"]
    assert related["message"]["text"] == "declared here"
    assert "locations" not in warning
