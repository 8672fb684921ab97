"""Documents as they are typed, and the files that they import; a text is parsed again only after a change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from spacelang import ast, syntax
from spacelang.ast.loader import STD, Reader, open_source
from spacelang.ast.read import read
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.source import Source, Span
from spacelang.syntax.parse import parse


class Parsed(NamedTuple):
    """A text that was read: its syntax tree, its declarations, and the errors so far."""

    file: syntax.File
    module: ast.Module
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_well_formed(self) -> bool:
        return not any(each.code.startswith("SP00") for each in self.diagnostics)


class Texts(Reader):
    """The texts of a session. Sources are named by their real paths, and library sources `std/…`."""

    def __init__(self) -> None:
        self._open: dict[str, Source] = {}
        self._files: dict[str, tuple[tuple[int, int], Source]] = {}
        self._parsed: dict[Source, Parsed] = {}

    def open(self, path: Path, text: str) -> Source:
        """Registers a document that an editor shows, with its current text, which replaces that of the file."""
        name = real(path)
        known = self._open.get(name)
        if known is None or known.text != text:
            self._forget(known)
            self._open[name] = Source(name, text)
        return self._open[name]

    def close(self, path: Path) -> None:
        self._forget(self._open.pop(real(path), None))

    @property
    def documents(self) -> tuple[Path, ...]:
        return tuple(map(Path, self._open))

    def at(self, path: Path) -> Source | None:
        """The text of a document or file; None if it can't be read."""
        return self._open.get(real(path)) or self._file(path, Report(), None)

    def source(self, path: Path, name: str, report: Report, span: Span) -> Source | None:
        return self._open.get(real(path)) or self._file(path, report, span)

    def module(self, source: Source, report: Report) -> ast.Module:
        parsed = self.parsed(source)
        report.diagnostics.extend(parsed.diagnostics)
        return parsed.module

    def parsed(self, source: Source) -> Parsed:
        if source not in self._parsed:
            report = Report()
            file = parse(source, report)
            self._parsed[source] = Parsed(file, read(file, report), tuple(report.diagnostics))
        return self._parsed[source]

    def _file(self, path: Path, report: Report, span: Span | None) -> Source | None:
        name = real(path)
        try:
            status = os.stat(name)
        except (OSError, ValueError):
            return open_source(path, name, report, span)
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._files.get(name)
        if known is None or known[0] != stamp:
            source = open_source(path, name, report, span)
            if source is None:
                return None
            self._forget(known and known[1])
            self._files[name] = (stamp, source)
        return self._files[name][1]

    def _forget(self, source: Source | None) -> None:
        if source is not None:
            self._parsed.pop(source, None)


def real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)


def path_of(source: Source) -> Path:
    """The file of a source, also of a library source."""
    if source.name.startswith(STD):
        return Path(__file__).parents[1] / source.name
    return Path(source.name)
