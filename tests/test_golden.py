"""The golden machinery itself: it must not pass what nobody reviewed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Golden


def test_the_same_text_passes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    Golden(tmp_path, update=False)("one\n", "a.txt")


def test_another_text_fails_with_the_diff(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    with pytest.raises(pytest.fail.Exception, match=r"-one\n\+two"):
        Golden(tmp_path, update=False)("two\n", "a.txt")


def test_an_update_rewrites_and_still_fails(tmp_path: Path) -> None:
    golden = Golden(tmp_path, update=True)
    with pytest.raises(pytest.fail.Exception, match="review the diff"):
        golden("one\r\n", "deep/a.txt")
    assert (tmp_path / "deep/a.txt").read_bytes() == b"one\r\n"
    golden("one\r\n", "deep/a.txt")


def test_orphans_and_missing_files_are_named(tmp_path: Path) -> None:
    golden = Golden(tmp_path, update=False)
    (tmp_path / "orphan.txt").write_text("")
    with pytest.raises(AssertionError, match="orphan.txt"):
        golden.holds_exactly([])
    with pytest.raises(AssertionError, match="missing.txt"):
        golden.holds_exactly(["orphan.txt", "missing.txt"])
