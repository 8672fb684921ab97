"""From a text to its syntax tree, with every syntax error reported.

After an error the line that it stands in is left out, and reading goes on behind it; a group that the line opens is
still read, so that a mistake in a header doesn't hide those below it.
"""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import Any

import lark
from lark.exceptions import UnexpectedToken

from spacelang.language.limits import FILE_BYTES
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.syntax.nodes import File
from spacelang.syntax.parse.expected import unexpected
from spacelang.syntax.parse.lexing import tokenise
from spacelang.syntax.parse.tables import load_parser, token_pattern
from spacelang.syntax.parse.tokens import BROKEN, Abandoned, Errors, Token
from spacelang.syntax.parse.tree import TreeBuilder

_lock = Lock()
"""The one parser of a process serves one text at a time."""


def parse(source: Source, report: Report) -> File:
    """The syntax tree of a text, without the lines that have errors. Never raises; errors go into the report."""
    errors = Errors(source, report)
    empty = File((), (), source.span(0, len(source.text)))
    if _too_large(source, errors):
        return empty
    parser, builder, pattern = _machinery()
    try:
        tokens, trivia = tokenise(source, pattern, errors)
        with _lock:
            builder.begin(source, trivia)
            return _Run(parser, builder, tokens, errors).run()
    except Abandoned:
        return empty


def _too_large(source: Source, errors: Errors) -> bool:
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > FILE_BYTES:
        message = f"the text has {size} bytes, more than {FILE_BYTES}"
        errors.add("SP0010", message, 0, min(1, len(source.text)))
    return size > FILE_BYTES


@cache
def _machinery() -> tuple[lark.Lark, TreeBuilder, re.Pattern[str]]:
    builder = TreeBuilder()
    parser = load_parser(builder)
    return parser, builder, token_pattern(parser)


class _Run:
    """One pass of the LALR parser over balanced tokens.

    `_lines` has an entry for the file and each open group: how high the parser's stack was where its current line
    started. A line with an error is taken off the stack down to there. `_spoilt` says which of these lines have one.
    """

    def __init__(self, parser: lark.Lark, builder: TreeBuilder, tokens: list[Token], errors: Errors) -> None:
        self._interactive: Any = parser.parse_interactive()  # Any, for tokens are ours, not Lark's
        self._builder = builder
        self._tokens = tokens
        self._errors = errors
        self._lines = [1]
        self._spoilt = [False]

    def run(self) -> File:
        stack = self._interactive.parser_state.state_stack
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            try:
                self._interactive.feed_token(token)
            except UnexpectedToken:
                at = self._recover(at)
                continue
            if token.type == "LBRACE":
                self._lines.append(len(stack))
                self._spoilt.append(False)
            elif token.type == "RBRACE":
                self._lines.pop()
                self._spoilt.pop()
            elif token.type == "_NEWLINE":
                self._lines[-1] = len(stack)
                self._spoilt[-1] = False
            at += 1
        return self._end()

    def _end(self) -> File:
        end = Token("$END", "", len(self._errors.source.text))
        try:
            file: File = self._interactive.feed_token(end)
        except UnexpectedToken:
            self._complain(len(self._tokens), end)
            self._drop_line()
            file = self._interactive.feed_token(end)
        return file

    def _recover(self, at: int) -> int:
        """Report, forget the line so far, and return where to go on: at a group in the line, or behind the line."""
        token = self._tokens[at]
        self._complain(at, token)
        self._drop_line()
        while at < len(self._tokens):
            token = self._tokens[at]
            if token.type == "LBRACE":
                self._builder.broken.add(token.start)
                return at
            if token.type == "RBRACE":
                return at
            if token.type == "_NEWLINE":
                self._spoilt[-1] = False
                return at + 1
            at += 1
        return at

    def _complain(self, at: int, token: Token) -> None:
        if not self._spoilt[-1] and token.type != BROKEN:
            before = self._tokens[at - 1] if at else None
            problem = unexpected(token, before, self._interactive.accepts())
            self._errors.add("SP0001", problem.message, token.start, token.end, help=problem.help)
        self._spoilt[-1] = True

    def _drop_line(self) -> None:
        state = self._interactive.parser_state
        del state.state_stack[self._lines[-1] :]
        del state.value_stack[self._lines[-1] - 1 :]
