"""Tokens, the comments and blank lines between them, and reporting their errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from spacelang.language.limits import SYNTAX_ERRORS
from spacelang.report.diagnostics import Label, Report
from spacelang.report.source import Source
from spacelang.syntax.nodes import Comment

BROKEN = "BROKEN"
"""The type of a token that has already been reported.

The grammar doesn't have such a terminal, so its line is left out.
"""

CLOSING = {"LBRACE": "RBRACE", "LPAR": "RPAR", "LSQB": "RSQB"}
"""The type of the closing bracket for the type of each opening one."""


class Token(NamedTuple):
    type: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Trivia:
    """Comments and blank lines.

    Lines are identified by the offset at which they start, groups by the offset of their closing brace.
    """

    def __init__(self) -> None:
        self.above: dict[int, list[Comment]] = {}
        self.behind: dict[int, Comment] = {}
        self.blank: set[int] = set()
        self.closing: dict[int, list[Comment]] = {}
        self.end: list[Comment] = []


class Abandoned(Exception):
    """The rest of the file isn't worth looking at."""


class Errors:
    """Reports the syntax errors of one source, up to a limit."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source = source
        self._report = report
        self._left = SYNTAX_ERRORS

    def spoil(self, start: int, end: int) -> None:
        """From now on, only syntax errors are reported for this place."""
        self._report.spoilt.append(self.source.span(start, end))

    def add(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        *,
        labels: Iterable[Label] = (),
        help: str = "",
        note: str = "",
    ) -> None:
        """Raises: Abandoned: after the last one that is reported."""
        self._report.error(code, message, self.source.span(start, end), labels=labels, help=help, note=note)
        self._left -= 1
        if not self._left:
            self._report.error(
                "SP0015",
                f"more than {SYNTAX_ERRORS} errors: the rest of the file was not read",
                self.source.span(start, end),
            )
            raise Abandoned
