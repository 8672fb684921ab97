"""Characters that would change how a terminal or a reader sees the text around them.

What is shown comes from the user's files, which may have been made to mislead: escape sequences, right-to-left
overrides.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(char: str) -> str:
    """The character, or its escape if it is a control, format, or unassigned character."""
    if char.isprintable() or unicodedata.category(char) not in _HIDDEN:
        return char
    if short := _SHORT.get(char):
        return short
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escape(text: str) -> str:
    """The text with every hidden character escaped; line breaks too."""
    return text if text.isprintable() else "".join(map(visible, text))


def columns(char: str) -> int:
    """How many terminal columns a visible character takes."""
    if char.isascii():
        return 1
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
