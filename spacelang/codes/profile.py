"""Codes of the profile of a device."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = ()
