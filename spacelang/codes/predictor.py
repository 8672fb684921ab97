"""Codes of latency predictors."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = ()
