"""The form of an entry in the table of diagnostic codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """What `spacelang explain` and `docs/errors.md` say about one code.

    Attributes:
        code: `SP` and four digits; never reused for another meaning.
        title: a few words.
        explanation: why it is an error and what to do, in a paragraph.
        bad: a short text (or command) that causes it.
        good: the same, corrected.
    """

    code: str
    title: str
    explanation: str
    bad: str = ""
    good: str = ""
