"""What pydantic found wrong with a file, for a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def first_error(error: ValidationError) -> tuple[str, str]:
    """Where the first wrong value is, such as `jobs.0.batch` (empty: the whole file), and what is wrong with it."""
    first = error.errors(include_url=False)[0]
    return ".".join(map(str, first["loc"])), first["msg"]
