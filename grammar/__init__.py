"""The grammar of `.space` texts, as a resource of the package."""

from __future__ import annotations

from importlib.resources import files


def grammar_text() -> str:
    """The text of `space.lark`."""
    return files(__name__).joinpath("space.lark").read_text(encoding="utf-8")
