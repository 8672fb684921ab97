"""`write_atomic`: a file is either as it was or wholly new."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spacelang.files import require_writable, write_atomic, write_folder


def test_writes_text_and_bytes_unchanged(tmp_path: Path) -> None:
    write_atomic(tmp_path / "new" / "a.txt", "ü\r\n\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "ü\r\n\n".encode()
    write_atomic(tmp_path / "b.bin", b"\x00\xff")
    assert (tmp_path / "b.bin").read_bytes() == b"\x00\xff"


def test_leaves_nothing_else_behind(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a.txt", "one")
    write_atomic(tmp_path / "a.txt", "two")
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "two"


def test_a_failure_keeps_the_old_file_and_no_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_atomic(path, "old")

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="^disk full$"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_keeps_permissions_and_links(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("old")
    script.chmod(0o755)
    link = tmp_path / "link.sh"
    link.symlink_to(script)
    write_atomic(link, "new")
    assert link.is_symlink()
    assert script.read_text() == "new"
    assert script.stat().st_mode & 0o777 == 0o755


def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        write_atomic(tmp_path / "a.txt", "x")
    finally:
        os.umask(old)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"folder'$"):
        write_atomic(tmp_path / "folder", "text")


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomic(pipe, "text")
        assert os.read(reading, 10) == b"text"
    finally:
        os.close(reading)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    write_folder(tmp_path / "a", {"one": b"1", "deep/two": b"2"})
    assert (tmp_path / "a" / "deep" / "two").read_bytes() == b"2"
    with pytest.raises(OSError, match="not empty"):
        write_folder(tmp_path / "a", {"one": b"3"})
    with pytest.raises(OSError, match=r"a/one/b"):
        write_folder(tmp_path / "a" / "one" / "b", {"x": b""})
    assert (tmp_path / "a" / "one").read_bytes() == b"1"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_what_cannot_be_written_is_known_before(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    require_writable(tmp_path / "new" / "deep" / "file")
    require_writable(tmp_path / "file")
    for path, expected in ((tmp_path, IsADirectoryError), (tmp_path / "file" / "x", NotADirectoryError)):
        with pytest.raises(expected) as caught:
            require_writable(path)
        assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
