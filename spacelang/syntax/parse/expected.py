"""Messages about an unexpected token: what was found and what is legal there, in words."""

from __future__ import annotations

from typing import Final, NamedTuple

from spacelang.report.suggest import listed
from spacelang.syntax.parse.tokens import Token

_OPERATORS: Final = frozenset({"ADD", "MULTIPLY", "COMPARE"})

_VALUES: Final = (("STRING", "a value"), ("WORD", "a number or a name"), ("NUMBER", "a number"))
"""Terminals that stand for a kind of value; the first legal one covers those after it."""

_OTHERS: Final = (("_COMMA", "`,`"), ("RPAR", "`)`"), ("RSQB", "`]`"))


class Unexpected(NamedTuple):
    message: str
    help: str


def unexpected(found: Token, before: Token | None, accepted: set[str], opening: Token | None = None) -> Unexpected:
    """The message and the help for an unexpected token.

    Args:
        before: the token before `found`.
        accepted: the terminals that the parser would accept.
        opening: the parenthesis or square bracket that both are in.
    """
    if opening is not None and _belongs_in_braces(found, before, opening):
        return Unexpected(f"`{opening.text}` can't hold this", "sets and bodies go in braces: `{ … }`")
    if before is not None and before.text in ("<", ">") and found.type in ("_NEWLINE", "_COMMA", "RBRACE", "$END"):
        return Unexpected(f"`{before.text}` compares two values", "sets and bodies go in braces: `{ … }`")
    behind = before is not None and before.type not in ("_NEWLINE", "LBRACE", "RBRACE")
    if found.type in _OPERATORS | {"RANGE"} and before is not None and _ends_value(before):
        return Unexpected(f"`{found.text}` can't follow {_described(before)}", _why_not(found, before))
    place = f" after `{before.text}`" if before is not None and behind and not _ends_value(before) else ""
    message = f"found {_described(found)}{place}, expected {_expected(accepted)}"
    return Unexpected(message, _advice(found, before, accepted))


def _belongs_in_braces(found: Token, before: Token | None, opening: Token) -> bool:
    """Whether brackets of another kind hold several values, or properties."""
    if opening.type == "LPAR" and found.type == "_COMMA":
        return True
    return before is not None and before.type == "WORD" and found.type in ("WORD", "NUMBER", "STRING", "LBRACE", "LSQB")


def _expected(accepted: set[str]) -> str:
    values = [words for terminal, words in _VALUES if terminal in accepted][:1]
    others = [words for terminal, words in _OTHERS if terminal in accepted and (not values or terminal != "_COMMA")]
    return listed([*values, *others])


def _ends_value(token: Token) -> bool:
    return token.type in ("WORD", "NUMBER", "STRING", "RBRACE", "RPAR", "RSQB")


def _described(token: Token) -> str:
    if token.type == "_NEWLINE":
        return "the end of the line"
    if token.type == "$END":
        return "the end of the file"
    kinds = {"WORD": "the word ", "NUMBER": "the number ", "STRING": "the string "}
    text = token.text if len(token.text) <= 30 else f"{token.text[:29]}…"
    return f"{kinds.get(token.type, '')}`{text}`"


def _why_not(found: Token, before: Token) -> str:
    if found.type == "RANGE" and before.text in ("ms", "channels", "channel"):
        return "the unit is written once, after the range: `5..10 ms`"
    if found.type == "RANGE":
        return "a range goes between two numbers, `32..64` or `32..64 step 8`"
    if found.type == "COMPARE":
        return "a comparison has two sides, `hidden != in`"
    return "arithmetic takes numbers, names, calls and ( )"


def _advice(found: Token, before: Token | None, accepted: set[str]) -> str:
    if found.text == "-" and "NUMBER" in accepted:
        return "there are no negative numbers"
    if found.text == "/" and before is not None and before.text == "/":
        return "a comment starts with #"
    if found.text == "=" and "RPAR" in accepted:
        return "`==` compares"
    if "RSQB" in accepted and "_COMMA" in accepted:
        return "`[a, b]` has one value for each layer"
    return ""
