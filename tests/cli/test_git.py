"""What git shows of .space files, in repositories with folders, renames, blanks and umlauts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Cli
from tests.ir.small import TEXT

DEVICE = TEXT[TEXT.index("device core") : TEXT.index("hyperspace small")]
SPACE = (
    'language 1\nimport "std/blocks.space"\nimport "../geräte/devices.space"\n' + TEXT[TEXT.index("hyperspace small") :]
)
FILE = "spaces/my phöne.space"


def git(*command: str, at: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_PAGER": "cat", "GIT_CONFIG_GLOBAL": os.devnull}
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "core.quotePath=false")
    run = subprocess.run(["git", *who, *command], cwd=at, capture_output=True, check=True, env=environment)
    return run.stdout.decode()


@pytest.fixture
def repository(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A commit, and git told of spacelang; the current folder is its root."""
    for folder in ("spaces", "geräte"):
        (tmp_path / folder).mkdir()
    (tmp_path / "geräte/devices.space").write_text(f"language 1\n{DEVICE}", "utf-8")
    (tmp_path / FILE).write_text(SPACE, "utf-8")
    git("init", "-q", "-b", "main", at=tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli("git", "setup", "--yes").code == 0
    commit(tmp_path, "first")
    return tmp_path


def commit(at: Path, message: str) -> None:
    git("add", "-A", at=at)
    git("commit", "-qm", message, at=at)


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_git_diff_shows_meaning_with_imports(repository: Path) -> None:
    edit(repository / FILE, "expand {1, 2}", "expand {1, 2, 3}")
    shown = git("diff", at=repository)
    assert shown.startswith(f"{FILE}\n+ stages.fused_mb.expand  3\n")
    assert "no longer fits: encodings" in shown
    assert git("diff", "HEAD", "--", FILE, at=repository / "spaces" / "..") == shown
    git("add", "-A", at=repository)
    assert git("diff", at=repository) == ""
    assert git("diff", "--cached", at=repository) == shown


def test_git_diff_from_a_subfolder_and_of_a_renamed_file(repository: Path) -> None:
    (repository / "archiv").mkdir()
    git("mv", FILE, "archiv/änder ung.space", at=repository)
    edit(repository / "archiv/änder ung.space", "classes 10", "classes 20")
    git("add", "-A", at=repository)
    shown = git("diff", "--cached", "-M10", at=repository / "spaces")
    assert shown.startswith(f"{FILE} → archiv/änder ung.space\n")
    assert "~ classes  10 → 20\n" in shown


def test_a_new_and_a_removed_file(repository: Path) -> None:
    (repository / "spaces/new.space").write_text(SPACE.replace("small", "newer"), "utf-8")
    git("add", "-N", "spaces/new.space", at=repository)
    assert "+ hyperspace newer\n" in git("diff", at=repository)
    (repository / FILE).unlink()
    assert "- hyperspace small\n" in git("diff", "--no-renames", at=repository)


def test_log_and_show_compare_what_the_imports_mean(repository: Path) -> None:
    edit(repository / FILE, "2 of 32..64", "2 of {32, 48, 64, 80}")
    commit(repository, "wider")
    shown = git("show", at=repository)
    assert "2 of 32..64" in shown
    assert "2 of 32..80" in shown
    assert "2 of {32, 48, 64, 80}" not in shown  # as it is meant, not as it was typed
    assert "2 of 32..80" in git("log", "-p", "-1", at=repository)
    assert "stages" not in shown
    assert git("show", "--ext-diff", at=repository).endswith(git("diff", "HEAD~1", "HEAD", at=repository))


def test_a_change_of_spelling_has_no_meaning(repository: Path) -> None:
    edit(repository / FILE, "depth 1..2", "depth {1, 2}")
    assert git("diff", at=repository) == f"{FILE}\nNo difference.\n"
    commit(repository, "spelling")
    assert "depth" not in git("show", "--format=", at=repository)


def test_old_sides_see_old_imports(repository: Path) -> None:
    """The device's rule changes what a range means; each side is read with the devices of its commit."""
    edit(repository / "geräte/devices.space", "multiple of 16", "multiple of 8")
    edit(repository / FILE, "classes 10", "classes 20")
    shown = git("diff", "--", FILE, at=repository)
    assert "~ device.width_multiple  16 → 8\n" in shown
    assert "~ classes  10 → 20\n" in shown


def test_a_file_without_a_space_and_a_broken_one_are_compared_by_lines(repository: Path) -> None:
    edit(repository / "geräte/devices.space", "threads 1", "threads 2")
    shown = git("diff", at=repository)
    assert "threads 1" in shown
    assert "threads 2" in shown
    edit(repository / FILE, "classes 10", "clases 10")
    assert "+  input 3 channels, resolution {64, 96}, clases 10\n" in git("diff", "--", FILE, at=repository)


def test_setup_is_undone_and_asks(repository: Path, cli: Cli) -> None:
    attributes = repository / ".gitattributes"
    assert attributes.read_text() == "*.space diff=spacelang\n"
    attributes.write_text("*.png binary\n*.space diff=spacelang\n")
    assert cli("git", "setup", "--yes").code == 0
    assert attributes.read_text() == "*.png binary\n*.space diff=spacelang\n"
    code, _, err = cli("git", "setup", "--remove")
    assert code == 1
    assert "error[SP1012]" in err
    assert cli("git", "setup", "--remove", "--yes").code == 0
    assert attributes.read_text() == "*.png binary\n"
    assert "spacelang" not in (repository / ".git/config").read_text()
    edit(repository / FILE, "classes 10", "classes 20")
    assert git("diff", "--", FILE, at=repository).startswith("diff --git")


def test_revisions_relative_paths_and_the_index(repository: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(repository / FILE, "classes 10", "classes 20")
    git("add", "-A", at=repository)
    edit(repository / FILE, "classes 20", "classes 30")
    monkeypatch.chdir(repository / "spaces")
    for before in ("HEAD:./my phöne.space", f"HEAD:{FILE}", "HEAD:../spaces/my phöne.space"):
        assert cli("diff", before, "my phöne.space").out.startswith("~ classes  10 → 30\n")
    assert cli("diff", ":./my phöne.space", "my phöne.space").out.startswith("~ classes  20 → 30\n")
    assert cli("diff", f":{FILE}#small", "my phöne.space#small").out.startswith("~ classes  20 → 30\n")
    code, _, err = cli("diff", "HEAD:./none.space", "my phöne.space")
    assert code == 1
    assert "error[SP1001]: HEAD:./none.space: ./none.space is not in HEAD\n" in err


def test_a_process_substitution_is_read(repository: Path) -> None:
    command = f"{sys.executable} -m spacelang.cli diff <(cat tiny.space) tiny.space"
    (repository / "tiny.space").write_text(TEXT, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(["bash", "-c", command], cwd=repository, capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stdout, run.stderr) == (0, "No difference.\n", "")
