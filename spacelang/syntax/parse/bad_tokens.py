"""Reports text that isn't a token: unclosed strings, malformed numbers, characters that mean nothing here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from spacelang.language.limits import NUMBER_DIGITS
from spacelang.report.mend import write
from spacelang.syntax.parse.tokens import BROKEN, Errors, Token

_CLOSERS: Final = {"{": "}", "(": ")", "[": "]"}
_CLOSER_TYPES: Final = {"}": "RBRACE", ")": "RPAR", "]": "RSQB"}

FOREIGN_COMMENTS: Final = frozenset({"/", ";", "-", "%", "'", "<"})
"""The first characters of comments in other languages: `//`, `/*`, `;`, `--`, `%`, `'` and `<!--`."""

_LOOK_ALIKES: Final = {
    **dict.fromkeys("“”„‟«»‘’‚′″＂", '"'),
    **dict.fromkeys("–—−‐‑‒﹣－", "-"),
    **dict.fromkeys("×∗✕⋅·", "*"),
    **dict.fromkeys("→⟶⇒", "->"),
    "÷": "/",
    "⁄": "/",
    "…": "..",
    "‥": "..",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "，": ",",
    "｛": "{",
    "｝": "}",
    "（": "(",
    "）": ")",
    "［": "[",
    "］": "]",
    "＝": "=",
    "＃": "#",
}

_ADVICE: Final = {
    ";": "a line break or a comma ends a property; a comment begins with #",
    ":": "a value follows its name without a colon: `depth 2..4`, and a range has two dots",
    "'": 'strings go in double quotes: "std/blocks.space"',
    "`": 'strings go in double quotes: "std/blocks.space"',
    ".": "a range has two dots: `2..4`",
    "!": "comparisons are == != < <= > >=",
    "&": "a line has one condition",
    "|": "a line has one condition",
    "\\": "a line can't be continued; inside ( ) and [ ] line breaks don't count",
    "%": "arithmetic is + - * / and div",
    "^": "arithmetic is + - * / and div",
}


_UNIT: Final = re.compile(r"([0-9.]+)([A-Za-z_]+)")
"""A number with a unit directly after it. Only the first on a line is reported: a set has one unit, after it."""


_QUOTED_CALL: Final = re.compile(r'"([A-Za-z_]\w*)"(?=\()', re.ASCII)
"""A name in quotes before its parameters, as in `block "mine"(kernel)`. Strings take none."""


class BadTokens:
    """Reports the tokens of `kinds` and replaces them by broken ones, whose lines the parser leaves out."""

    kinds: Final = frozenset({"UNCLOSED_STRING", "MALFORMED_NUMBER", "STRAY", "NUMBER", "STRING"})

    def __init__(self, errors: Errors) -> None:
        self._errors = errors
        self._stray_line = -1
        self._unit_line = -1

    def end_of_comment(self, token: Token) -> int | None:
        """Reports a comment in another language's form that begins with this token.

        Returns: its end; None if the token doesn't begin one.
        """
        text, start = self._errors.source.text, token.start
        starts_line = not text[text.rfind("\n", 0, start) + 1 : start].strip()
        sign = next((each for each in ("//", "/*", "--", "<!--") if text.startswith(each, start)), token.text)
        if sign not in ("//", "/*") and not (starts_line and sign in (";", "--", "<!--", "%", "'")):
            return None
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if (closing := {"/*": "*/", "<!--": "-->"}.get(sign)) and (at := text.find(closing, start)) >= 0:
            end = at + len(closing)
        self._errors.add(
            "SP0017", "a comment begins with `#`", start, start + len(sign), help="write # in each line of it"
        )
        return end

    def report(self, token: Token) -> Iterator[Token]:
        """The token itself if nothing is wrong with it. Numbers and strings are checked more closely."""
        if token.type == "UNCLOSED_STRING":
            yield from self._unclosed(token)
            return
        if token.type == "STRING" and (name := _QUOTED_CALL.match(self._errors.source.text, token.start)):
            mend = write(f"write {name[1]}", name[1])
            self._errors.add("SP0112", "a name isn't written in quotes", token.start, token.end, help=mend)
            yield Token("FUNCTION", name[1], token.start + 1)
            return
        ok = getattr(self, f"_{token.type.lower()}")(token)
        yield token if ok else token._replace(type=BROKEN)

    def _unclosed(self, token: Token) -> Iterator[Token]:
        """Brackets at the string's end count as such if the line opened them, so that they don't seem unclosed too."""
        kept = token.text.split("#")[0].rstrip(" \t})],")
        source = self._errors.source
        line, column = source.position(token.start)
        opened = [_CLOSERS[char] for char in source.line(line)[: column - 1] if char in _CLOSERS]
        self._errors.add(
            "SP0004",
            "the string is not closed on its line",
            token.start,
            token.start + len(kept),
            help='it ends with `"`; inside, a quote is written \\"',
        )
        yield Token(BROKEN, kept, token.start)
        for at in range(len(kept), len(token.text)):
            if opened and token.text[at] == opened[-1]:
                opened.pop()
                yield Token(_CLOSER_TYPES[token.text[at]], token.text[at], token.start + at)

    def _malformed_number(self, token: Token) -> bool:
        source = self._errors.source
        if token.text.startswith(".") and source.text.endswith("..", 0, token.start):
            self._errors.add(
                "SP0006", "a range has two dots", token.start - 2, token.start + 1, help="write it like `2..4`"
            )
            return False
        if (decimal := re.search(r"(?<![\w.])0,$", source.text[: token.start])) and re.fullmatch(
            r"0[0-9]+", token.text
        ):
            written = f"0.{token.text}"
            start = decimal.start()
            help = f"write {written}"
            self._errors.add("SP0018", "a number has a decimal point, not a comma", start, token.end, help=help)
            return False
        if _UNIT.fullmatch(token.text):
            line = source.position(token.start)[0]
            if line == self._unit_line:
                return False
            self._unit_line = line
        message = f"`{_shortened(token.text)}` is not a number"
        self._errors.add("SP0006", message, token.start, token.end, help=_mended_number(token.text))
        return False

    def _number(self, token: Token) -> bool:
        digits = sum(map(str.isdigit, token.text))
        if digits > NUMBER_DIGITS:
            message = f"a number of {digits} digits, more than {NUMBER_DIGITS}"
        elif "e" in token.text.lower() and float(token.text) == float("inf"):
            message = f"`{token.text}` is larger than any number that can be stored"
        else:
            return True
        self._errors.add("SP0013", message, token.start, token.end)
        return False

    def _string(self, token: Token) -> bool:
        escape = re.search(r'\\[^"\\]', re.sub(r'\\[\\"]', "  ", token.text)) if "\\" in token.text else None
        if escape is None:
            return True
        start = token.start + escape.start()
        message = f"`{escape.group()}` is not an escape"
        self._errors.add(
            "SP0007", message, start, start + 2, help='the escapes are \\" and \\\\; paths have forward slashes'
        )
        return False

    def _stray(self, token: Token) -> bool:
        """Reports one stray character in a line; later ones are the same mistake, such as a second curly quote."""
        line = self._errors.source.position(token.start)[0]
        if line != self._stray_line:
            self._stray_line = line
            message, help = _stray_message(token.text)
            self._errors.add("SP0005", message, token.start, token.end, help=help)
        return False


def _shortened(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29]}…"


def _mended_number(text: str) -> str:
    """Help for a malformed number: what was probably meant, or general advice if that is unclear."""
    plain = text.replace("_", "")
    if re.fullmatch(r"0+[0-9]+", text):
        mended = text.lstrip("0") or "0"
        return write(f"write {_shortened(mended)}: numbers have no leading zeros", mended)
    if re.fullmatch(r"[0-9]+\.", text) or re.fullmatch(r"\.[0-9]+", text):
        mended = f"{text}0" if text.endswith(".") else f"0{text}"
        return write(f"write {_shortened(mended)}: a point needs digits on both sides", mended)
    if plain != text and plain.isdigit():
        return write(f"write {_shortened(plain)}: digits are not grouped", plain)
    unit = _UNIT.fullmatch(text)
    if unit:
        mended = f"{unit[1]} {unit[2]}"
        return write(f"a space goes between a number and its unit: {_shortened(mended)}", mended)
    return "numbers are like 24, 0.25 or 1e-5; names start with a letter"


def _stray_message(char: str) -> tuple[str, str]:
    """The message and the advice for a character that isn't in any token."""
    name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
    if char in _LOOK_ALIKES:
        return (
            f"`{char}` ({name}) looks like `{_LOOK_ALIKES[char]}` but is another character",
            write(f"write {_LOOK_ALIKES[char]}", _LOOK_ALIKES[char]),
        )
    if char.isascii() and char.isprintable():
        return f"`{char}` means nothing in a .space text", _ADVICE.get(char, "")
    if char.isalpha():
        return f"`{char}` can't be part of a name", "names are made of the letters a-z and A-Z, digits and _"
    if char.isspace() or not char.isprintable():
        code = f"U+{ord(char):04X}"
        shown = code if name.upper() == code else f"{code}, {name}"
        return f"there is an invisible character ({shown}) here", write("delete it, or write a space", " ")
    return f"`{char}` ({name}) means nothing in a .space text", ""
