"""The commands that do without typer read their command lines as typer does."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.cli import entry
from spacelang.cli.app import app_for
from spacelang.cli.quick import FLAGS, VALUES, quick
from tests.cli.conftest import SPECS, Cli

PLAIN = [
    ["check", "GOOD"],
    ["check", "GOOD", "BAD", "--format", "json"],
    ["check", "--format=github", "BAD"],
    ["check", "BAD", "--json"],
    ["check", "--strict", "-q", "GOOD", "NONE"],
    ["check", "-", "--stdin-filename", "x.space"],
    ["fmt", "--check", "UGLY", "GOOD"],
    ["fmt", "--diff", "UGLY", "-q"],
    ["fmt", "-"],
]
OTHERS = [
    [],
    ["check"],
    ["check", "-h"],
    ["check", "--help", "GOOD"],
    ["check", "GOOD", "--format"],
    ["check", "GOOD", "--format", "xml"],
    ["check", "GOOD", "--fromat", "json"],
    ["fmt", "--json", "GOOD"],
    ["show", "GOOD"],
]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bad.space").write_text("language 1\ndevice d { runtime onnxruntme }\n")
    (tmp_path / "ugly.space").write_text("language   1\n")
    names = {name: str(tmp_path / f"{name.lower()}.space") for name in ("BAD", "UGLY", "NONE")}
    return {**names, "GOOD": str(SPECS / "vnni.space")}


@pytest.mark.parametrize("line", PLAIN, ids=" ".join)
def test_plain_command_lines_do_what_typer_makes_of_them(
    cli: Cli, files: dict[str, str], monkeypatch: pytest.MonkeyPatch, line: list[str]
) -> None:
    arguments = [files.get(each, each) for each in line]
    taken: list[bool] = []
    monkeypatch.setattr(entry, "any_command", lambda _: taken.append(False))
    quickly = cli(*arguments, stdin="language  1\n")
    assert not taken
    monkeypatch.undo()
    monkeypatch.setattr(entry, "quick", lambda _: None)
    assert cli(*arguments, stdin="language  1\n") == quickly


@pytest.mark.parametrize("line", OTHERS, ids=" ".join)
def test_other_command_lines_are_left_to_typer(files: dict[str, str], line: list[str]) -> None:
    assert quick([files.get(each, each) for each in line]) is None


@pytest.mark.parametrize("command", sorted(FLAGS))
def test_the_options_are_those_of_typer(command: str) -> None:
    import typer.main

    group = typer.main.get_command(app_for([command]))
    found = {name for each in group.commands[command].params for name in each.opts if name.startswith("-")}  # type: ignore[attr-defined]
    assert {*FLAGS[command], *VALUES[command]} == found - {"--help", "-h"}
