"""Which images a folder in ImageNet's layout holds, and what is wrong with the layout."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from spacelang.report.diagnostics import Report
from spacelang.report.suggest import listed, some
from spacelang.train.data.images import READABLE

TRAIN = "train"
VALIDATION = ("val", "validation")
Files = dict[str, int]
"""The images of a class: size in bytes by path below the class's folder, in alphabetical order."""
Classes = dict[str, Files]
"""By class, in alphabetical order."""


def scan(root: Path, report: Report) -> dict[str, tuple[Path, Classes]]:
    """`train` and `validation`: the folder and the images in it, by class. Everything wrong goes into the report."""
    if not root.is_dir():
        what = "is a file" if root.exists() else "isn't a folder"
        help = "take `digits`, or a folder that holds train/CLASS/*.jpg and val/CLASS/*.jpg"
        report.error("SP1201", f"there are no images `{root}`: it {what}", help=help)
        return {}
    folders = {"train": root / TRAIN, "validation": _validation(root)}
    found = {name: (folder, _split(folder, report)) for name, folder in folders.items()}
    if not report.failed:
        _compare(found, report)
    return found


def fingerprint(found: Mapping[str, tuple[Path, Classes]]) -> str:
    """A hash of all paths below the splits' folders and of the files' sizes, not of their contents."""
    digest = hashlib.sha256()
    for split, (_, classes) in found.items():
        for name, files in classes.items():
            for path, size in files.items():
                digest.update(b"\0".join(os.fsencode(each) for each in (split, name, path)) + b"\0%d\n" % size)
    return digest.hexdigest()


def _validation(root: Path) -> Path:
    return next((root / name for name in VALIDATION if (root / name).is_dir()), root / VALIDATION[0])


def _split(folder: Path, report: Report) -> Classes:
    if not folder.is_dir():
        names = f"{folder.name}/ (or {VALIDATION[1]}/)" if folder.name in VALIDATION else f"{folder.name}/"
        report.error(
            "SP1201", f"{folder.parent} holds no folder {names}", help="one folder for each class belongs in there"
        )
        return {}
    try:
        return _classes(folder, report)
    except OSError as error:
        report.error("SP1201", f"{error.filename or folder} can't be read: {error.strerror}")
        return {}


def _classes(folder: Path, report: Report) -> Classes:
    entries = sorted(_visible(folder), key=lambda each: each.name)
    names = [each.name for each in entries if each.is_dir()]
    loose = sum(_ending(each.name) in READABLE for each in entries if not each.is_dir())
    if loose or not names:
        images = f"{_counted(loose, 'image')} in no class" if loose else "no classes"
        report.error("SP1204", f"{folder} holds {images}", help="put the images of each class into a folder of its own")
    classes: Classes = {}
    foreign: list[str] = []
    empty: list[str] = []
    for name in names:
        files = dict(sorted(_files(folder / name, "")))
        classes[name] = {path: size for path, size in files.items() if _ending(path) in READABLE}
        foreign += (f"{name}/{path}" for path in files if path not in classes[name])
        if not classes[name]:
            empty.append(name)
    if empty:
        what = "class has" if len(empty) == 1 else "classes have"
        report.error(
            "SP1205",
            f"in {folder} {len(empty)} {what} no images: {some(empty)}",
            help=f"add some, or remove the folder; read are {listed(sorted(READABLE), 'and')}",
        )
    if foreign:
        endings = Counter(_ending(each) or "no ending" for each in foreign)
        kinds = ", ".join(f"{count} × {ending}" for ending, count in sorted(endings.items()))
        others = _counted(len(foreign), "file")
        report.error(
            "SP1206",
            f"among the images in {folder} are {others} of other kinds ({kinds}): {some(foreign)}",
            help=f"convert or move them; read are {listed(sorted(READABLE), 'and')}",
        )
    return classes


def _files(folder: Path, below: str) -> Iterator[tuple[str, int]]:
    """All files of a class, in folders of its own too."""
    for each in _visible(folder):
        if each.is_dir():
            yield from _files(Path(each.path), f"{below}{each.name}/")
        else:
            yield f"{below}{each.name}", each.stat().st_size


def _visible(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is in a folder, without the hidden files that systems put there."""
    with os.scandir(folder) as entries:
        yield from (each for each in entries if not each.name.startswith("."))


def _compare(found: Mapping[str, tuple[Path, Classes]], report: Report) -> None:
    (train_folder, train), (validation_folder, validation) = found["train"], found["validation"]
    sides = ((train_folder, train, validation_folder, validation), (validation_folder, validation, train_folder, train))
    for folder, classes, other_folder, others in sides:
        if missing := [each for each in others if each not in classes]:
            what = "class" if len(missing) == 1 else "classes"
            report.error(
                "SP1209",
                f"{folder} lacks {len(missing)} {what} of {other_folder}: {some(missing)}",
                help="both need the same classes, in folders of the same names",
            )


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
