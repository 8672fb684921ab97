"""Text to syntax tree and back: lines, phrases and terms, with their comments, but without their meaning."""

from __future__ import annotations

from spacelang.syntax.nodes import (
    Binary,
    Call,
    Comment,
    File,
    Group,
    Line,
    Number,
    Parenthesised,
    PerLayer,
    Phrase,
    Range,
    String,
    Symbol,
    Term,
    Word,
)

__all__ = [
    "Binary",
    "Call",
    "Comment",
    "File",
    "Group",
    "Line",
    "Number",
    "Parenthesised",
    "PerLayer",
    "Phrase",
    "Range",
    "String",
    "Symbol",
    "Term",
    "Word",
]
