"""`ir.json` → IR, with diagnostics that name the place in the JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from spacelang import ir
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.verify.space import verify

JSON_BYTES: Final = 1 << 26
"""A longer text isn't an IR: even the largest hyperspace that a `.space` file can declare gives a shorter one."""


def read_json(text: str) -> ir.SearchSpace:
    """The IR of a JSON text, verified.

    Raises:
        SpacelangError: SP0901 (not JSON), SP0902 (another version), SP0903 (not the form of an IR), those of `verify`.
    """
    report = Report()
    data = _parse(text, report)
    report.raise_if_failed()
    _check_version(data, report)
    report.raise_if_failed()
    try:
        space = TypeAdapter(ir.SearchSpace).validate_json(text)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_context=False):
            said = _said(each["type"], each["msg"])
            report.diagnostics.append(Diagnostic("SP0903", said, path=path(each["loc"])))
        report.raise_if_failed()
        raise
    report.diagnostics.extend(verify(space))
    report.raise_if_failed()
    return space


def _parse(text: str, report: Report) -> Any:
    if len(text) > JSON_BYTES:
        report.error("SP0901", f"the text is longer than {JSON_BYTES} characters, longer than any IR")
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        report.error("SP0901", f"line {error.lineno}, column {error.colno}: {_lower_start(error.msg)}")
    except (RecursionError, ValueError):
        report.error("SP0901", "the text is nested too deeply or has a number that is too long")
    return None


def _check_version(data: Any, report: Report) -> None:
    if not isinstance(data, dict):
        report.error("SP0903", "the text isn't a JSON object")
    elif data.get("ir_version") != ir.IR_VERSION:
        found = data.get("ir_version", "missing")
        report.error(
            "SP0902",
            f"ir_version is {found}, this spacelang reads {ir.IR_VERSION}",
            help="compile the .space file again with this version",
        )


def path(location: tuple[int | str, ...]) -> str:
    """A pydantic location as a path.

    >>> path(("stages", 2, "depth", 0))
    'stages[2].depth[0]'
    """
    parts = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in location)
    return parts.removeprefix(".") or "the whole"


def _said(type: str, message: str) -> str:
    """pydantic's message; its two messages for an unknown field become one."""
    return (
        "there is no such field"
        if type in ("extra_forbidden", "unexpected_keyword_argument")
        else _lower_start(message)
    )


def _lower_start(message: str) -> str:
    return message[:1].lower() + message[1:]
