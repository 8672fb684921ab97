"""`git setup`, and the two programs that git then runs: an external diff, and a text to compare."""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacelang.cli.console import say, write
from spacelang.cli.revisions import extract, extract_index, git
from spacelang.report.diagnostics import Report, SpacelangError, refuse
from spacelang.report.source import Source

if TYPE_CHECKING:
    from spacelang.ir.nodes import SearchSpace

LINE = "*.space diff=spacelang"
SECTION = "diff.spacelang"
NOTHING = "/dev/null"


def setup(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Undo it.")] = False,
) -> None:
    """Let `git diff`, `git log -p` and `git show` say what changes in .space files mean, in this repository."""
    top = Path(git("git setup", "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    attributes = top / ".gitattributes"
    if not yes:
        _ask(attributes, remove)
    if remove:
        _remove(attributes)
    else:
        _write(attributes)


def _ask(attributes: Path, remove: bool) -> None:
    if not sys.stdin.isatty():
        refuse("SP1012", "there is nobody to ask", "--yes does it without asking")
    verb = "Remove" if remove else "Write"
    typer.confirm(
        f"{verb} `{LINE}` in {attributes}, and the section {SECTION} in this clone's .git/config?", abort=True
    )


def _write(attributes: Path) -> None:
    from spacelang.files import write_atomic

    lines = _lines(attributes)
    if LINE not in lines:
        write_atomic(attributes, "".join(f"{each}\n" for each in (*lines, LINE)))
    program = f"{shlex.quote(sys.executable)} -m spacelang.cli git"
    git("git setup", "config", "--local", f"{SECTION}.command", f"{program} driver")
    git("git setup", "config", "--local", f"{SECTION}.textconv", f"{program} textconv")
    say(f"wrote {attributes} and the section {SECTION} of this clone's configuration; --remove undoes it")


def _remove(attributes: Path) -> None:
    from spacelang.files import write_atomic

    lines = _lines(attributes)
    rest = [each for each in lines if each != LINE]
    if rest:
        write_atomic(attributes, "".join(f"{each}\n" for each in rest))
    else:
        attributes.unlink(missing_ok=True)
    for name in ("command", "textconv"):
        subprocess.run(["git", "config", "--local", "--unset-all", f"{SECTION}.{name}"], check=False)
    subprocess.run(["git", "config", "--local", "--remove-section", SECTION], check=False, capture_output=True)
    say("removed")


def _lines(attributes: Path) -> list[str]:
    return attributes.read_text("utf-8").splitlines() if attributes.exists() else []


# --- what git runs --------------------------------------------------------------------------------------------------


def driver(arguments: Annotated[list[str], typer.Argument(help="As git gives them to an external diff.")]) -> None:
    """Compare two versions of a file; git runs this."""
    path, old_file, old_hex = arguments[:3]
    if len(arguments) < 7:  # an unmerged file
        write(f"* unmerged {path}\n")
        return
    new_file, new_hex = arguments[4:6]
    renamed = arguments[7] if len(arguments) > 7 else path
    write(f"{path if renamed == path else f'{path} → {renamed}'}\n")
    with _side(old_file, old_hex, path) as before, _side(new_file, new_hex, renamed) as after:
        write(_compared(before, after) or _as_lines(before, after))


def textconv(file: Annotated[str, typer.Argument(metavar="FILE")]) -> None:
    """What a file means, with its imports, as text; git runs this and compares the lines."""
    path = Path(file)
    blob = _blob_of(path)
    with _side(file, blob, _path_of(blob)) as found:
        write(_meaning(found))


class _Version:
    """One version of a file, in a folder with the files that it imports; `path` is None where there is none."""

    def __init__(self, path: Path | None, shown: str) -> None:
        self.path, self.shown = path, shown
        self.text = "" if path is None else path.read_text("utf-8", errors="replace")

    def spaces(self) -> tuple[SearchSpace, ...] | None:
        """None if something is wrong with it."""
        from spacelang.driver import compile_source

        try:
            return () if self.path is None else compile_source(Source(self.shown, self.text), self.path, Report())
        except SpacelangError:
            return None


@contextmanager
def _side(file: str, blob: str, path: str | None) -> Iterator[_Version]:
    """The version that git means by a file of its own making and the blob in it."""
    if file == NOTHING:
        yield _Version(None, path or file)
    elif path is None or _is_worktree(file, path):
        yield _Version(Path(file), path or file)
    else:
        with tempfile.TemporaryDirectory(prefix="spacelang-") as folder:
            _extract_around(blob, path, Path(folder))
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(Path(file).read_bytes())
            yield _Version(place, path)


def _is_worktree(file: str, path: str) -> bool:
    return os.path.realpath(file) == os.path.realpath(path)


def _extract_around(blob: str, path: str, folder: Path) -> None:
    """The `.space` files of a tree that has this blob at this path: the index, HEAD, or where it was written."""
    if _is_at(f":{path}", blob):
        extract_index(path, ".", folder)
    elif (revision := _revision_of(blob, path)) is not None:
        extract(path, revision, folder)


def _revision_of(blob: str, path: str) -> str | None:
    if _is_at(f"HEAD:{path}", blob):
        return "HEAD"
    listing = ["log", "--all", "--format=%H", f"--find-object={blob}"]
    commits = _output(*listing).split()
    return next((each for each in reversed(commits) if _is_at(f"{each}:{path}", blob)), None)


def _is_at(name: str, blob: str) -> bool:
    return bool(blob.strip("0")) and _output("rev-parse", "--verify", "--quiet", name).strip() == blob


def _blob_of(path: Path) -> str:
    return _output("hash-object", "--no-filters", str(path)).strip()


def _path_of(blob: str) -> str | None:
    """Where a blob stands in the repository: in the index, or in a commit that added it."""
    for line in _output("ls-files", "-s", "-z").split("\0"):
        entry, _, path = line.partition("\t")
        if blob in entry.split():
            return path
    raw = _output(
        "log", "--all", "-1", "--format=", "--raw", "-z", "--no-abbrev", "--no-renames", f"--find-object={blob}"
    )
    fields = raw.split("\0")
    return next((path for entry, path in pairwise(fields) if blob in entry.split()), None)


def _output(*command: str) -> str:
    run = subprocess.run(["git", "-c", "core.quotePath=false", *command], capture_output=True, check=False)
    return run.stdout.decode(errors="surrogateescape") if run.returncode == 0 else ""


# --- what is said ---------------------------------------------------------------------------------------------------


def _compared(before: _Version, after: _Version) -> str:
    """The reviews of all spaces of a file; empty if it declares none, or something is wrong with it."""
    old, new = before.spaces(), after.spaces()
    if old is None or new is None or not (old or new):
        return ""
    from spacelang.review import review, to_lines
    from spacelang.translate.printer import to_text

    pairs = _pairs(old, new)
    texts = []
    for one, other in pairs:
        if one is not None and other is not None:
            texts.append((f"{other.kind} {other.name}\n" if len(pairs) > 1 else "") + to_lines(review(one, other)))
        elif other is not None:
            texts.append(f"+ {other.kind} {other.name}\n" + _indented(to_text(other), "+"))
        elif one is not None:
            texts.append(f"- {one.kind} {one.name}\n" + _indented(to_text(one), "-"))
    return "\n".join(texts)


def _pairs(
    old: tuple[SearchSpace, ...], new: tuple[SearchSpace, ...]
) -> list[tuple[SearchSpace | None, SearchSpace | None]]:
    if len(old) == len(new) == 1:
        return [(old[0], new[0])]
    one, other = ({each.name: each for each in side} for side in (old, new))
    return [(one.get(name), other.get(name)) for name in dict.fromkeys((*one, *other))]


def _indented(text: str, mark: str) -> str:
    return "".join(f"    {mark} {line}".rstrip() + "\n" for line in text.splitlines())


def _as_lines(before: _Version, after: _Version) -> str:
    lines = difflib.unified_diff(
        before.text.splitlines(), after.text.splitlines(), before.shown, after.shown, lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def _meaning(version: _Version) -> str:
    from spacelang.translate.printer import to_text

    spaces = version.spaces()
    return to_text(*spaces) if spaces else version.text
