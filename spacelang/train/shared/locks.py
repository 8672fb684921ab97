"""Work that only one process does at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from spacelang.report.diagnostics import refuse

SECONDS = 10.0
"""How long to wait for a lock: the readers of a process that was killed hold it for some seconds more."""


@contextmanager
def locked(path: Path, code: str, message: str, help: str) -> Iterator[None]:
    """No other process is in here for the same file. Raises: SpacelangError: `code` if one is."""
    try:
        held = FileLock(path).acquire(SECONDS)
    except Timeout:
        refuse(code, message, help)
    with held:
        yield
