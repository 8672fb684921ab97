"""One thread, so that tests side by side don't fight for cores."""

from __future__ import annotations

from tests.nn.conftest import one_thread

__all__ = ["one_thread"]
