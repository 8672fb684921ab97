"""The IR's own law, for an IR that comes from elsewhere and for defects of our own."""

from __future__ import annotations

from spacelang.verify.space import (
    verify,
)

__all__ = [
    "verify",
]
