"""Diagnostics as text for people, and in the formats that editors, pull requests and code scanners read."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from spacelang.report.diagnostics import Diagnostic
from spacelang.report.render.text import summary, to_text

__all__ = ["Format", "render", "summary", "to_text"]


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def render(diagnostics: Iterable[Diagnostic], format: Format = Format.TEXT, *, color: bool = False) -> str:
    """The diagnostics in one of the formats; `color` is for text only."""
    if format is Format.TEXT:
        return to_text(diagnostics, color=color)
    from spacelang.report.render import machine  # json and urllib cost more than a clean check does

    return {Format.JSON: machine.to_json, Format.GITHUB: machine.to_github, Format.SARIF: machine.to_sarif}[format](
        diagnostics
    )
