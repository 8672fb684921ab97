"""The functions of the Python API that only put phases together; `spacelang` itself names the rest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from spacelang.report.diagnostics import Diagnostic, Report, SpacelangError

if TYPE_CHECKING:
    from spacelang.ir.nodes import SearchSpace


def check(path: str | os.PathLike[str]) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with a file and those that it imports, in the order of the text; nothing if all is well.

    A file that can't be read is a finding too.
    """
    from spacelang.ast.loader import open_source
    from spacelang.driver import check_source

    report = Report()
    source = open_source(Path(path), os.fspath(path), report)
    if source is not None:
        check_source(source, Path(path), report)
    return report.sorted()


def format(text: str) -> str:
    """The text as `spacelang fmt` writes it: comments stay, the meaning too. Only the syntax must be right.

    Raises:
        SpacelangError: if it isn't.
    """
    from spacelang.report.source import Source
    from spacelang.syntax.format import format_file
    from spacelang.syntax.parse import parse

    report = Report()
    tree = parse(Source("<string>", text), report)
    report.raise_if_failed()
    return format_file(tree)


def dumps(space: SearchSpace, *others: SearchSpace) -> str:
    """A complete `.space` text of the space, and of others in the same file: `loads(dumps(space)) == space`.

    Raises:
        SpacelangError: if one is not sound, so that no text says it.
    """
    from spacelang.translate.printer import to_text
    from spacelang.verify.space import verify

    if wrong := [each for part in (space, *others) for each in verify(part)]:
        raise SpacelangError(wrong)
    return to_text(space, *others)
