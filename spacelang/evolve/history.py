"""The history of a search: JSON lines, a header and one line for each space in the order in which they were explored.

Each line is written out before the next space is scored, so whatever ends a search leaves a history to go on with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ValidationError

from spacelang import __version__, ir
from spacelang.records import Record, first_error
from spacelang.report.diagnostics import Diagnostic, SpacelangError

HISTORY_VERSION = 1
MAX_BYTES = 1 << 30
Algorithm = Literal["evolution", "random"]
Line = TypeVar("Line", bound=BaseModel)


class Header(Record):
    """Everything that decides which spaces a search explores, and what made the file.

    Attributes:
        sha256: of the hyperspace. table: `parquet.fingerprint`.
        population, sample: None for random search, which has neither.
    """

    history_version: int = HISTORY_VERSION
    spacelang: str = __version__
    hyperspace: str
    sha256: str
    table: str
    device: str
    targets_ms: tuple[float, ...]
    quality: ir.Quality
    limits: ir.Limits | None = None
    algorithm: Algorithm
    population: int | None
    sample: int | None
    seed: int


class Entry(Record):
    """One explored space.

    Attributes:
        values: Q(A, T) of each target; `score` is their sum.
        parent: the index of the space that it was mutated from.
        operation: how it came to be.
    """

    index: int
    encoding: str
    score: float
    values: tuple[float, ...]
    parent: int | None
    operation: Literal["random", "block", "width"]


class History:
    """An open history. Use it as a context manager; `entries` are those that were there before."""

    def __init__(self, path: Path, file: IO[bytes], entries: tuple[Entry, ...]) -> None:
        self.path, self.entries, self._file = path, entries, file

    @staticmethod
    def create(path: Path, header: Header) -> History:
        """Begin a history. Raises: SpacelangError: SP0732: if the file exists or can't be written."""
        try:
            file = path.open("xb")
        except FileExistsError:
            raise _error(
                "SP0732", f"{path} exists already", "resume it, or choose another file: a history is not overwritten"
            ) from None
        except OSError as error:
            raise _error("SP0732", f"{path} can't be written: {error.strerror}") from error
        history = History(path, file, ())
        history._write(header)
        return history

    @staticmethod
    def resume(path: Path, header: Header) -> History:
        """Open a history to go on with; a last line that was cut off is dropped.

        Raises: SpacelangError: SP0730-SP0732: if it is damaged, or another search's: it says what differs.
        """
        recorded, entries, length = read_history(path)
        _require_same(path, recorded, header)
        try:
            file = path.open("r+b")
            file.truncate(length)
            file.seek(length)
        except OSError as error:
            raise _error("SP0732", f"{path} can't be written: {error.strerror}") from error
        return History(path, file, entries)

    def append(self, entry: Entry) -> None:
        self._write(entry)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _write(self, line: BaseModel) -> None:
        try:
            self._file.write(line.model_dump_json().encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise _error("SP0732", f"{self.path} can't be written: {error.strerror}") from error


def read_history(path: Path) -> tuple[Header, tuple[Entry, ...], int]:
    """Header, entries, and the length in bytes up to the last whole line.

    Raises: SpacelangError: SP0730, SP0732: if it can't be read or isn't a history.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _error("SP0730", f"{path} is larger than a history can be")
        data = path.read_bytes()
    except OSError as error:
        raise _error("SP0732", f"{path} can't be read: {error.strerror}") from error
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.splitlines()
    if not lines:
        raise _error("SP0730", f"{path} isn't a history: its first line is incomplete")
    header = _parse(path, 1, lines[0], Header)
    entries = tuple(_parse(path, number, line, Entry) for number, line in enumerate(lines[1:], 2))
    for index, entry in enumerate(entries):
        if entry.index != index:
            raise _error("SP0730", f"{path}:{index + 2}: space {index} should be here, not space {entry.index}")
    return header, entries, len(whole)


def _parse(path: Path, number: int, text: bytes, kind: type[Line]) -> Line:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        where, what = first_error(error)
        raise _error("SP0730", f"{path}:{number}: this isn't a line of a history: {where} {what}") from error


def _require_same(path: Path, recorded: Header, wanted: Header) -> None:
    """The version of spacelang may differ: the replay shows whether it searches the same way."""
    ours, theirs = (each.model_dump(mode="json", exclude={"spacelang", "hyperspace"}) for each in (wanted, recorded))
    differing = [name for name in ours if ours[name] != theirs[name]]
    if differing:
        what = "; ".join(f"{name} {_shown(theirs[name])} there, {_shown(ours[name])} here" for name in differing)
        raise _error("SP0731", f"{path} is the history of another search: {what}", "resume it with what it began with")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:8] + "…" if len(text) == 64 else text


def _error(code: str, message: str, help: str = "") -> SpacelangError:
    return SpacelangError([Diagnostic(code, message, help=help)])
