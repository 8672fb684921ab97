"""`spacelang check` and `spacelang explain`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spacelang.report.codes import CODES
from tests.cli.conftest import ROOT, SPECS, Cli

BAD = """language 1

device d {
  runtime onnxruntme
  precision int8, threads 1, widths multiple of 16
}
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.space"
    path.write_text(BAD)
    return path


def test_files_without_errors(cli: Cli) -> None:
    specs = sorted(SPECS.glob("*.space"))
    assert cli("check", *specs) == (0, f"{len(specs)} files checked, no errors\n", "")
    assert cli("check", "-", stdin="language 1\n") == (0, "1 file checked, no errors\n", "")


def test_an_error_is_shown_where_it_is(cli: Cli, bad: Path) -> None:
    code, out, err = cli("check", bad)
    assert (code, err) == (1, "")
    assert f" --> {bad}:4:11\n" in out
    assert "4 |   runtime onnxruntme\n" in out
    assert "did you mean `onnxruntime`?" in out


def test_what_an_import_does_wrong_is_said_once(cli: Cli, bad: Path) -> None:
    importers = [bad.with_name(f"{name}.space") for name in "ab"]
    for path in importers:
        path.write_text('language 1\nimport "bad.space"\n')
    out = cli("check", *importers, bad).out
    assert out.count("did you mean `onnxruntime`?") == 1


def test_folders_without_what_git_ignores(cli: Cli, tmp_path: Path) -> None:
    for name in ("a.space", "deep/b.space", "built/c.space", "deep/notes.txt", ".hidden/d.space"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("language 1\n")
    assert cli("check", tmp_path).out == "3 files checked, no errors\n"
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("built/\n.hidden/\n")
    assert cli("check", tmp_path, tmp_path / "a.space").out == "2 files checked, no errors\n"
    assert cli("fmt", "--check", tmp_path) == (0, "", "")


def test_strict_fails_on_warnings(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "unused.space"
    path.write_text('language 1\nimport "std/blocks.space"\nimport "std/blocks.space"\n')
    code, out, _ = cli("check", path)
    assert (code, out.splitlines()[-1]) == (0, "1 warning")
    assert cli("check", "--strict", path) == (1, out, "")


def test_quiet_prints_findings_only(cli: Cli, bad: Path) -> None:
    assert cli("check", "-q", SPECS / "vnni.space") == (0, "", "")
    assert cli("check", "-q", bad) == cli("check", bad)


def test_stdin_has_the_name_and_the_imports_of_a_file(cli: Cli, bad: Path) -> None:
    code, out, _ = cli("check", "-", "--stdin-filename", bad.with_name("new.space"), stdin=BAD)
    assert code == 1
    assert f" --> {bad.with_name('new.space')}:4:11\n" in out
    text = f'language 1\nimport "{bad.name}"\n'
    assert f" --> {bad}:4:11" in cli("check", "-", "--stdin-filename", bad.with_name("new.space"), stdin=text).out


def test_formats_for_programs(cli: Cli, bad: Path) -> None:
    code, out, _ = cli("check", bad, "--format", "json")
    assert code == 1
    assert json.loads(out)["errors"] >= 1
    code, out, _ = cli("check", bad, "--format", "github")
    assert code == 1
    assert out.startswith(f"::error file={bad},line=4,")
    code, out, _ = cli("check", bad, "--format", "sarif")
    assert code == 1
    assert json.loads(out)["version"] == "2.1.0"
    assert json.loads(cli("check", SPECS / "vnni.space", "--format", "json").out)["diagnostics"] == []


def test_colours_only_where_they_are_wanted(cli: Cli, bad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in cli("check", bad).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31merror" in cli("check", bad).out


def test_check_loads_no_framework() -> None:
    heavy = ("torch", "numpy", "onnx", "onnxruntime", "tensorflow", "pyarrow", "rich", "jinja2", "pydantic", "lark")
    code = (
        "import sys; from spacelang.cli.entry import run; code = run(['check', 'specs/vnni.space']);"
        f"print([m for m in {heavy} if m in sys.modules]); sys.exit(code)"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert process.stdout.splitlines() == ["1 file checked, no errors", "[]"]


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(cli: Cli, code: str) -> None:
    status, out, err = cli("explain", code.lower())
    assert (status, err) == (0, "")
    assert out.startswith(f"{code}: {CODES[code].title}\n\n")


def test_a_code_by_its_number(cli: Cli) -> None:
    assert cli("explain", "301") == cli("explain", "sp301") == cli("explain", "SP0301")
    assert json.loads(cli("explain", "301", "--json").out)["code"] == "SP0301"


def test_a_shell_completes_codes_devices_and_files(tmp_path: Path) -> None:
    def completed(words: str) -> set[str]:
        line = f"spacelang {words}"
        environment = {
            **os.environ,
            "_SPACELANG_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        }
        run = subprocess.run(
            [sys.executable, "-m", "spacelang.cli"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return set(run.stdout.split())

    assert completed("explain SP030") >= {"SP0301", "SP0302"}
    assert "cost-model" in completed("predict x --device c")
    assert completed("check specs/vnn") == {"specs/vnni.space", "specs/vnni_released.space"}


def test_an_unknown_code(cli: Cli) -> None:
    code, out, err = cli("explain", "SP9999")
    assert (code, out) == (1, "")
    assert err.startswith("error: there is no code SP9999\n")
