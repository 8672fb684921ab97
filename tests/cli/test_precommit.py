"""The hooks of `.pre-commit-hooks.yaml`, run by pre-commit itself on a repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.ir.small import TEXT

PARTS = ("spacelang", "backends", "grammar", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
GOOD = "spaces/größe 1.space"
BAD = "spaces/my bad.space"

pytestmark = pytest.mark.slow


def run(*command: str, at: Path) -> subprocess.CompletedProcess[str]:
    unset = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("GIT_")}
    environment = {**unset, "PRE_COMMIT_HOME": str(at.parent / "cache"), "PRE_COMMIT_COLOR": "never"}
    return subprocess.run(command, cwd=at, capture_output=True, text=True, env=environment, check=False)


def git(*command: str, at: Path) -> subprocess.CompletedProcess[str]:
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "core.quotePath=false")
    return run("git", *who, *command, at=at)


def commit(at: Path, message: str) -> subprocess.CompletedProcess[str]:
    git("add", "-A", at=at)
    return git("commit", "-qm", message, at=at)


def pre_commit(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "pre_commit", *arguments, at=at)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that uses the hooks of this one, with a good file, and pre-commit installed in it."""
    folder = tmp_path_factory.mktemp("pre-commit")
    hooks, users = folder / "spacelang", folder / "users"
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, hooks / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            hooks.mkdir(exist_ok=True)
            shutil.copy(ROOT / part, hooks / part)
    (users / "spaces").mkdir(parents=True)
    for each in (hooks, users):
        git("init", "-q", "-b", "main", at=each)
    commit(hooks, "spacelang")
    git("tag", "v1", at=hooks)
    (users / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: v1\n  hooks:\n  - id: spacelang-fmt\n  - id: spacelang-check\n"
    )
    (users / GOOD).write_text(TEXT.lstrip(), "utf-8")
    commit(users, "first")
    installed = pre_commit("install", "--install-hooks", at=users)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return users


def test_the_first_commit_is_formatted_and_the_second_passes(repository: Path) -> None:
    (repository / GOOD).write_text(TEXT.lstrip().replace("small", "large"), "utf-8")
    refused = commit(repository, "second")
    assert refused.returncode == 1
    assert "files were modified by this hook" in refused.stderr
    assert f"formatted {GOOD}" in refused.stderr
    passed = commit(repository, "second")
    assert passed.returncode == 0, passed.stderr


def test_a_bad_file_stops_the_commit(repository: Path) -> None:
    (repository / BAD).write_text((repository / GOOD).read_text("utf-8").replace("kernel", "kernle", 1), "utf-8")
    refused = commit(repository, "bad")
    (repository / BAD).unlink()
    git("add", "-A", at=repository)
    assert refused.returncode == 1
    assert "spacelang check" in refused.stderr
    assert f"{BAD}:" in refused.stderr
    assert "help: did you mean `kernel`?" in refused.stderr


def test_other_files_are_left_alone(repository: Path) -> None:
    (repository / "notes.txt").write_text("stage { ")
    ran = pre_commit("run", "--files", "notes.txt", at=repository)
    assert ran.returncode == 0
    assert ran.stdout.count("Skipped") == 2
