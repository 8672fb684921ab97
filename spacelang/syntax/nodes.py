"""The concrete syntax tree: what was written, with its comments, without its meaning.

A text is lines; a line is phrases between commas; a phrase is terms side by side. The formatter works on this tree, so
it formats any text whose syntax is right; `read` turns it into the declarations of `ast`.

    stage stage1 { depth 2..4, width 2 of 32..64 }
    └ Line ┬ Phrase: Word stage, Word stage1, Group
           └ in the group, one Line of two Phrases: [depth, Range], [width, Number 2, Word of, Range]
"""

from __future__ import annotations

from typing import NamedTuple

from spacelang.report.source import Span


class Comment(NamedTuple):
    """`# text`, as written, without the line break."""

    text: str
    span: Span


class Word(NamedTuple):
    text: str
    span: Span


class Number(NamedTuple):
    """An int or a float; `text` is its spelling, which the formatter keeps (`1.0` stays `1.0`)."""

    value: int | float
    text: str
    span: Span


class String(NamedTuple):
    """`value` has its escapes (`\\"` and `\\\\`) resolved."""

    value: str
    span: Span


class Symbol(NamedTuple):
    """`=` or `->` between the terms of a phrase."""

    text: str
    span: Span


class Range(NamedTuple):
    """`low..high`, both ends included."""

    low: Number
    high: Number
    span: Span


class Binary(NamedTuple):
    """`left op right`; op is one of `+ - * / div == != < <= > >=`."""

    op: str
    left: Term
    right: Term
    span: Span


class Parenthesised(NamedTuple):
    inner: Term
    span: Span


class Call(NamedTuple):
    """`name(argument, …)`: a function in an expression, or a block's name with its parameters."""

    name: Word
    arguments: tuple[Term, ...]
    span: Span


class PerLayer(NamedTuple):
    """`[a, b, …]`: one value for each layer of a stage."""

    items: tuple[Term, ...]
    span: Span


class Group(NamedTuple):
    """`{ … }`: a set of values or a body; the syntax doesn't tell them apart.

    `comments` are those after the last line, before the closing brace.
    """

    lines: tuple[Line, ...]
    comments: tuple[Comment, ...]
    span: Span


Term = Word | Number | String | Symbol | Range | Binary | Parenthesised | Call | PerLayer | Group


class Phrase(NamedTuple):
    terms: tuple[Term, ...]
    span: Span


class Line(NamedTuple):
    """Phrases between commas, ended by a newline (or the brace that closes the group).

    `comments` are above it; `trailing` follows it on its last line. `blank_before` says whether an empty line
    separates it (with its comments) from what is above.
    """

    phrases: tuple[Phrase, ...]
    comments: tuple[Comment, ...]
    trailing: Comment | None
    blank_before: bool
    span: Span


class File(NamedTuple):
    lines: tuple[Line, ...]
    comments: tuple[Comment, ...]
    span: Span
