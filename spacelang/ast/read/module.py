"""A whole file: `language 1`, then imports, then declarations."""

from __future__ import annotations

from typing import TypeVar

from spacelang import ast, syntax
from spacelang.ast.read import blocks, sections, spaces
from spacelang.ast.read.cursor import Cursor, Findings, broken, describe, unknown
from spacelang.ast.read.terms import one_number
from spacelang.language.schema import DEVICE
from spacelang.report.diagnostics import Report
from spacelang.report.mend import Place, put, write
from spacelang.report.source import Span
from spacelang.report.suggest import listed, spelled

T = TypeVar("T")
LANGUAGE = 1
"""The version of the language that this compiler reads."""
DECLARATIONS = ("language", "import", "block", "device", "hyperspace", "space", "model")


def read(file: syntax.File, report: Report) -> ast.Module:
    """The declarations of a file; what is wrong is reported and left out."""
    reader = _Module(file, Findings(report, file.span.source))
    for line in file.lines:
        reader.line(line)
    return reader.finished()


class _Module:
    def __init__(self, file: syntax.File, report: Findings) -> None:
        self.file = file
        self.report = report
        self.language: ast.Number | None = None
        self.imports: list[ast.Import] = []
        self.blocks: list[ast.Block] = []
        self.devices: list[ast.Device] = []
        self.spaces: list[ast.Space] = []
        self._seen_language: Span | None = None
        self._first: Span | None = None
        """The first declaration, after which no import may stand."""

    def line(self, line: syntax.Line) -> None:
        cursor = Cursor(line.phrases[0], self.report)
        keyword = cursor.word()
        if keyword is None:
            term = line.phrases[0].terms[0]
            message = f"a declaration starts with its kind, not with {describe(term)}"
            self.report.error("SP0104", message, term.span, help=f"legal here: {listed(DECLARATIONS)}")
            return
        if keyword.text not in DECLARATIONS:
            unknown(self.report, "SP0104", "declaration", keyword, DECLARATIONS)
            return
        if self._declaration(cursor, keyword):
            cursor.end()
        if len(line.phrases) > 1:
            span = line.phrases[1].span.to(line.phrases[-1].span)
            self.report.error("SP0109", "nothing may follow a declaration on its line", span, help="start a new line")

    def _declaration(self, cursor: Cursor, keyword: ast.Name) -> bool:
        """Whether the declaration could be read. If not, this was reported, and the rest of the line belongs to it."""
        match keyword.text:
            case "language":
                return self._language(cursor, keyword)
            case "import":
                return self._import(cursor, keyword)
            case "block":
                read = _append(self.blocks, blocks.block(cursor))
            case "device":
                read = _append(self.devices, _device(cursor))
            case _:
                read = _append(self.spaces, spaces.space(cursor, keyword))
        self._first = self._first or keyword.span
        return read

    def _language(self, cursor: Cursor, keyword: ast.Name) -> bool:
        if self._seen_language is not None or self.imports or self._first is not None:
            self.report.error(
                "SP0103", "`language` comes once, on the first line", keyword.span, help="move it to the top"
            )
        self._seen_language = self._seen_language or keyword.span
        version = one_number(cursor, keyword, f"language {LANGUAGE}")
        if version is None:
            return False
        if version.value != LANGUAGE:
            message = f"this is spacelang {LANGUAGE}: it can't read language {spelled(version.value)}"
            self.report.error(
                "SP0102", message, version.span, help=write(f"write `language {LANGUAGE}`", str(LANGUAGE))
            )
        else:
            self.language = version
        return True

    def _import(self, cursor: Cursor, keyword: ast.Name) -> bool:
        term = cursor.take()
        if not isinstance(term, syntax.String):
            given = f", not {describe(term)}" if term else ""
            span = (term or cursor.phrase).span
            self.report.error("SP0108", f"`import` takes a path in quotes{given}", span, help='write `import "PATH"`')
            return False
        if self._first is not None:
            self.report.error(
                "SP0103", "imports come before the first declaration", keyword.span, help="move it below `language 1`"
            )
        self.imports.append(ast.Import(ast.Text(term.value, term.span), cursor.span))
        return True

    def finished(self) -> ast.Module:
        if self._seen_language is None and not broken(self.file.span, self.report):
            start = self.file.lines[0].phrases[0].terms[0].span if self.file.lines else self.file.span
            message = "the first line doesn't say the language's version"
            self.report.error(
                "SP0101",
                message,
                start,
                help=put(f"write `language {LANGUAGE}` above it", f"language {LANGUAGE}", Place.ABOVE),
            )
        return ast.Module(
            self.file.span.source, self.language, tuple(self.imports), tuple(self.blocks), tuple(self.devices),
            tuple(self.spaces),
        )  # fmt: skip


def _append(items: list[T], item: T | None) -> bool:
    if item is not None:
        items.append(item)
    return item is not None


def _device(cursor: Cursor) -> ast.Device | None:
    report, form = cursor.report, "write `device NAME { … }`"
    name = cursor.declared()
    if name is None:
        report.error("SP0112", "a device needs a name", cursor.span, help=form)
        return None
    group = cursor.group()
    if group is None:
        report.error("SP0112", f"device `{name.text}` has no body", cursor.here(), help=form)
        return None
    return ast.Device(name, sections.entries(name, group, DEVICE, report), cursor.span)
