"""The rules that every IR must keep, checked for an IR from elsewhere and to find our own bugs."""

from __future__ import annotations

from spacelang.verify.space import (
    verify,
)

__all__ = [
    "verify",
]
