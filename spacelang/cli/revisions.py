"""`REV:PATH`: a file as it stood in a git revision, with the files that it imports."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from spacelang.report.diagnostics import refuse


@contextmanager
def checked_out(argument: str) -> Iterator[str]:
    """The path of the file that `REV:PATH` names, in a temporary folder with every `.space` file of the revision.

    An argument that names a file as it stands is given back.

    Raises:
        SpacelangError: SP1001: if git doesn't know the revision or the file.
    """
    revision, colon, path = argument.partition(":")
    if not colon or not revision or Path(argument.rpartition("#")[0] or argument).exists():
        yield argument
        return
    with tempfile.TemporaryDirectory(prefix="spacelang-") as folder:
        _extract(argument, revision, Path(folder))
        target = Path(folder, path)
        if not target.resolve().is_relative_to(Path(folder).resolve()) or not _without_name(target).is_file():
            _refuse(argument, f"{path} is not in {revision}")
        yield str(target)


def _without_name(path: Path) -> Path:
    return path.with_name(path.name.rpartition("#")[0] or path.name)


def _extract(argument: str, revision: str, folder: Path) -> None:
    top = _git(argument, "rev-parse", "--show-toplevel").decode().strip()
    commit = _git(argument, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").decode()
    archive = _git(argument, "-C", top, "archive", "--format=tar", commit.strip(), "--", ":(glob)**/*.space")
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
    except tarfile.TarError as error:  # such as a link that leads out of the repository
        _refuse(argument, str(error))


def _git(argument: str, *command: str) -> bytes:
    try:
        run = subprocess.run(["git", *command], capture_output=True, check=False)
    except FileNotFoundError:
        _refuse(argument, "git is not installed")
    if run.returncode:
        _refuse(argument, run.stderr.decode(errors="replace").strip() or "no such revision")
    return run.stdout


def _refuse(argument: str, reason: str) -> NoReturn:
    mend = "write a file, or REV:PATH with the path from the root of the repository"
    refuse("SP1001", f"{argument}: {reason}", help=mend)
