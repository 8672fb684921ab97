"""Diagnostics: the messages to the user when something is wrong.

A diagnostic has a stable code (`codes.py` explains each), the place, what is legal and how to fix it.
Phases collect diagnostics in a `Report` and go on, so that one run reports everything.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, NoReturn

from spacelang.report.mend import Fix, fixes
from spacelang.report.source import Source, Span


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Label(NamedTuple):
    """A second place that helps explain the first, such as "declared here"."""

    span: Span
    message: str


class Diagnostic(NamedTuple):
    """One finding.

    Attributes:
        code: stable, `SP` and four digits.
        message: what is wrong, one sentence without a full stop.
        span: where; None for findings that aren't in a text (but in a table, or an IR read from JSON).
        note: printed under the carets ("widths are multiples of 16 here").
        labels: secondary places.
        help: how to fix it, or the legal values; a `Mend` if an editor can carry it out.
        path: where in an IR, such as `stages[0].depth[1]`; empty if there is a span, or no place at all.
    """

    code: str
    message: str
    span: Span | None = None
    note: str = ""
    labels: tuple[Label, ...] = ()
    help: str = ""
    severity: Severity = Severity.ERROR
    path: str = ""

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """What an editor can do about it, the likeliest first."""
        return fixes(self.help, self.span)


class SpacelangError(Exception):
    """Raised at a public boundary when input is wrong; carries every diagnostic that was collected."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(_line(each) for each in self.diagnostics))


def _line(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.span or diagnostic.path}: " if diagnostic.span or diagnostic.path else ""
    mend = f" ({diagnostic.help})" if diagnostic.help else ""
    return f"{place}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}{mend}"


def refuse(code: str, message: str, help: str = "") -> NoReturn:
    """Raises: SpacelangError: with one diagnostic that isn't in a text."""
    raise SpacelangError([Diagnostic(code, message, help=help)])


class Report:
    """Collects diagnostics; none is ever withdrawn. The phases share one report."""

    def __init__(self, diagnostics: list[Diagnostic] | None = None) -> None:
        self.diagnostics = [] if diagnostics is None else diagnostics
        self.spoilt: list[Span] = []
        """Places whose text has a reported syntax error: anything else that seems wrong there follows from it."""
        self._errors: dict[Source, list[tuple[int, str]]] = {}
        """For each text, where its errors start, and their codes, ascending; for the first `_indexed` diagnostics."""
        self._indexed = 0

    def error(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        note: str = "",
        labels: Iterable[Label] = (),
        help: str = "",
    ) -> None:
        if span is None or not self._comes_of_another(code, span):
            self.diagnostics.append(Diagnostic(code, message, span, note, tuple(labels), help))

    def _comes_of_another(self, code: str, span: Span) -> bool:
        places = () if code.startswith("SP00") else self.spoilt
        return any(each.source is span.source and each.start <= span.start < each.end for each in places)

    def warning(self, code: str, message: str, span: Span | None = None, *, note: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, span, note, (), help, Severity.WARNING))

    @property
    def failed(self) -> bool:
        return any(each.severity is Severity.ERROR for each in self.diagnostics)

    def errors_within(self, span: Span) -> set[str]:
        """The codes of the errors that start within a span."""
        for each in self.diagnostics[self._indexed :]:
            if each.span is not None and each.severity is Severity.ERROR:
                insort(self._errors.setdefault(each.span.source, []), (each.span.start, each.code))
        self._indexed = len(self.diagnostics)
        errors = self._errors.get(span.source, [])
        first, end = (bisect_left(errors, (at, "")) for at in (span.start, span.end))
        return {code for _, code in errors[first:end]}

    def sorted(self) -> tuple[Diagnostic, ...]:
        """In the order of the text, without repetitions; those without a place come last."""

        def place(each: Diagnostic) -> tuple[bool, str, int, str]:
            if each.span is None:
                return (True, "", 0, each.code)
            return (False, each.span.source.name, each.span.start, each.code)

        return tuple(sorted(dict.fromkeys(self.diagnostics), key=place))

    def raise_if_failed(self) -> None:
        """Raises: SpacelangError: if any error was reported."""
        if self.failed:
            raise SpacelangError(self.sorted())
