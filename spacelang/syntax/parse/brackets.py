"""Brackets that don't match: reported once, at the right place, and repaired so that the rest can be read.

If all brackets match, the tokens pass unchanged. Otherwise indentation shows what was meant, and so do the words that
only a space's body has:

- A closing brace is missing before a line that starts with a closing brace, or a word, that belongs further out.
- A closing brace is one too many if what follows it still belongs to the group that it closed. If a line with the same
  indentation as the brace could have opened a group, an opening brace is missing there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from spacelang.language.limits import NESTING
from spacelang.report.diagnostics import Label
from spacelang.syntax.parse.tokens import BROKEN, CLOSING, Errors, Token

_OPENING: Final = {closing: opening for opening, closing in CLOSING.items()}
_TEXT: Final = {"RBRACE": "}", "RPAR": ")", "RSQB": "]"}
_SPACES: Final = frozenset({"hyperspace", "space", "model"})
_DECLARATIONS: Final = _SPACES | {"language", "import", "block", "device"}
_PROPERTIES: Final = frozenset(
    ["input", "resolution", "classes", "stem", "stage", "head", "targets", "quality", "evolution", "distill", "train"]
)
"""Words that start lines of a space's body but no lines further in."""


def balance(tokens: list[Token], errors: Errors) -> list[Token]:
    """The tokens with every bracket closed; what is nested too deeply is replaced by a broken token."""
    depth = _deepest(tokens)
    if depth is None:
        tokens = _matched(_Mender(tokens, errors).mend())
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


def _matched(tokens: list[Token]) -> list[Token]:
    """The tokens with every bracket closed by its own kind, whatever repairing has left.

    All errors have been reported by now.
    """
    kept: list[Token] = []
    open_types: list[str] = []
    for token in tokens:
        if token.type in CLOSING:
            open_types.append(token.type)
        elif token.type in _OPENING:
            if _OPENING[token.type] not in open_types:
                continue
            while (inner := open_types.pop()) != _OPENING[token.type]:
                kept.append(_closing(inner, token.start))
        kept.append(token)
    end = kept[-1].start if kept else 0
    return [*kept, *(_closing(each, end) for each in reversed(open_types))]


def _closing(opening: str, at: int) -> Token:
    return Token(CLOSING[opening], _TEXT[CLOSING[opening]], at)


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


class _Line(NamedTuple):
    """A line of text: its number, its indentation, the place of its first token, and that token if it is a word."""

    number: int
    indent: int
    place: int
    word: str


class _Open:
    """An open bracket: its token, the place of that among the repaired ones, the line of text that opened it, and the
    indentation of its content: that of the first line in it, or more than its own if the content begins on that
    line."""

    def __init__(self, token: Token, place: int, line: _Line) -> None:
        self.token = token
        self.place = place
        self.line = line
        self.inner: int | None = None

    @property
    def indent(self) -> int:
        return self.line.indent

    @property
    def word(self) -> str:
        return self.line.word

    def has_passed(self, indent: int) -> bool:
        """Whether a line with this indentation is outside the bracket."""
        return self.inner is not None and self.inner > self.indent >= indent


class _Closed(NamedTuple):
    """A group of several lines that was closed where it may go on.

    Attributes:
        place: of the closing brace, among the repaired tokens.
        outer: the number of groups around the group.
        aligned: whether the brace stands below the line that opened the group, as it should.
    """

    group: _Open
    place: int
    outer: int
    aligned: bool


class _Mender:
    def __init__(self, tokens: list[Token], errors: Errors) -> None:
        self._tokens = tokens
        self._errors = errors
        self._mended: list[Token] = []
        self._open: list[_Open] = []
        self._lines = [_Line(1, 0, 0, "")]
        self._closed: _Closed | None = None
        types = [each.type for each in tokens]
        self._extra = max(0, types.count("RBRACE") - types.count("LBRACE"))
        """How many surplus closing braces are left."""
        self._missing = max(0, types.count("LBRACE") - types.count("RBRACE"))

    def mend(self) -> list[Token]:
        starts_line = True
        for token in self._tokens:
            if token.type == "_NEWLINE":
                starts_line = True
                self._mended.append(token)
                continue
            if token.type != "COMMENT" and starts_line:
                self._begin_line(token)
            self._take(token, starts_line and token.type != "COMMENT")
            starts_line = starts_line and token.type == "COMMENT"
        end = Token("$END", "", len(self._errors.source.text))
        while self._open:
            self._unclosed(self._open.pop(), end)
        return self._mended

    @property
    def _line(self) -> _Line:
        return self._lines[-1]

    def _begin_line(self, token: Token) -> None:
        number, column = self._errors.source.position(token.start)
        self._lines.append(_Line(number, column - 1, len(self._mended), token.text if token.type == "WORD" else ""))
        if self._line.word in _DECLARATIONS and not self._line.indent:
            self._close_down_to(0, token)
        elif self._extra and self._closed_too_early(token):
            self._reopen()
        elif self._line.word in _PROPERTIES and (bodies := self._bodies()):
            self._close_down_to(bodies[-1] + 1, token)
        elif self._missing and token.type not in _OPENING and token.type != "LBRACE":
            passed = [at for at, each in enumerate(self._open) if each.has_passed(self._line.indent)]
            self._close_down_to(passed[0] if passed else len(self._open), token)
        if self._open and self._open[-1].inner is None and token.type != "RBRACE":
            self._open[-1].inner = self._line.indent

    def _bodies(self) -> list[int]:
        return [at for at, each in enumerate(self._open) if each.word in _SPACES]

    def _close_down_to(self, depth: int, found: Token) -> None:
        """Closes every bracket from `depth` on, before the line that `found` starts."""
        if len(self._open) <= depth:
            return
        while len(self._open) > depth:
            self._unclosed(self._open.pop(), found)
            self._missing -= 1
        self._mended.append(Token("_NEWLINE", "", found.start))

    def _take(self, token: Token, starts_line: bool) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and top.inner is None and token.type != "RBRACE" and top.line is self._line:
            top.inner = top.indent + 1
        if token.type in CLOSING:
            self._open.append(_Open(token, len(self._mended), self._line))
            self._mended.append(token)
        elif token.type in _OPENING:
            self._close(token, starts_line)
        else:
            self._mended.append(token)

    # --- surplus braces ---

    def _closed_too_early(self, token: Token) -> bool:
        """Whether this line continues the group that was closed last."""
        closed = self._closed
        if closed is None or closed.outer != len(self._open) or token.type == "RBRACE":
            return False
        of_space = closed.group.word in _SPACES and self._line.word in _PROPERTIES
        return of_space or (not closed.aligned and self._line.indent > closed.group.indent)

    def _closes_again(self) -> bool:
        """Whether a brace that starts this line belongs to the group that was closed last."""
        closed = self._closed
        if closed is None or closed.aligned or closed.outer != len(self._open):
            return False
        return closed.group.indent == self._line.indent

    def _reopen(self) -> None:
        assert self._closed is not None
        group, place, *_ = self._closed
        brace = self._mended[place]
        self._too_many(brace, group)
        # Its place stays, for the places of what was opened since; a line break there changes nothing.
        self._mended[place] = Token("_NEWLINE", "", brace.start)
        self._open.append(group)
        self._closed = None

    def _too_many(self, brace: Token, group: _Open | None) -> None:
        """Reports a surplus brace.

        The rest of its line isn't checked, because the brace may only be too early in it.
        """
        self._extra -= 1
        labels = [] if group is None else [self._label(group, "it closes this, too early")]
        message = "this `}` is one too many" if group else "this `}` closes nothing"
        help = "remove it, or write the `{` that it closes further up"
        self._errors.add("SP0003", message, brace.start, brace.end, labels=labels, help=help)
        text = self._errors.source.text
        end = text.find("\n", brace.end)
        self._errors.spoil(text.rfind("\n", 0, brace.start) + 1, len(text) if end < 0 else end)

    def _unopened(self, brace: Token) -> bool:
        """Whether an earlier line could have opened the group that this brace, the first on its line, closes.

        If so, it now does.
        """
        floor = self._open[-1].place if self._open else -1
        for at in range(len(self._lines) - 2, 0, -1):
            line, after = self._lines[at], self._lines[at + 1]
            if line.place <= floor or line.indent < self._line.indent:
                return False
            if line.indent == self._line.indent:
                return bool(line.word) and after.indent > line.indent and self._open_at_end_of(line, after, brace)
        return False

    def _open_at_end_of(self, line: _Line, after: _Line, brace: Token) -> bool:
        place = after.place
        while self._mended[place - 1].type in ("_NEWLINE", "COMMENT"):
            place -= 1
        last = self._mended[place - 1]
        if last.type in ("LBRACE", "RBRACE"):
            return False
        self._extra -= 1
        self._errors.add(
            "SP0003",
            f"`{{` is missing after `{last.text}`",
            last.start,
            last.end,
            labels=[Label(self._errors.source.span(brace.start, brace.end), "closed here")],
            help="write { at the end of this line",
        )
        self._mended.insert(place, Token("LBRACE", "", last.end))
        self._mended.append(brace)
        self._closed = None
        return True

    # --- closing ---

    def _close(self, token: Token, starts_line: bool) -> None:
        if token.type == "RBRACE":
            self._close_inner(token, starts_line)
            if self._extra and starts_line and self._closes_again():
                self._reopen()
            too_deep = starts_line and bool(self._open) and self._line.indent > self._open[-1].indent
            if self._extra and (not self._open or too_deep):
                if not (starts_line and self._unopened(token)):
                    self._too_many(token, self._open[-1] if self._open else None)
                return
        if not self._open or (self._open[-1].token.type == "LBRACE" and token.type != "RBRACE"):
            message = f"this `{token.text}` closes nothing"
            self._errors.add("SP0003", message, token.start, token.end, help="remove it")
            return
        opening = self._open.pop()
        if _OPENING[token.type] != opening.token.type:
            self._mismatched(opening, token)
        aligned = starts_line and self._line.indent == opening.indent
        may_go_on = opening.line is not self._line and (not aligned or opening.word in _SPACES)
        if opening.token.type == "LBRACE" and may_go_on:
            self._closed = _Closed(opening, len(self._mended), len(self._open), aligned)
        self._mended.append(token._replace(type=CLOSING[opening.token.type]))

    def _close_inner(self, brace: Token, starts_line: bool) -> None:
        """Closes the brackets inside the group that a brace closes."""
        while self._open and self._open[-1].token.type != "LBRACE":
            self._unclosed(self._open.pop(), brace)
        indent = self._line.indent
        if starts_line and any(each.indent <= indent for each in self._open):
            while self._open[-1].indent > indent:
                self._unclosed(self._open.pop(), brace)

    def _mismatched(self, opening: _Open, token: Token) -> None:
        closing = _TEXT[CLOSING[opening.token.type]]
        self._errors.add(
            "SP0003",
            f"`{opening.token.text}` is closed by `{token.text}`",
            token.start,
            token.end,
            labels=[self._label(opening, "opened here")],
            help=f"write {closing}",
        )

    def _unclosed(self, opening: _Open, found: Token) -> None:
        """Reports an unclosed bracket.

        A brace is closed before the token that shows it is missing; any other bracket breaks its line.
        """
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
            if opening.line.indent or opening.word not in _DECLARATIONS:
                text = self._errors.source.text
                self._errors.spoil(text.rfind("\n", 0, opening.token.start) + 1, found.start)
            return
        token = opening.token
        help = f"write {_TEXT[CLOSING[token.type]]} where it ends"
        self._errors.add("SP0002", f"`{token.text}` is not closed", token.start, token.end, help=help)
        self._mended[opening.place] = token._replace(type=BROKEN)

    def _label(self, opening: _Open, message: str) -> Label:
        return Label(self._errors.source.span(opening.token.start, opening.token.end), message)


def _described(found: Token) -> str:
    return "the end of the file" if found.type == "$END" else f"this `{found.text}`"
