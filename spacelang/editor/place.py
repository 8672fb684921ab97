"""What an offset of a text is in the language. It is read from tokens, so that it works in a half-typed line too."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from spacelang.syntax.parse.tokens import BROKEN, CLOSING, Token

_CLOSERS = frozenset(CLOSING.values())

SPACES = ("hyperspace", "space", "model")

Words = tuple[str, ...]


class Place(NamedTuple):
    """An offset, as seen from the text before it.

    Attributes:
        groups: for each open `{`, outermost first, the texts of its phrase before it: `("stage", "s1")`.
        line: the phrases of this line before the current one: for `conv 1 -> out, |` that of the convolution.
        phrase: the texts before the current word, in its phrase.
        word: the token that the offset touches, None between tokens.
        names: the first words of the other phrases of the innermost group (or of the file).
    """

    groups: tuple[Words, ...]
    line: tuple[Words, ...]
    phrase: Words
    word: Token | None
    names: frozenset[str]

    @property
    def section(self) -> Words:
        """The first word of each open group: `("hyperspace", "stage")`; a search id's group is `use`."""
        return tuple("use" if "=" in words else words[0] if words else "" for words in self.groups)


def place_at(tokens: list[Token], offset: int) -> Place:
    """The place of an offset. A word that it touches, even at its end, is the current word."""
    stop = bisect_left(tokens, offset, key=lambda each: each.end)
    at = tokens[stop] if stop < len(tokens) else None
    touched = at if at is not None and at.text and at.start <= offset and _wordlike(at) else None
    before = tokens[:stop] if touched is not None else [each for each in tokens[: stop + 1] if each.end <= offset]
    if any(
        each.type == "COMMENT" and each.start < offset and "\n" not in each.text for each in tokens[stop : stop + 1]
    ):
        return Place((("#",),), (), (), None, frozenset())
    walk = _Walk()
    for token in before:
        walk.take(token)
    return walk.place(touched, tokens[len(before) :])


def _wordlike(token: Token) -> bool:
    return token.type in ("WORD", "FUNCTION", "NUMBER", "STRING", BROKEN) or token.text == "div"


class _Level:
    def __init__(self, head: Words, type: str) -> None:
        self.head, self.type = head, type
        self.line: list[Words] = []
        self.phrase: list[str] = []
        self.names: set[str] = set()

    def end_phrase(self) -> None:
        if self.phrase:
            self.names.add(self.phrase[0])
            self.line.append(tuple(self.phrase))
            self.phrase = []


class _Walk:
    """Open brackets and their content, read token by token."""

    def __init__(self) -> None:
        self.levels = [_Level((), "FILE")]

    def take(self, token: Token) -> None:
        level = self.levels[-1]
        if token.type in CLOSING:
            self.levels.append(_Level(tuple(level.phrase), token.type))
        elif token.type in _CLOSERS:
            if len(self.levels) > 1:
                self.levels.pop()
                self.levels[-1].phrase.append(token.text or "}")
        elif token.type == "_COMMA":
            level.end_phrase()
        elif token.type == "_NEWLINE":
            if level.type in ("LBRACE", "FILE"):
                level.end_phrase()
                level.line.clear()
        elif token.type != "COMMENT":
            level.phrase.append(token.text)

    def place(self, word: Token | None, rest: list[Token]) -> Place:
        groups = tuple(each.head for each in self.levels[1:] if each.type == "LBRACE")
        level = next(each for each in reversed(self.levels) if each.type in ("LBRACE", "FILE"))
        names = frozenset(level.names | _following(rest[1:] if word is not None else rest))
        return Place(groups, tuple(level.line), tuple(level.phrase), word, names)


def _following(tokens: list[Token]) -> set[str]:
    """The first words of the phrases that follow in the same group."""
    found, depth, starts = set[str](), 0, False
    for token in tokens:
        depth += (token.type in CLOSING) - (token.type in _CLOSERS)
        if depth < 0:
            break
        if depth == 0 and token.type in ("_COMMA", "_NEWLINE"):
            starts = True
        elif starts and token.type != "COMMENT":
            if token.type == "WORD" and depth == 0:
                found.add(token.text)
            starts = False
    return found
