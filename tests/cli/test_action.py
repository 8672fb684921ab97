"""The script of the GitHub action, on a repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.ir.small import TEXT

NAME = "spaces/my phöne.space"


def run(*command: str, at: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{at / 'bin'}:{os.environ['PATH']}", **more}
    return subprocess.run(command, cwd=at, capture_output=True, text=True, env=environment, check=False)


def git(*command: str, at: Path) -> str:
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    return run("git", *who, *command, at=at).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A commit with two formatted files; `bin/spacelang` is this spacelang."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "spacelang"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m spacelang.cli "$@"\n')
    program.chmod(0o755)
    (tmp_path / "spaces").mkdir()
    (tmp_path / NAME).write_text(TEXT.lstrip(), "utf-8")
    (tmp_path / "spaces/other.space").write_text(TEXT.lstrip().replace("small", "other"), "utf-8")
    (tmp_path / ".gitignore").write_text("bin\nsummary*\n")
    assert run("spacelang", "fmt", "spaces", at=tmp_path).returncode == 0
    git("init", "-q", "-b", "main", at=tmp_path)
    git("add", "-A", at=tmp_path)
    git("commit", "-qm", "first", at=tmp_path)
    return tmp_path


def action(at: Path, **more: str) -> tuple[int, str, str]:
    """Exit code, annotations, summary."""
    summary = at / "summary.md"
    summary.unlink(missing_ok=True)
    script = str(ROOT / ".github" / "action.sh")
    done = run("sh", script, at=at, SPACES="spaces", GITHUB_STEP_SUMMARY=str(summary), **more)
    return done.returncode, done.stdout, summary.read_text("utf-8") if summary.exists() else ""


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_nothing_changed(repository: Path) -> None:
    assert action(repository, BASE="HEAD") == (0, "", "")
    assert action(repository, BASE="")[0] == 0


def test_a_change_is_in_the_summary(repository: Path) -> None:
    edit(repository / NAME, "classes    10", "classes    20")
    code, _, summary = action(repository, BASE="HEAD")
    assert code == 0
    assert summary.startswith(f"### {NAME}\n\n- **encodings** no longer fit")
    assert "| ~ | `classes` | `10` | `20` |" in summary
    assert "other.space" not in summary
    assert action(repository, BASE="HEAD", BREAKING="true")[0] == 1


def test_a_change_that_breaks_nothing_passes(repository: Path) -> None:
    edit(repository / NAME, "seed 0", "seed 1")
    code, _, summary = action(repository, BASE="HEAD", BREAKING="true")
    assert code == 0
    assert "Everything made with the old space still fits." in summary


def test_a_mistake_is_annotated(repository: Path) -> None:
    edit(repository / NAME, "classes", "clases")
    code, out, summary = action(repository, BASE="HEAD")
    assert code == 1
    assert f"::error file={NAME}," in out
    assert "compare it by lines" in summary


def test_a_file_that_is_not_formatted_fails(repository: Path) -> None:
    edit(repository / "spaces/other.space", "classes    10", "classes 10")
    code, out, _ = action(repository)
    assert code == 1
    assert "would format spaces/other.space" in out


def test_a_new_file(repository: Path) -> None:
    text = (repository / NAME).read_text("utf-8")
    (repository / "spaces/new.space").write_text(text.replace("small", "newer"), "utf-8")
    git("add", "-A", at=repository)
    assert action(repository, BASE="HEAD")[2] == "### spaces/new.space\n\nA new file.\n\n"
