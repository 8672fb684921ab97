"""Tables in a terminal of 60 columns: whole words, and no line that the terminal would break."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from spacelang.cli import console
from spacelang.cli.narrow import fitted
from spacelang.evolve.table.parquet import write_table
from tests.cli.conftest import ROOT, SPECS, Cli
from tests.evolve.synthetic import TEXT, random_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.space").write_text(TEXT)
    write_table(random_table(seed=1, rows=8), tmp_path / "table.parquet")
    return tmp_path


def spec(name: str) -> str:
    return str(SPECS / f"{name}.space")


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize(
    "arguments",
    [
        ("show", spec("vnni")),
        ("show", spec("mobilenetv3")),
        ("show", spec("spaceevo_vnni")),
        ("show", spec("seqnet_pixel4_a4")),
        ("cost", spec("vnni")),
        ("cost", spec("ofa_resnet50")),
        ("predict", spec("vnni"), "--samples", "2"),
        ("predict", spec("seqnet_vnni_a1")),
        ("latency", "devices"),
        ("backends",),
        ("table", "info", "table.parquet"),
        ("score", "tiny.space", "111-000", "--table", "table.parquet"),
        ("solve", "tiny.space", "--table", "table.parquet"),
        ("evolve", "tiny.space", "--table", "table.parquet"),
        ("data", "digits"),
    ],
    ids=lambda each: " ".join(map(str, each)).replace(str(SPECS), "specs") if isinstance(each, tuple) else each,
)
def test_nothing_breaks(
    arguments: tuple[str, ...], columns: int, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    wide = cli(*arguments)
    monkeypatch.setattr(console, "PIPED_COLUMNS", columns)
    narrow = cli(*arguments)
    assert wide.code == narrow.code == 0, wide.err
    assert max(len(line) for line in narrow.out.splitlines() if line.startswith(" ")) <= columns  # prose may wrap
    assert words(wide.out) == words(narrow.out)
    assert "─" in narrow.out


def words(text: str) -> set[str]:
    return {each for each in text.split() if set(each) != {"─"}}


def test_the_terminal_says_its_width(folder: Path) -> None:
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    unset = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    environment = {**unset, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "xterm"}
    command = [sys.executable, "-m", "spacelang.cli", "show", spec("spaceevo_vnni")]
    with subprocess.Popen(command, stdout=other, stdin=subprocess.DEVNULL, env=environment) as process:
        os.close(other)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal is gone once the process has ended
            while part := os.read(main, 1 << 16):
                shown += part
    os.close(main)
    assert process.returncode == 0
    lines = shown.decode().splitlines()
    assert max(map(len, lines)) == 60
    assert "144..176" in {word for line in lines for word in line.split()}


def test_a_wide_terminal_changes_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cli("show", spec("vnni")).out
    monkeypatch.setattr(console, "PIPED_COLUMNS", 120)
    assert cli("show", spec("vnni")).out == before


def parts(table: Table, width: int) -> list[list[str]]:
    found = fitted(Console(width=10_000), table, width)
    return [[str(column.header) for column in part.columns] for part in found]


def test_columns_that_do_not_fit_stand_below_with_the_first() -> None:
    table = Table("name", "one", "two", "three", box=None)
    table.add_row("n" * 10, "1" * 20, "2" * 20, "3" * 20)
    assert parts(table, 90) == [["name", "one", "two", "three"]]
    assert parts(table, 60) == [["name", "one", "two"], ["name", "three"]]
    assert parts(table, 20) == [["name", "one"], ["name", "two"], ["name", "three"]]  # a word is never broken
