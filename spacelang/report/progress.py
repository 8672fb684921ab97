"""The interface that long work reports its progress to."""

from __future__ import annotations

from typing import Protocol


class Update(Protocol):
    """Called with how much is done, how much there is in all (None if unknown), and a word about the state."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None: ...
