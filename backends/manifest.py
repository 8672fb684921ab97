"""A directory of generated files, and the manifest that identifies them.

`manifest.json` holds the hash of every file that was written. So a second compilation knows which files it may replace,
which ones it may remove, and which ones were edited in between.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from spacelang import __version__, ir
from spacelang.files import write_atomic
from spacelang.records import Record
from spacelang.report.diagnostics import Report, refuse

NAME = "manifest.json"
FORMAT = 1


class SpaceEntry(Record):
    """The space that was compiled; `sha256` is the hash of its structure."""

    kind: ir.Kind
    name: str
    sha256: str


class Manifest(Record):
    """`files`: the SHA-256 of each, by path."""

    format: int = FORMAT
    spacelang: str
    space: SpaceEntry
    files: dict[str, str]


def is_plain(path: str) -> bool:
    """Whether `path` is relative, written with forward slashes, and stays inside the directory."""
    parts = PurePosixPath(path).parts
    plain = path == "/".join(parts) and not {"..", "."} & {*parts} and not {"\\", ":"} & {*path}
    return bool(parts) and plain and parts[0] != "/"


def write_build(space: ir.SearchSpace, files: Mapping[str, str], directory: Path, *, force: bool = False) -> list[Path]:
    """Write `files` into a directory and then their manifest. Files that are already the same aren't touched.

    Files of an earlier build that are no longer made are removed, unless they have been edited since.

    Args:
        force: overwrite files that were edited or that spacelang didn't make.

    Returns: the paths of `files` and of the manifest, in alphabetical order.

    Raises:
        SpacelangError: SP0807-SP0809 before anything is written, SP0812 if the system refuses.
    """
    if directory.is_file():
        refuse("SP0812", f"{directory} is a file", help="name a folder")
    try:
        earlier = _read(directory, force)
        if not force:
            _check(directory, files, earlier)
        for path, text in sorted(files.items()):
            if _digest(directory / path) != _sha256(text.encode()):
                write_atomic(directory / path, text)
        _remove_stale(directory, {path: digest for path, digest in earlier.items() if path not in files})
        write_atomic(directory / NAME, _manifest(space, files))
    except OSError as error:
        message = f"{error.filename or directory} can't be written: {error.strerror}"
        refuse("SP0812", message)
    return [directory / path for path in sorted([*files, NAME])]


def _manifest(space: ir.SearchSpace, files: Mapping[str, str]) -> str:
    manifest = Manifest(
        spacelang=__version__,
        space=SpaceEntry(kind=space.kind, name=space.name, sha256=space.sha256),
        files={path: _sha256(text.encode()) for path, text in files.items()},
    )
    return json.dumps(manifest.model_dump(), indent=2, sort_keys=True) + "\n"


def _read(directory: Path, force: bool) -> dict[str, str]:
    """The files of the build that is there, by path; empty if there isn't one."""
    path = directory / NAME
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError:
        manifest = None
    if manifest and manifest.format == FORMAT and all(map(is_plain, manifest.files)):
        return manifest.files
    if not force:
        message = f"{path} can't be read, so what is in {directory} is unknown"
        refuse("SP0809", message, help="choose another directory, or --force to overwrite")
    return {}


def _check(directory: Path, files: Mapping[str, str], earlier: Mapping[str, str]) -> None:
    """Raises: SpacelangError: naming every file that would be lost."""
    report = Report()
    for path, text in sorted(files.items()):
        found = _digest(directory / path)
        if found in (None, _sha256(text.encode()), earlier.get(path)):
            continue
        if path in earlier:
            report.error("SP0808", f"{directory / path} was edited since it was generated", help=_MEND_EDITED)
        else:
            report.error(
                "SP0807", f"{directory / path} already exists and wasn't made by spacelang", help=_MEND_FOREIGN
            )
    report.raise_if_failed()


_MEND_EDITED = "move it away, or --force to overwrite it"
_MEND_FOREIGN = "choose another directory, or --force to overwrite it"


def _remove_stale(directory: Path, stale: Mapping[str, str]) -> None:
    for path, digest in stale.items():
        if _digest(directory / path) == digest:
            (directory / path).unlink()
            _remove_empty((directory / path).parent, directory)


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _digest(path: Path) -> str | None:
    """The hash of a file; None if there is none."""
    try:
        return _sha256(path.read_bytes())
    except FileNotFoundError:
        return None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
