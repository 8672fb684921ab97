"""Brackets that don't match: said once, at the right place, and mended so that the rest can be read.

Where all brackets match, tokens pass unchanged. Else indentation tells which brace was forgotten: a closing brace that
starts a line and stands further left than the line of the brace it would close belongs to an outer one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from spacelang.language.limits import NESTING
from spacelang.report.diagnostics import Label
from spacelang.report.mend import write
from spacelang.syntax.parse.tokens import BROKEN, CLOSING, Errors, Token

_OPENING: Final = {closing: opening for opening, closing in CLOSING.items()}
_TEXT: Final = {"RBRACE": "}", "RPAR": ")", "RSQB": "]"}
_DECLARATIONS: Final = frozenset({"language", "import", "block", "device", "hyperspace", "space", "model"})


def balance(tokens: list[Token], errors: Errors) -> list[Token]:
    """The tokens with every bracket closed, and what is nested too deeply replaced by a broken token."""
    depth = _deepest(tokens)
    if depth is None:
        tokens = _Mender(errors).mend(tokens)
        depth = _deepest(tokens)
    assert depth is not None
    return _cut_deep(tokens, errors) if depth > NESTING else tokens


def _deepest(tokens: list[Token]) -> int | None:
    """How deep brackets are nested; None if they don't match."""
    open_types: list[str] = []
    deepest = 0
    for token in tokens:
        if token.type in CLOSING:
            open_types.append(token.type)
            deepest = max(deepest, len(open_types))
        elif token.type in _OPENING and (not open_types or open_types.pop() != _OPENING[token.type]):
            return None
    return None if open_types else deepest


def _cut_deep(tokens: list[Token], errors: Errors) -> list[Token]:
    kept: list[Token] = []
    depth = 0
    for token in tokens:
        depth += (token.type in CLOSING) - (token.type in _OPENING)
        if depth <= NESTING and not (depth == NESTING and token.type in _OPENING):
            kept.append(token)
        elif depth == NESTING + 1 and token.type in CLOSING:
            errors.add("SP0011", f"brackets are nested more than {NESTING} deep", token.start, token.end)
            kept.append(token._replace(type=BROKEN))
    return kept


class _Open(NamedTuple):
    """An open bracket: its token, where that stands among the mended ones, and the indentation of its line of text."""

    token: Token
    place: int
    indent: int


class _Mender:
    def __init__(self, errors: Errors) -> None:
        self._errors = errors
        self._mended: list[Token] = []
        self._open: list[_Open] = []
        self._indent = 0

    def mend(self, tokens: list[Token]) -> list[Token]:
        starts_line = True
        for token in tokens:
            if token.type == "_NEWLINE":
                starts_line = True
                self._mended.append(token)
                continue
            if starts_line:
                self._indent = self._errors.source.position(token.start)[1] - 1
            self._take(token, starts_line)
            starts_line = False
        end = len(self._errors.source.text)
        while self._open:
            self._unclosed(self._open.pop(), Token("$END", "", end))
        return self._mended

    def _take(self, token: Token, starts_line: bool) -> None:
        if starts_line and token.type == "WORD" and token.text in _DECLARATIONS and not self._indent:
            while self._open:
                self._unclosed(self._open.pop(), token)
        if token.type in CLOSING:
            self._open.append(_Open(token, len(self._mended), self._indent))
            self._mended.append(token)
        elif token.type in _OPENING:
            self._close(token, starts_line)
        else:
            self._mended.append(token)

    def _close(self, token: Token, starts_line: bool) -> None:
        if token.type == "RBRACE":
            while self._open and self._open[-1].token.type != "LBRACE":
                self._unclosed(self._open.pop(), token)
            if starts_line and any(each.indent <= self._indent for each in self._open):
                while self._open[-1].indent > self._indent:
                    self._unclosed(self._open.pop(), token)
        if not self._open or (self._open[-1].token.type == "LBRACE" and token.type != "RBRACE"):
            message = f"this `{token.text}` closes nothing"
            self._errors.add("SP0003", message, token.start, token.end)
            return
        opening = self._open.pop()
        if _OPENING[token.type] != opening.token.type:
            closing = _TEXT[CLOSING[opening.token.type]]
            self._errors.add(
                "SP0003",
                f"`{opening.token.text}` is closed by `{token.text}`",
                token.start,
                token.end,
                labels=[self._label(opening, "opened here")],
                help=write(f"write {closing}", closing),
            )
        self._mended.append(token._replace(type=CLOSING[opening.token.type]))

    def _unclosed(self, opening: _Open, found: Token) -> None:
        """A brace is closed in front of the token that shows that it is missing; another bracket spoils its line."""
        if opening.token.type == "LBRACE":
            self._errors.add(
                "SP0002",
                f"`{{` is not closed before {_described(found)}",
                found.start,
                found.end,
                labels=[self._label(opening, "opened here")],
                help="write } where it ends",
            )
            self._mended.append(Token("RBRACE", "", found.start))
            return
        token = opening.token
        help = f"write {_TEXT[CLOSING[token.type]]} where it ends"
        self._errors.add("SP0002", f"`{token.text}` is not closed", token.start, token.end, help=help)
        self._mended[opening.place] = token._replace(type=BROKEN)

    def _label(self, opening: _Open, message: str) -> Label:
        return Label(self._errors.source.span(opening.token.start, opening.token.end), message)


def _described(found: Token) -> str:
    return "the end of the file" if found.type == "$END" else f"this `{found.text}`"
