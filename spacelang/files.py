"""Reading files, with a message if that fails; writing them so that no reader or crash ever sees half a file."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from spacelang.report.diagnostics import refuse


def reason(error: OSError) -> str:
    """The system's reason for an error, for the end of a sentence."""
    return (error.strerror or str(error)).lower()


def read_or_refuse(path: Path, code: str, *, missing: str = "", help: str = "") -> bytes:
    """The content of a file.

    Args:
        missing: what to do if there is no such file.
        help: what to do if it can't be read.

    Raises: SpacelangError: `code`, if it can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        refuse(code, f"there is no file `{path}`", missing or help)
    except OSError as error:
        refuse(code, f"`{path}` can't be read: {reason(error)}", help)


def write_atomic(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write `content` to a temporary file next to `path`, flush it to the disk, then rename it into place.

    Text is written as UTF-8 with its newlines unchanged. Missing folders are made. A file that was there keeps its
    permissions, a symbolic link stays a link (its target is replaced), and if anything fails the old content stays
    whole. A device or a pipe, such as `/dev/stdout`, is written to as it is.

    Raises: OSError: if the file can't be written; it names `path`, not the temporary file.
    """
    try:
        _write(path, content)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def require_writable(path: str | os.PathLike[str]) -> None:
    """Before a long computation: whether `path` can be written, as far as can be said without doing it.

    Raises: OSError: as `write_atomic`: it is a folder, or the folder that it is to be in can't be made or written.
    """
    target = Path(os.path.realpath(path))
    above = next(each for each in target.parents if each.exists())
    number = 0
    if target.is_dir():
        number = errno.EISDIR
    elif not above.is_dir():
        number = errno.ENOTDIR
    elif not target.exists() and not os.access(above, os.W_OK | os.X_OK):
        number = errno.EROFS if os.statvfs(above).f_flag & os.ST_RDONLY else errno.EACCES
    if number:
        raise OSError(number, os.strerror(number), os.fspath(path))


def write_folder(path: str | os.PathLike[str], files: Mapping[str, bytes]) -> None:
    """Write a new folder of files, by their paths within it: beside `path` first, then renamed into place.

    Raises: OSError: if it can't be written, or there is something else already; an empty folder is replaced.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        for name, content in files.items():
            write_atomic(temporary / name, content)
        os.rename(temporary, target)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise
    _sync_folder(target.parent)


def is_temporary(name: str, of: str) -> bool:
    """Whether a file is what `write_atomic` leaves when it is killed while writing a file named `of`."""
    return re.fullmatch(rf"\.{re.escape(of)}\.[0-9a-f]{{8}}\.tmp", name) is not None


def _write(path: str | os.PathLike[str], content: str | bytes) -> None:
    target, data = Path(os.path.realpath(path)), content.encode() if isinstance(content, str) else content
    if target.exists() and not (target.is_file() or target.is_dir()):
        target.write_bytes(data)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _keep_permissions(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _keep_permissions(target: Path, temporary: Path) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    temporary.chmod(stat.S_IMODE(mode))


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, if the system allows opening a folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
