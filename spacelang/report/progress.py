"""What long work reports to, whoever shows it."""

from __future__ import annotations

from typing import Protocol


class Update(Protocol):
    """Called with how much is done and how much there is (None where nobody knows), and a word on how it goes."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None: ...
