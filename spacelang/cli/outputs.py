"""Files that a command would write over: only those that are as spacelang wrote them."""

from __future__ import annotations

import re
from pathlib import Path

from spacelang.report.diagnostics import SpacelangError, refuse

NOTE = re.compile(r"# Found by `spacelang \w+`: [^\n]*\n# Table: [^\n]*\n\n")
"""What a search writes above a space."""


def require_unedited(file: Path, *, force: bool, text: str | None = None) -> None:
    """Check that a file may be written over.

    Args:
        text: what is to be written, where that is known already.

    Raises:
        SpacelangError: SP1011: if it would be lost, and `force` isn't given.
    """
    if not force and _is_edited(file, text):
        refuse("SP1011", f"{file} isn't as spacelang wrote it", "choose another name, or overwrite it with --force")


def _is_edited(file: Path, text: str | None) -> bool:
    """Whether a file would be lost: it is neither what is written now nor a space that is as it was found."""
    from spacelang.driver import load
    from spacelang.translate.printer import to_text

    try:
        there = file.read_text("utf-8")
        if there == text:
            return False
        space = load(file)
    except (FileNotFoundError, IsADirectoryError):
        return False
    except (OSError, UnicodeError, SpacelangError):
        return True
    return space.origin is None or space.origin.checksum is None or to_text(space) != NOTE.sub("", there, count=1)
