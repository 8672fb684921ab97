"""Diagnostics for programs: our JSON, GitHub's workflow commands, SARIF 2.1.0.

Lines and columns count from 1, columns in Unicode code points; the end is excluded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from spacelang.report.diagnostics import Diagnostic, Severity
from spacelang.report.render.escape import escape
from spacelang.report.source import Span

FORMAT_VERSION = 1
"""The format version of the JSON.

It goes up when a field is removed or changes its meaning; new fields may come at any time.
"""

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

Json = dict[str, Any]


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """`{"format_version": 1, "errors": …, "warnings": …, "diagnostics": […]}`, indented."""
    found = list(diagnostics)
    severities = [each.severity for each in found]
    return _dump(
        {
            "format_version": FORMAT_VERSION,
            "errors": severities.count(Severity.ERROR),
            "warnings": severities.count(Severity.WARNING),
            "diagnostics": [_as_json(each) for each in found],
        }
    )


def _as_json(diagnostic: Diagnostic) -> Json:
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "span": _span(diagnostic.span),
        "note": diagnostic.note or None,
        "labels": [{"span": _span(label.span), "message": label.message} for label in diagnostic.labels],
        "help": diagnostic.help or None,
    }


def _span(span: Span | None) -> Json | None:
    if span is None:
        return None
    ends = {name: _position(span, at) for name, at in (("start", span.start), ("end", span.end))}
    return {"file": span.source.name, **ends}


def _position(span: Span, offset: int) -> Json:
    line, column = span.source.position(offset)
    return {"line": line, "column": column, "offset": offset}


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command for each diagnostic, `::error file=…,line=…::message`, shown in a pull request."""
    return "".join(_command(each) + "\n" for each in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties: dict[str, str | int] = {}
    if diagnostic.span:
        start, end = _position(diagnostic.span, diagnostic.span.start), _position(diagnostic.span, diagnostic.span.end)
        properties = {"file": diagnostic.span.source.name, "line": start["line"], "endLine": end["line"]}
        if start["line"] == end["line"]:  # GitHub refuses columns for a span of several lines
            properties |= {"col": start["column"], "endColumn": end["column"]}
    properties["title"] = diagnostic.code
    fields = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{diagnostic.severity} {fields}::{_data(_sentences(diagnostic))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sentences(diagnostic: Diagnostic) -> str:
    """The message with its note and help, for formats without a field for these."""
    labels = [f"{label.span}: {label.message}" for label in diagnostic.labels]
    help = [f"help: {diagnostic.help}"] if diagnostic.help else []
    note = [diagnostic.note] if diagnostic.note else []
    text = "\n".join([diagnostic.message, *note, *labels, *help])
    return "\n".join(map(escape, text.split("\n")))


def to_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A SARIF 2.1.0 log of one run, for code scanners."""
    found = list(diagnostics)
    codes = sorted({each.code for each in found})
    driver = {"name": "spacelang", "version": _version(), "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, codes) for each in found],
    }
    return _dump(
        {
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        }
    )


def _version() -> str:
    from spacelang import __version__

    return __version__


def _rule(code: str) -> Json:
    from spacelang.report.codes import CODES  # the explanations are long, and only SARIF needs them

    entry = CODES[code]
    return {"id": code, "shortDescription": {"text": entry.title}, "fullDescription": {"text": entry.explanation}}


def _result(diagnostic: Diagnostic, codes: list[str]) -> Json:
    result: Json = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": str(diagnostic.severity),
        "message": {"text": _sentences(diagnostic)},
    }
    if diagnostic.span:
        result["locations"] = [_location(diagnostic.span)]
    if diagnostic.labels:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": label.message}, **_location(label.span)}
            for number, label in enumerate(diagnostic.labels)
        ]
    return result


def _location(span: Span) -> Json:
    start, end = _position(span, span.start), _position(span, span.end)
    region = {
        "startLine": start["line"],
        "startColumn": start["column"],
        "endLine": end["line"],
        "endColumn": end["column"],
    }
    return {"physicalLocation": {"artifactLocation": {"uri": quote(span.source.name)}, "region": region}}


def _dump(content: Json) -> str:
    return json.dumps(content, indent=2, ensure_ascii=True) + "\n"
