"""One document with its imports, and everything that the compiler knows about it, computed on demand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from spacelang import ast
from spacelang.ast.loader import Program, load_program
from spacelang.check import check
from spacelang.editor.texts import Parsed, Texts, path_of
from spacelang.ir import SearchSpace
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.source import Source
from spacelang.syntax.parse.lexing import scan
from spacelang.syntax.parse.tokens import Token

SCANNED = 500
"""The most files of a workspace that are searched for uses of a name; a message says if there are more."""


class Analysis:
    """A document at one moment. `source` is its text."""

    def __init__(self, source: Source, parsed: Parsed, program: Program, report: Report) -> None:
        self.source = source
        self.parsed = parsed
        self.program = program
        self._report = report

    @cached_property
    def tokens(self) -> list[Token]:
        return scan(self.source)

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong with the document and what it imports."""
        report = Report(list(self._report.diagnostics))
        check(self.program, report)
        return report.sorted()

    @cached_property
    def spaces(self) -> dict[str, SearchSpace]:
        """The IR of each space of the document; empty while the program has errors."""
        from spacelang.translate.lower import lower

        if any(each.severity == "error" for each in self.diagnostics):
            return {}
        return {each.name: each for each in lower(self.program)}

    def width_multiple(self, space: ast.Space) -> int | None:
        """The width multiple of the space's device; None while it is unknown."""
        device = self.program.devices.get(space.device.text)
        for entry in device.entries if device else ():
            if entry.name.text == "widths" and isinstance(entry.values[-1], ast.Number):
                return int(entry.values[-1].value) or None
        return None


class Workspace:
    """The documents and folders of a session, and an analysis of each document that was asked about."""

    def __init__(self) -> None:
        self.texts = Texts()
        self.folders: list[Path] = []
        self._known: dict[str, tuple[tuple[Source, ...], Analysis]] = {}

    def analysis(self, path: Path) -> Analysis | None:
        """The analysis of a document or file as it is now, kept until something changes; None if it can't be read."""
        source = self.texts.at(path)
        if source is None:
            return None
        report = Report()
        program = load_program(source, Path(source.name), report, self.texts)
        sources = tuple(each.source for each in program.modules)
        known = self._known.get(source.name)
        # A file that can't be loaded doesn't give a module, so the errors of loading are compared too.
        if known is None or known[0] != sources or known[1]._report.diagnostics != report.diagnostics:
            known = (sources, Analysis(source, self.texts.parsed(source), program, report))
            self._known[source.name] = known
        return known[1]

    def affected(self, path: Path) -> Iterator[Analysis]:
        """The open documents whose program contains this file, including itself."""
        changed = self.texts.at(path)
        for document in self.texts.documents:
            analysis = self.analysis(document)
            if analysis is not None and (
                analysis.source is changed or any(each.source is changed for each in analysis.program.modules)
            ):
                yield analysis

    def everything(self) -> Iterator[Analysis]:
        """Every `.space` file of the workspace's folders, and every open document."""
        paths = {path.resolve() for path in self.texts.documents}
        for folder in self.folders:
            found = (each for each in sorted(folder.rglob("*.space")) if not _hidden(each, folder))
            paths |= {each.resolve() for each, _ in zip(found, range(SCANNED), strict=False)}
        for path in sorted(paths):
            analysis = self.analysis(path)
            if analysis is not None:
                yield analysis


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in path.relative_to(folder).parts)


__all__ = ["Analysis", "Workspace", "path_of"]
