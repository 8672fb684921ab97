"""The VS Code extension: what is generated for it, and the package that `make vsix` builds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from spacelang import __version__
from spacelang.cli.app import COMMANDS
from spacelang.editor.textmate import SCOPES, grammar, text
from spacelang.editor.words import words

ROOT = Path(__file__).parents[2]
VSCODE = ROOT / "editors" / "vscode"
PACKAGE = json.loads((VSCODE / "package.json").read_text())


def test_the_grammar_is_that_of_the_schema() -> None:
    file = VSCODE / "syntaxes" / "spacelang.tmLanguage.json"
    assert file.read_text() == text(), "run: python -m spacelang.editor.textmate > editors/vscode/syntaxes/…"


def test_every_kind_of_word_has_a_scope() -> None:
    assert set(SCOPES) == set(words())
    for pattern in grammar()["patterns"]:
        re.compile(pattern["match"])


def test_the_extension_starts_the_command_that_there_is() -> None:
    program, *arguments = PACKAGE["contributes"]["configuration"]["properties"]["spacelang.server"]["default"]
    assert program == "spacelang"
    assert " ".join(arguments) in COMMANDS


def test_the_extension_has_the_version_of_the_package() -> None:
    assert PACKAGE["version"] == __version__


def test_every_file_that_the_manifest_names_exists() -> None:
    contributes = PACKAGE["contributes"]
    named = [contributes["languages"][0]["configuration"], contributes["grammars"][0]["path"]]
    assert all((VSCODE / each).is_file() for each in named)


@pytest.mark.slow
def test_make_vsix_builds_what_it_says(tmp_path: Path) -> None:
    """It needs Node and the registry of npm, as the target does."""
    assert shutil.which("npm"), "this test needs Node 20 or newer"
    source = tmp_path / "editors" / "vscode"
    shutil.copytree(VSCODE, source, ignore=shutil.ignore_patterns("node_modules", "out"))
    shutil.copy(ROOT / "Makefile", tmp_path)
    subprocess.run(["make", "vsix"], cwd=tmp_path, check=True, capture_output=True, timeout=600)
    with zipfile.ZipFile(tmp_path / "build" / "spacelang.vsix") as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read("extension/package.json"))
        client = archive.read("extension/out/extension.js").decode()
        assert archive.read("extension/syntaxes/spacelang.tmLanguage.json").decode() == text()
    assert "extension/language-configuration.json" in names
    assert f"extension/{manifest['main'].removeprefix('./')}" in names
    assert not [each for each in names if "node_modules" in each or each.startswith("extension/src")]
    assert "spacelang.server" in client
    # Loaded as VS Code loads it, with a stand-in for the module that only VS Code has.
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "vscode.js").write_text("module.exports = new Proxy({}, { get: () => class {} });")
    (tmp_path / "extension.js").write_text(client)
    script = "console.log(Object.keys(require('./extension.js')).sort().join())"
    run = subprocess.run(["node", "-e", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "activate,deactivate"
