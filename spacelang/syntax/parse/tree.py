"""The parser's callbacks: they make the nodes of the syntax tree while it reads."""

from __future__ import annotations

import re
from typing import Any

from spacelang import syntax
from spacelang.report.source import Source, Span
from spacelang.syntax.parse.tokens import Token, Trivia


class TreeBuilder:
    """Methods are named after the rules and terminals of `space.lark`.

    `broken` holds the starts of lines that are incomplete because of an error; they are left out.
    """

    def __init__(self, source: Source, trivia: Trivia) -> None:
        self._source = source
        self._trivia = trivia
        self.broken: set[int] = set()

    # --- terminals ---

    def WORD(self, token: Token) -> syntax.Word:
        return syntax.Word(token.text, self._span(token))

    FUNCTION = WORD

    def NUMBER(self, token: Token) -> syntax.Number:
        text = token.text
        value = int(text) if text.isdigit() else float(text)
        return syntax.Number(value, text, self._span(token))

    def STRING(self, token: Token) -> syntax.String:
        value = re.sub(r"\\(.)", r"\1", token.text[1:-1])
        return syntax.String(value, self._span(token))

    def SYMBOL(self, token: Token) -> syntax.Symbol:
        return syntax.Symbol(token.text, self._span(token))

    # --- rules ---

    def file(self, lines: list[syntax.Line]) -> syntax.File:
        return syntax.File(self._whole(lines), tuple(self._trivia.end), self._source.span(0, len(self._source.text)))

    def line(self, phrases: list[syntax.Phrase]) -> syntax.Line:
        start = phrases[0].span.start
        trivia = self._trivia
        above = tuple(trivia.above.get(start, ()))
        span = Span(self._source, start, phrases[-1].span.end)
        return syntax.Line(tuple(phrases), above, trivia.behind.get(start), start in trivia.blank, span)

    def phrase(self, terms: list[syntax.Term]) -> syntax.Phrase:
        return syntax.Phrase(tuple(terms), Span(self._source, terms[0].span.start, terms[-1].span.end))

    def group(self, children: list[Any]) -> syntax.Group:
        opening, *lines, closing = children
        comments = tuple(self._trivia.closing.get(closing.start, ()))
        return syntax.Group(self._whole(lines), comments, self._between(opening, closing))

    def per_layer(self, children: list[Any]) -> syntax.PerLayer:
        opening, *items, closing = children
        return syntax.PerLayer(tuple(items), self._between(opening, closing))

    def range(self, children: list[Any]) -> syntax.Range:
        low, _, high = children
        return syntax.Range(low, high, low.span.to(high.span))

    def binary(self, children: list[Any]) -> syntax.Binary:
        left, operator, right = children
        return syntax.Binary(operator.text, left, right, left.span.to(right.span))

    def parenthesised(self, children: list[Any]) -> syntax.Parenthesised:
        opening, inner, closing = children
        return syntax.Parenthesised(inner, self._between(opening, closing))

    def call(self, children: list[Any]) -> syntax.Call:
        name, _, *arguments, closing = children
        return syntax.Call(name, tuple(arguments), Span(self._source, name.span.start, closing.end))

    def _whole(self, lines: list[syntax.Line]) -> tuple[syntax.Line, ...]:
        if not self.broken:
            return tuple(lines)
        return tuple(line for line in lines if line.span.start not in self.broken)

    def _span(self, token: Token) -> Span:
        return Span(self._source, token.start, token.start + len(token.text))

    def _between(self, opening: Token, closing: Token) -> Span:
        return Span(self._source, opening.start, closing.start + len(closing.text))
