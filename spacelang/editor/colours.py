"""The Pygments lexer, found by its entry point: Sphinx, MkDocs, `rich` and `pygmentize` colour with it."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer
from pygments.lexer import words as any_of
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text, _TokenType

from spacelang.editor.words import words

KINDS: dict[str, _TokenType] = {
    "declaration": Keyword.Declaration,
    "operator": Operator.Word,
    "function": Name.Function,
    "step": Name.Builtin,
    "value": Keyword.Constant,
    "property": Name.Attribute,
    "modifier": Name.Attribute,
    "name": Name.Builtin.Pseudo,
    "unit": Keyword,
}


class SpaceLexer(RegexLexer):  # type: ignore[misc]
    name = "spacelang"
    aliases: ClassVar[list[str]] = ["space", "spacelang"]
    filenames: ClassVar[list[str]] = ["*.space"]
    url = ""

    tokens: ClassVar[dict[str, list[tuple[object, _TokenType]]]] = {
        "root": [
            (r"\s+", Text.Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'"(?:[^"\\\n]|\\.)*"', String.Double),
            (r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", Number),
            *((any_of(each, prefix=r"\b", suffix=r"\b"), KINDS[kind]) for kind, each in words().items()),
            (r"[A-Za-z_][A-Za-z0-9_]*", Name),
            (r"->|==|!=|<=|>=|\.\.|[=<>+*/-]", Operator),
            (r"[{}()\[\],]", Punctuation),
        ]
    }
