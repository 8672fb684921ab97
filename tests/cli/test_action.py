"""The steps of the GitHub action: the scripts in `action.yml`, in the environment that GitHub gives them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def steps() -> list[dict[str, Any]]:
    """The steps of the action that run a script."""
    content = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    assert content["runs"]["using"] == "composite"
    found = [each for each in content["runs"]["steps"] if "run" in each]
    assert all(each["shell"] == "bash" for each in found)  # a composite action must say it
    return found


def environment(step: dict[str, Any], inputs: dict[str, str]) -> dict[str, str]:
    """The variables of a step, with the inputs filled in; those that aren't given have their defaults."""
    declared = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    assert set(inputs) <= set(declared)
    given = {name: inputs.get(name, each["default"]) for name, each in declared.items()}
    found = {}
    for name, value in step["env"].items():
        (wanted,) = re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", value).groups()  # type: ignore[union-attr]
        found[name] = "" if given[wanted].startswith("${{") else given[wanted]  # no pull request, no base
    return found


def action(at: Path, **inputs: str) -> tuple[int, str, str]:
    """Exit code, annotations, summary."""
    summary = at / "summary.md"
    summary.unlink(missing_ok=True)
    step = steps()[-1]
    github = {"GITHUB_ACTION_PATH": str(ROOT), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")  # as GitHub runs a step with `shell: bash`
    done = run(*shell, step["run"], at=at, **github, **environment(step, {"path": "spaces", **inputs}))
    return done.returncode, done.stdout, summary.read_text("utf-8") if summary.exists() else ""


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_nothing_changed(repository: Path) -> None:
    assert action(repository, base="HEAD") == (0, "", "")
    assert action(repository, base="")[0] == 0


def test_a_change_is_in_the_summary(repository: Path) -> None:
    edit(repository / NAME, "classes    10", "classes    20")
    code, _, summary = action(repository, base="HEAD")
    assert code == 0
    assert summary.startswith(f"### {NAME}\n\n- **encodings** no longer fit")
    assert "| ~ | `classes` | `10` | `20` |" in summary
    assert "other.space" not in summary
    assert action(repository, base="HEAD", breaking="true")[0] == 1


def test_a_change_that_breaks_nothing_passes(repository: Path) -> None:
    edit(repository / NAME, "seed 0", "seed 1")
    code, _, summary = action(repository, base="HEAD", breaking="true")
    assert code == 0
    assert "Everything made with the old space still fits." in summary


def test_a_mistake_is_annotated(repository: Path) -> None:
    edit(repository / NAME, "classes", "clases")
    code, out, summary = action(repository, base="HEAD")
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
    assert action(repository, base="HEAD")[2] == "### spaces/new.space\n\nA new file.\n\n"


@pytest.mark.slow
def test_the_first_step_installs_spacelang(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    step = steps()[0]
    path = f"{tmp_path / 'venv/bin'}:{os.environ['PATH']}"
    variables = environment(step, {"install": str(ROOT)})
    done = run("bash", "-eo", "pipefail", "-c", step["run"], at=tmp_path, **variables, PATH=path, PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    assert run("spacelang", "--version", at=tmp_path, PATH=path, PYTHONPATH="").returncode == 0
