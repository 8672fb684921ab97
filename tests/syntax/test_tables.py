"""The cache of the parser's tables: private, and never in the way."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import lark
import platformdirs
import pytest

from spacelang.syntax.parse import tables


class Calls:
    """Callbacks that leave what they get as it is."""

    def __getattr__(self, name: str) -> Any:
        if name.isupper():
            raise AttributeError(name)
        return list


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder, of which nothing exists yet."""
    path = tmp_path / "cache" / "spacelang"
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(path))
    return path


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that tables were computed from the grammar."""
    times: list[str] = []
    original = lark.Lark.__init__

    def counting(self: lark.Lark, grammar: str, **options: Any) -> None:
        times.append("computed")
        original(self, grammar, **options)

    monkeypatch.setattr(lark.Lark, "__init__", counting)
    return times


def cache_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_tables_are_computed_once(folder: Path, computed: list[str]) -> None:
    first = tables.load_parser(Calls())
    second = tables.load_parser(Calls())
    assert computed == ["computed"]
    assert tables.token_pattern(first).pattern == tables.token_pattern(second).pattern
    for parser in (first, second):
        interactive = parser.parse_interactive()
        assert {"WORD", "NUMBER", "LBRACE", "$END"} <= interactive.accepts()  # type: ignore[no-untyped-call]


def test_the_cache_is_private_json(folder: Path) -> None:
    tables.load_parser(Calls())
    assert folder.stat().st_mode & 0o777 == 0o700
    checksum, content = cache_file(folder).read_text().splitlines()
    assert len(checksum) == 64
    assert set(json.loads(content)) == {"data", "memo"}


@pytest.mark.parametrize("damage", ["", "nonsense", "{}\n{}\n", "\n\n\n\n"])
def test_a_damaged_cache_is_written_again(folder: Path, computed: list[str], damage: str) -> None:
    tables.load_parser(Calls())
    cache_file(folder).write_text(damage)
    tables.load_parser(Calls())
    tables.load_parser(Calls())
    assert computed == ["computed"] * 2


def test_a_changed_cache_is_not_believed(folder: Path, computed: list[str]) -> None:
    tables.load_parser(Calls())
    path = cache_file(folder)
    path.write_text(path.read_text().replace("NUMBER", "NUMBED"))
    tables.load_parser(Calls())
    assert computed == ["computed"] * 2


def test_bytes_that_are_no_text(folder: Path, computed: list[str]) -> None:
    tables.load_parser(Calls())
    cache_file(folder).write_bytes(b"\xff\xfe\x00")
    tables.load_parser(Calls())
    assert computed == ["computed"] * 2


def test_a_cache_that_others_can_write_is_not_read(folder: Path, computed: list[str]) -> None:
    tables.load_parser(Calls())
    cache_file(folder).chmod(0o666)
    tables.load_parser(Calls())
    assert computed == ["computed"] * 2


def test_a_link_is_not_followed(folder: Path, computed: list[str], tmp_path: Path) -> None:
    tables.load_parser(Calls())
    path = cache_file(folder)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    tables.load_parser(Calls())
    assert computed == ["computed"] * 2


def test_a_folder_that_others_can_write_is_not_used(folder: Path, computed: list[str]) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    tables.load_parser(Calls())
    assert computed == ["computed"]
    assert list(folder.iterdir()) == []


def test_where_there_can_be_no_folder(folder: Path, computed: list[str]) -> None:
    folder.parent.write_text("a file stands where the folder should be")
    tables.load_parser(Calls())
    assert computed == ["computed"]


def test_a_cache_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(tables, "write_atomic", refuse)
    tables.load_parser(Calls())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["memo_serialize", "_load_from_dict"])
def test_a_lark_that_cannot_store_its_tables(
    folder: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delattr(next(each for each in lark.Lark.__mro__ if name in vars(each)), name)
    for _ in range(2):
        assert tables.token_pattern(tables.load_parser(Calls())).match("depth")
    assert computed == ["computed"] * 2


@pytest.mark.parametrize("stored", [({}, {}), ({"options": {}}, {}), (None, None), ()])
def test_a_lark_that_stores_its_tables_otherwise(
    folder: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch, stored: tuple[object, ...]
) -> None:
    monkeypatch.setattr(lark.Lark, "memo_serialize", lambda *_: stored)
    for _ in range(2):
        assert tables.token_pattern(tables.load_parser(Calls())).match("depth")
    assert computed == ["computed"] * 2


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users are told apart by number on POSIX systems only")
def test_the_cache_of_another_user_is_not_read(
    folder: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.load_parser(Calls())
    monkeypatch.setattr(os, "getuid", lambda: 12345678)
    tables.load_parser(Calls())
    assert computed == ["computed"] * 2
