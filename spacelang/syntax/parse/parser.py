"""From a text to its syntax tree, with every syntax error reported.

A line with an error is left out, and reading goes on after it. A group that the line opens is still read, so that a
mistake in a header doesn't hide those below it.
"""

from __future__ import annotations

from spacelang.language.limits import FILE_BYTES
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.syntax.nodes import File
from spacelang.syntax.parse.automaton import END_OF_TEXT, Automaton
from spacelang.syntax.parse.expected import unexpected
from spacelang.syntax.parse.lexing import tokenise
from spacelang.syntax.parse.tokens import BROKEN, CLOSING, Abandoned, Errors, Token
from spacelang.syntax.parse.tree import TreeBuilder


def parse(source: Source, report: Report) -> File:
    """The syntax tree of a text, without the lines that have errors. Never raises; errors go into the report."""
    errors = Errors(source, report)
    empty = File((), (), source.span(0, len(source.text)))
    if _too_large(source, errors):
        return empty
    try:
        tokens, trivia = tokenise(source, errors)
        return _Run(TreeBuilder(source, trivia), tokens, errors).run()
    except Abandoned:
        return empty


def _too_large(source: Source, errors: Errors) -> bool:
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > FILE_BYTES:
        message = f"the text has {size} bytes, more than {FILE_BYTES}"
        errors.add("SP0010", message, 0, min(1, len(source.text)))
    return size > FILE_BYTES


class _Run:
    """One pass of the LALR parser over balanced tokens.

    `_lines` has an entry for the file and each open group: how high the parser's stack was where its current line
    started. A line with an error is taken off the stack down to that height. `_spoilt` says which of these lines have
    an error.
    """

    def __init__(self, builder: TreeBuilder, tokens: list[Token], errors: Errors) -> None:
        self._automaton = Automaton(builder)
        self._builder = builder
        self._tokens = tokens
        self._errors = errors
        self._lines = [1]
        self._spoilt = [False]

    def run(self) -> File:
        stack, feed = self._automaton.states, self._automaton.feed
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            if not feed(token):
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
        end = Token(END_OF_TEXT, "", len(self._errors.source.text))
        if not self._automaton.feed(end):
            self._complain(len(self._tokens), end)
            self._drop_line()
            self._automaton.feed(end)
        file: File = self._automaton.values[-1]
        return file

    def _recover(self, at: int) -> int:
        """Reports the error and drops the line so far.

        Reading goes on at the returned place: a group in the line, or its end.
        """
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
            opening = self._opening(at)
            problem = unexpected(token, before, self._automaton.accepts(), opening)
            self._errors.add("SP0001", problem.message, token.start, token.end, help=problem.help)
        self._spoilt[-1] = True

    def _opening(self, at: int) -> Token | None:
        """The parenthesis or square bracket around a token, unless it is a call's.

        It may have been meant as a brace.
        """
        depth = 0
        for index in range(at - 1, -1, -1):
            token = self._tokens[index]
            if token.type in ("RPAR", "RSQB", "RBRACE"):
                depth += 1
            elif token.type in CLOSING and depth:
                depth -= 1
            elif token.type in CLOSING or token.type == "_NEWLINE":
                called = index > 0 and self._tokens[index - 1].type == "FUNCTION"
                return token if token.type in ("LPAR", "LSQB") and not called else None
        return None

    def _drop_line(self) -> None:
        self._automaton.drop(self._lines[-1])
