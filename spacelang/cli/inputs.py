"""What a command line names: `FILE`, `FILE#NAME` for one of several declarations, `-` for stdin."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING

from spacelang.ast.loader import open_source
from spacelang.cli.console import show_diagnostics
from spacelang.language.limits import FILE_BYTES
from spacelang.report.diagnostics import Diagnostic, Report, SpacelangError
from spacelang.report.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spacelang.ir.nodes import Kind, SearchSpace

STDIN = "-"
ON_TRUST = ("SP0608", "SP0609")
"""Warnings that every command shows: it may print or use an origin that could not be checked."""


class RuntimeChoice(StrEnum):
    """The runtimes that models are measured through."""

    ONNXRUNTIME = "onnxruntime"
    TFLITE = "tflite"


def read_input(argument: str, report: Report) -> tuple[Source | None, Path | None]:
    """The text that an argument names and where its imports are looked up; no text where it can't be read."""
    if argument != STDIN:
        path = Path(argument)
        if not path.is_fifo():
            return open_source(path, argument, report), path
        with path.open("rb") as pipe:
            return _from_pipe(pipe, argument, report), None
    return _from_pipe(sys.stdin.buffer, "stdin", report), None


def _from_pipe(pipe: IO[bytes], name: str, report: Report) -> Source | None:
    """The text of stdin, or of a process substitution of the shell; imports start at the current folder."""
    data = pipe.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        report.error("SP0215", f"{name} is longer than {FILE_BYTES} bytes")
        return None
    try:
        return Source("<stdin>" if name == "stdin" else name, data.decode())
    except UnicodeDecodeError as error:
        report.error("SP0214", f"{name} is not UTF-8: byte {data[error.start]:#04x} at offset {error.start}")
        return None


def load_space(
    argument: str,
    kinds: tuple[Kind, ...] = ("hyperspace", "space", "model"),
    shown: str | None = None,
    mends: Mapping[Kind, str] | None = None,
) -> SearchSpace:
    """The space that an argument names.

    Args:
        shown: what diagnostics call the file, where that isn't its path.
        mends: what else to do with a space of a kind that isn't taken.

    Raises:
        SpacelangError: with all that is wrong; if it is of another kind.
    """
    from spacelang.driver import choose, compile_source, split_name

    report = Report()
    file, name = split_name(argument)
    source, path = read_input(file, report)
    if source is None:
        raise SpacelangError(report.sorted())
    if shown is not None:
        source = Source(split_name(shown)[0], source.text)
    space = choose(compile_source(source, path, report), name, source.name)
    show_diagnostics([each for each in report.sorted() if each.code in ON_TRUST])
    if space.kind not in kinds:
        mend = (mends or {}).get(space.kind, "")
        if not mend and space.kind == "hyperspace":
            mend = f"`spacelang decode {argument} ENCODING -o found.space` writes out a space of it"
        raise SpacelangError([_other_kind(space, kinds, mend)])
    return space


def _other_kind(space: SearchSpace, kinds: tuple[Kind, ...], mend: str) -> Diagnostic:
    from spacelang.report.suggest import listed

    help = f"this command takes {listed(f'a {kind}' for kind in kinds)}"
    return Diagnostic("SP1002", f"{space.name} is a {space.kind}", help=f"{help}; {mend}" if mend else help)
