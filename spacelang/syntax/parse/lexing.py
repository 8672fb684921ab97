"""From a text to the tokens that the grammar reads, with comments set aside.

A line break is handed on only where it ends a line: not inside ( ) and [ ], not after another line break or an opening
brace.

Where comments go:
- on a line of its own: above the line that follows; before a closing brace or the file's end, to the group or file;
- after a line: to that line;
- after an opening brace: above the first line of the group;
- inside ( ) or [ ]: above the line that the bracket is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from spacelang.language.limits import EXPRESSION_OPERATORS, GROUP_ITEMS, TOKENS
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.syntax.nodes import Comment
from spacelang.syntax.parse.bad_tokens import FOREIGN_COMMENTS, BadTokens
from spacelang.syntax.parse.brackets import balance
from spacelang.syntax.parse.tables import TERMINALS
from spacelang.syntax.parse.tokens import BROKEN, CLOSING, Abandoned, Errors, Token, Trivia

_OPERATORS = frozenset({"ADD", "MULTIPLY", "COMPARE"})
_CLOSERS = frozenset(CLOSING.values())


_PATTERN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in TERMINALS))
"""One group for each terminal; it matches at every character."""


def tokenise(source: Source, errors: Errors) -> tuple[list[Token], Trivia]:
    """The tokens of a source and its comments.

    Raises:
        Abandoned: if there are too many tokens, items or errors.
    """
    raw = list(islice(_scan(source.text, errors), TOKENS + 1))
    if len(raw) > TOKENS:
        message = f"the text has more than {TOKENS} words, numbers, signs, comments and line breaks"
        errors.add("SP0010", message, raw[-1].start, raw[-1].end)
        raise Abandoned
    layout = _Layout(source, errors)
    for token in balance(raw, errors):
        layout.take(token)
    return layout.finish()


def scan(source: Source) -> list[Token]:
    """The tokens of a text as an editor needs them: with comments and broken tokens, and with balanced brackets."""
    errors = Errors(source, Report())
    try:
        return balance(list(_scan(source.text, errors)), errors)
    except Abandoned:
        return []


def _scan(text: str, errors: Errors) -> Iterator[Token]:
    bad = BadTokens(errors)
    read_from = 0
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup
        if kind == "SPACE" or match.start() < read_from:
            continue
        assert kind is not None
        token = Token(kind, match.group(), match.start())
        end = bad.end_of_comment(token) if token.text in FOREIGN_COMMENTS else None
        if end is not None:
            read_from = end
        elif kind in bad.kinds:
            yield from bad.report(token)
        else:
            yield token


class _Level:
    """An open bracket, or the file. `line` is where the current line starts, None between lines."""

    __slots__ = ("between_items", "items", "last_line", "line", "type")

    def __init__(self, type: str, line: int | None = None) -> None:
        self.type = type
        self.line = line
        self.last_line = line
        self.items = 0
        self.between_items = True


class _Layout:
    """Decides which line breaks end a line, and to which line each comment belongs."""

    def __init__(self, source: Source, errors: Errors) -> None:
        self._source = source
        self._errors = errors
        self._tokens: list[Token] = []
        self._trivia = Trivia()
        self._levels = [_Level("FILE")]
        self._pending: list[Comment] = []
        self._breaks = 0
        self._blank = False
        self._operators = 0

    def take(self, token: Token) -> None:
        if token.type == "_NEWLINE":
            self._newline(token)
        elif token.type == "COMMENT":
            self._comment(token)
        else:
            self._word(token)

    def finish(self) -> tuple[list[Token], Trivia]:
        self._trivia.end.extend(self._pending)
        return self._tokens, self._trivia

    def _newline(self, token: Token) -> None:
        self._breaks += 1
        level = self._levels[-1]
        if level.type in ("LBRACE", "FILE") and level.line is not None:
            level.last_line, level.line = level.line, None
            self._tokens.append(token)
            self._end_item(level)

    def _comment(self, token: Token) -> None:
        text = token.text.rstrip()
        comment = Comment(text, self._source.span(token.start, token.start + len(text)))
        level = self._levels[-1]
        if level.line is None:
            if not self._pending:
                self._blank = self._breaks > 1
            self._pending.append(comment)
        elif level.type in ("LBRACE", "FILE"):
            self._trivia.behind[level.line] = comment
        else:
            self._trivia.above.setdefault(level.line, []).append(comment)
        self._breaks = 0

    def _word(self, token: Token) -> None:
        level = self._levels[-1]
        if token.type == "LBRACE" and self._tokens and self._tokens[-1].type == "_NEWLINE":
            self._opening_brace_on_its_own(level, token)
        if token.type == "RBRACE":
            self._close_group(token)
        elif level.line is None:
            self._begin_line(level, token)
        self._breaks = 0
        if token.type in _CLOSERS:
            self._levels.pop()
        elif token.type == "_COMMA":
            self._end_item(level)
        elif level.between_items:
            self._begin_item(level, token)
        if token.type in CLOSING:
            self._levels.append(_Level(token.type, None if token.type == "LBRACE" else level.line))
        elif token.type in _OPERATORS:
            token = self._count_operator(token)
        self._tokens.append(token)

    def _opening_brace_on_its_own(self, level: _Level, token: Token) -> None:
        """Reports an opening brace on its own line, and takes it as the end of the line above."""
        message = "a `{` goes at the end of the line that it belongs to"
        self._errors.add("SP0016", message, token.start, token.end, help="write { on the line above")
        self._tokens.pop()
        level.line = level.last_line
        level.between_items = False

    def _begin_line(self, level: _Level, token: Token) -> None:
        level.line = token.start
        if self._pending:
            self._trivia.above[token.start] = self._pending
            self._pending = []
        else:
            self._blank = self._breaks > 1
        if self._blank:
            self._trivia.blank.add(token.start)

    def _close_group(self, token: Token) -> None:
        if self._pending:
            self._trivia.closing[token.start] = self._pending
            self._pending = []

    def _begin_item(self, level: _Level, token: Token) -> None:
        level.between_items = False
        level.items += 1
        if level.items == GROUP_ITEMS + 1:
            where = "the top of a file" if level.type == "FILE" else "one pair of brackets"
            message = f"more than {GROUP_ITEMS} items in {where}"
            self._errors.add("SP0012", message, token.start, token.end)
            raise Abandoned

    def _end_item(self, level: _Level) -> None:
        level.between_items = True
        if level.type != "LPAR":
            self._operators = 0

    def _count_operator(self, token: Token) -> Token:
        self._operators += 1
        if self._operators <= EXPRESSION_OPERATORS:
            return token
        if self._operators == EXPRESSION_OPERATORS + 1:
            message = f"more than {EXPRESSION_OPERATORS} operators in one expression"
            self._errors.add("SP0014", message, token.start, token.end)
        return token._replace(type=BROKEN)
