"""Codes of building a table of losses."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = ()
