"""Hashes of what steps read and make: files, images, parts of a space."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from spacelang import ir
from spacelang.whole.record import Images, Made

DIGITS = "digits"
BLOCK = 1 << 20


def hash_of(data: Any) -> str:
    """Of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def made(path: Path) -> Made:
    """A file as it is now. Raises: OSError: if it can't be read."""
    stat = path.stat()
    return Made(sha256=_sha256(path), bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)


def is_as_made(path: Path, known: Made) -> bool:
    """Whether a file still has the content that it was made with."""
    try:
        stat = path.stat()
        return (stat.st_size, stat.st_mtime_ns) == (known.bytes, known.mtime_ns) or (
            stat.st_size == known.bytes and _sha256(path) == known.sha256
        )
    except OSError:
        return False


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def images(data: str, known: Images | None) -> Images:
    """The images of a folder, or the digits. They are only read when a path, a size or a time differs from `known`."""
    if data == DIGITS:
        return Images(stamp=DIGITS, sha256=hash_of([DIGITS, _scikit_learn()]))
    root = Path(data)
    stamp = hashlib.sha256()
    for path in _files(root):
        stat = path.stat()
        stamp.update(f"{path.relative_to(root)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="surrogateescape"))
    if known and known.stamp == stamp.hexdigest():
        return known
    contents = hashlib.sha256()
    for path in _files(root):
        contents.update(f"{path.relative_to(root)}\0{_sha256(path)}\n".encode(errors="surrogateescape"))
    return Images(stamp=stamp.hexdigest(), sha256=contents.hexdigest())


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _scikit_learn() -> str:
    try:
        return version("scikit-learn")
    except PackageNotFoundError:  # the step that needs it says so
        return ""


def structure(space: ir.SearchSpace) -> dict[str, str]:
    """What networks are made of, part by part, so that a message can say which part has changed."""
    parts: dict[str, Any] = {
        "the input": [space.kind, space.channels, space.resolutions, space.classes],
        **{f"the block `{each.name}`": ir.to_data(each) for each in space.blocks},
        **{f"the stage `{each.name}`": ir.to_data(each) for each in (*space.stem, *space.stages)},
        "the head": [ir.to_data(each) for each in space.head],
    }
    return {name: hash_of(part) for name, part in parts.items()}


def settings(space: ir.SearchSpace, names: Iterable[str]) -> dict[str, str]:
    """Sections of settings, such as `targets`."""
    return {f"`{name}`": hash_of(ir.to_data(getattr(space, name))) for name in names}
