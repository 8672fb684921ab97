"""`ir.json` → IR, with diagnostics that name the place in the JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from spacelang import ir
from spacelang.ast.loader import load_program
from spacelang.check import check
from spacelang.report.diagnostics import Report, SpacelangError
from spacelang.report.source import Source
from spacelang.translate.lower import lower
from spacelang.translate.printer import to_text
from spacelang.verify.space import verify

JSON_BYTES: Final = 1 << 26
"""A longer text is no IR: that of the largest hyperspace that a `.space` file can declare is shorter."""


def read_json(text: str) -> ir.SearchSpace:
    """The IR of a JSON text, verified.

    Raises:
        SpacelangError: SP0901 (not JSON), SP0902 (another version), SP0903 (not the form of an IR), those of `verify`,
            and SP0909 for what no text may say either.
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
            report.error("SP0903", f"{path(each['loc'])}: {_said(each['type'], each['msg'])}")
        report.raise_if_failed()
        raise
    report.diagnostics.extend(verify(space))
    report.raise_if_failed()
    _check_as_text(space, report)
    report.raise_if_failed()
    return space


def _check_as_text(space: ir.SearchSpace, report: Report) -> None:
    """What `check` would refuse in a text is refused in JSON too: the two forms say the same spaces."""
    refusals = Report()
    try:
        program = load_program(Source("ir.json", to_text(space)), None, refusals)
        check(program, refusals)
        refusals.raise_if_failed()
    except SpacelangError as error:
        for each in error.diagnostics:
            report.error("SP0909", f"{each.code}: {each.message}", help=each.help)
    else:
        if lower(program) != (space,):
            report.error("SP0905", "the same space as a text gives another IR")


def _parse(text: str, report: Report) -> Any:
    if len(text) > JSON_BYTES:
        report.error("SP0901", f"the text is longer than {JSON_BYTES} characters, which no IR is")
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
        report.error("SP0903", "the text is no JSON object")
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
    """pydantic's message; of a field too many it has two, one for dataclasses."""
    return (
        "there is no such field"
        if type in ("extra_forbidden", "unexpected_keyword_argument")
        else _lower_start(message)
    )


def _lower_start(message: str) -> str:
    return message[:1].lower() + message[1:]
