"""The CSV files of an archive or a folder, read in memory: nothing is unpacked to disk, no path in it is followed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, NamedTuple, Protocol, cast

MAX_FILES = 50_000
MAX_FILE_BYTES = 64 << 20
MAX_TOTAL_BYTES = 1 << 30
"""An archive that unpacks to more is not read."""
SUFFIX = ".csv"
UNPACKERS: dict[bytes, Callable[[Path, Literal["rb"]], Any]] = {
    b"\xfd7zXZ": lzma.open,
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
}
"""By the first bytes of a file, since its name may be wrong."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class ArchiveError(Exception):
    """Why an archive can't be read, as a message; the caller puts the path in front."""


class Member(NamedTuple):
    name: str
    data: bytes


def csv_files(path: Path) -> Iterator[Member]:
    """The CSV files of a folder, a zip file or a tar file (plain, gz, bz2, xz), in no particular order.

    Raises: ArchiveError: if it can't be read, or is larger than a table can be.
    """
    files = total = 0
    try:
        for name, data in _members(path):
            files, total = files + 1, total + len(data)
            if files > MAX_FILES or total > MAX_TOTAL_BYTES:
                raise ArchiveError(f"it holds more than {MAX_FILES} files or {MAX_TOTAL_BYTES} bytes")
            yield Member(name, data)
    except OSError as error:
        raise ArchiveError(error.strerror or str(error)) from error
    except (tarfile.TarError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, EOFError) as error:
        raise ArchiveError(f"it is damaged: {error}") from error
    except (RuntimeError, NotImplementedError) as error:  # zipfile's words for encrypted and unknown methods
        raise ArchiveError(f"it can't be unpacked: {error}") from error


def _members(path: Path) -> Iterator[Member]:
    if path.is_dir():
        yield from _from_folder(path)
        return
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith(b"PK"):
        yield from _from_zip(path)
        return
    unpack = next((each for magic, each in UNPACKERS.items() if head.startswith(magic)), Path.open)
    with unpack(path, "rb") as stream:
        yield from _from_tar(stream)


def _from_folder(path: Path) -> Iterator[Member]:
    for each in sorted(path.rglob(f"*{SUFFIX}")):
        if each.is_file():
            _check_size(each.name, each.stat().st_size)
            yield Member(each.relative_to(path).as_posix(), each.read_bytes())


def _from_zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and _is_csv(info.filename):
                _check_size(info.filename, info.file_size)
                with archive.open(info) as member:
                    yield Member(info.filename, member.read(MAX_FILE_BYTES))


def _from_tar(file: Readable) -> Iterator[Member]:
    # "r|" reads the stream once, front to back, so the limit below holds for what is skipped too.
    with tarfile.open(fileobj=cast(IO[bytes], _Bounded(file)), mode="r|") as archive:
        for info in archive:
            if not _is_csv(info.name):
                continue
            if not info.isreg():
                raise ArchiveError(f"'{info.name}' is a link or a device, not a file")
            _check_size(info.name, info.size)
            member = archive.extractfile(info)
            assert member is not None
            yield Member(info.name, member.read())


def _is_csv(name: str) -> bool:
    return PurePosixPath(name).suffix == SUFFIX


def _check_size(name: str, size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise ArchiveError(f"'{name}' has {size} bytes; a file of a table has at most {MAX_FILE_BYTES}")


class _Bounded:
    """A stream that ends with an error at the limit on unpacked bytes."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._left = MAX_TOTAL_BYTES

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveError(f"it unpacks to more than {MAX_TOTAL_BYTES} bytes")
        return data
