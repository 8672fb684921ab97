"""`spacelang fmt`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import SPECS, Cli

UGLY = "language 1\ndevice d{threads 1,precision int8} # why\n"


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    path = tmp_path / "ugly.space"
    path.write_text(UGLY)
    return path


def test_formats_in_place_and_only_once(cli: Cli, ugly: Path) -> None:
    assert cli("fmt", ugly) == (0, f"formatted {ugly}\n", "")
    formatted = ugly.read_text()
    assert formatted != UGLY
    assert "# why" in formatted
    assert cli("fmt", ugly) == (0, "", "")
    assert ugly.read_text() == formatted


def test_stdin_goes_to_stdout(cli: Cli, ugly: Path) -> None:
    result = cli("fmt", "-", stdin=UGLY)
    cli("fmt", ugly)
    assert result == (0, ugly.read_text(), "")


def test_check_changes_nothing_and_exits_2(cli: Cli, ugly: Path) -> None:
    assert cli("fmt", "--check", ugly, SPECS / "vnni.space") == (2, f"would format {ugly}\n", "")
    assert ugly.read_text() == UGLY


def test_diff_shows_what_would_change(cli: Cli, ugly: Path) -> None:
    code, out, err = cli("fmt", "--diff", ugly)
    assert (code, err) == (2, "")
    assert f"--- {ugly}\n" in out
    assert "-device d{threads 1,precision int8} # why\n" in out
    assert ugly.read_text() == UGLY


def test_the_diff_of_a_formatted_file_is_empty(cli: Cli) -> None:
    assert cli("fmt", "--diff", SPECS / "vnni.space") == (0, "", "")


def test_a_file_with_a_syntax_error_stays_and_others_are_formatted(cli: Cli, ugly: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.space"
    bad.write_text("language 1\ndevice d {\n")
    code, out, err = cli("fmt", bad, ugly)
    assert (code, out) == (1, f"formatted {ugly}\n")
    assert err.startswith("error[SP00")
    assert bad.read_text() == "language 1\ndevice d {\n"


def test_meaning_need_not_be_right(cli: Cli) -> None:
    code, out, _ = cli("fmt", "-", stdin="language 1\nfoo   bar{baz 3}\n")
    assert code == 0
    assert "foo bar" in out


def test_a_file_that_cannot_be_written_is_one_message(cli: Cli, ugly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(ugly))

    monkeypatch.setattr(os, "replace", full)
    assert cli("fmt", ugly) == (1, "", f"error: {ugly}: no space left on device\n")
    assert ugly.read_text() == UGLY
    assert [path.name for path in ugly.parent.iterdir()] == ["ugly.space"]
