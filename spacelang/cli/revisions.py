"""What git calls a file: `REV:PATH`, `REV:./PATH`, `:PATH` of the index; with the files that it imports."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from spacelang.report.diagnostics import refuse

SPACES = ":(top,glob)**/*.space"


@contextmanager
def checked_out(argument: str) -> Iterator[str]:
    """The path of the file that git's name means, in a temporary folder with every `.space` file of the revision.

    As for git, PATH begins at the root of the repository, or with `./` or `../` at the current folder; without a
    revision it is the index's. An argument that names a file as it stands is given back.

    Raises:
        SpacelangError: SP1001: if git doesn't know the revision or the file.
    """
    revision, colon, path = argument.partition(":")
    if not colon or Path(argument.rpartition("#")[0] or argument).exists():
        yield argument
        return
    with tempfile.TemporaryDirectory(prefix="spacelang-") as folder:
        top = git(argument, "rev-parse", "--show-toplevel").decode().rstrip("\n")
        if revision:
            extract(argument, revision, Path(folder))
        else:
            extract_index(argument, top, Path(folder))
        target = Path(folder, _from_top(path, top))
        if not target.resolve().is_relative_to(Path(folder).resolve()) or not _without_name(target).is_file():
            _refuse(argument, f"{path} is not in {revision or 'the index'}")
        yield str(target)


def _from_top(path: str, top: str) -> str:
    if not path.startswith(("./", "../")):
        return path
    return os.path.relpath(os.path.join(os.path.realpath(os.curdir), path), os.path.realpath(top))


def _without_name(path: Path) -> Path:
    return path.with_name(path.name.rpartition("#")[0] or path.name)


def extract(argument: str, revision: str, folder: Path) -> None:
    """Put every `.space` file of a revision into a folder."""
    commit = git(argument, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").decode()
    top = git(argument, "rev-parse", "--show-toplevel").decode().rstrip("\n")
    archive = git(argument, "-C", top, "archive", "--format=tar", commit.strip(), "--", SPACES)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
    except tarfile.TarError as error:  # such as a link that leads out of the repository
        _refuse(argument, str(error))


def extract_index(argument: str, top: str, folder: Path) -> None:
    """Put every `.space` file of the index into a folder."""
    names = git(argument, "-C", top, "ls-files", "-z", "--", SPACES)
    git(argument, "-C", top, "checkout-index", "-f", "-z", "--stdin", f"--prefix={folder}/", stdin=names)


def git(argument: str, *command: str, stdin: bytes | None = None) -> bytes:
    """What a git command prints. Raises: SpacelangError: SP1001, naming `argument`: if it fails."""
    try:
        run = subprocess.run(["git", *command], capture_output=True, check=False, input=stdin)
    except FileNotFoundError:
        _refuse(argument, "git is not installed")
    if run.returncode:
        _refuse(argument, run.stderr.decode(errors="replace").strip() or "no such revision")
    return run.stdout


def _refuse(argument: str, reason: str) -> NoReturn:
    mend = "write a file, REV:PATH with the path from the root of the repository, REV:./PATH, or :PATH for the index"
    refuse("SP1001", f"{argument}: {reason}", mend)
