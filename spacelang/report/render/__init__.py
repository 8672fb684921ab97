"""Diagnostics as text for people, and in the formats that editors, pull requests and code scanners read.

The code that shows them is imported only if there are any, so that a clean check starts faster.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from spacelang.report.diagnostics import Diagnostic

__all__ = ["Format", "render", "to_text"]


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def render(diagnostics: Iterable[Diagnostic], format: Format = Format.TEXT, *, color: bool = False) -> str:
    """The diagnostics in one of the formats; `color` is for text only."""
    if format is Format.TEXT:
        return to_text(diagnostics, color=color)
    from spacelang.report.render import machine

    return {Format.JSON: machine.to_json, Format.GITHUB: machine.to_github, Format.SARIF: machine.to_sarif}[format](
        diagnostics
    )


def to_text(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Each diagnostic with its excerpt, then a summary line; an empty text if there are none.

    color: with ANSI colours.
    """
    found = list(diagnostics)
    if not found:
        return ""
    from spacelang.report.render import text

    return text.to_text(found, color=color)
