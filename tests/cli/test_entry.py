"""Whatever goes wrong is one message and an exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spacelang.cli import entry
from tests.cli.conftest import ROOT, SPECS, Cli

COMMANDS = [
    "backends",
    "check",
    "compile",
    "cost",
    "decode",
    "diff",
    "encode",
    "evolve",
    "explain",
    "fmt",
    "sample",
    "score",
    "show",
    "solve",
    "table",
]


def test_the_version_is_printed(cli: Cli) -> None:
    code, out, _ = cli("--version")
    assert code == 0
    assert out.startswith("spacelang 0.")


def test_without_a_command_the_help_is_printed(cli: Cli) -> None:
    code, out, err = cli()
    assert (code, err) == (1, "")
    for command in COMMANDS:
        assert f" {command} " in out


@pytest.mark.parametrize("command", [*COMMANDS, "table import", "table info"])
def test_every_command_has_help_with_an_example(cli: Cli, command: str) -> None:
    code, out, _ = cli(*command.split(), "--help")
    assert code == 0
    assert command == "table" or f"Example: spacelang {command} " in " ".join(out.split()) + " "


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek"], "No such command 'chek'"),
        (["check"], "Missing argument 'FILE…'"),
        (["check", "--fromat", "json", "x"], "No such option: --fromat"),
        (["sample", "x", "-n", "0"], "Invalid value"),
        (["sample", "x", "--format", "xml"], "Invalid value for '--format': 'xml' is not one of"),
    ],
)
def test_wrong_usage_is_exit_code_1_since_2_means_different(cli: Cli, arguments: list[str], message: str) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {message}")
    assert "see `spacelang" in err


@pytest.mark.parametrize("command", ["check", "show", "cost", "encode", "sample"])
def test_a_missing_file(cli: Cli, command: str, tmp_path: Path) -> None:
    code, out, err = cli(command, tmp_path / "none.space")
    assert code == 1
    assert (out + err).count("error[SP0212]") == 1


def test_the_flags_of_all_commands(cli: Cli) -> None:
    assert cli("-V") == cli("--version")
    assert cli("-h").out == cli("--help").out
    assert cli("show", "-h").out == cli("show", "--help").out
    assert cli("-q", "check", SPECS / "vnni.space").code == 0


def test_json_and_format_json_are_the_same(cli: Cli) -> None:
    vnni, model = SPECS / "vnni.space", SPECS / "seqnet_vnni_a0.space"
    lines = (["show", vnni], ["cost", model], ["diff", vnni, vnni], ["backends"], ["check", vnni], ["explain", "301"])
    for line in lines:
        found = cli(*line, "--json")
        assert found.code == 0
        assert found.out.startswith("{")
        assert cli(*line, "--format", "json") == found


def test_a_folder_and_a_binary_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "binary.space").write_bytes(b"\xff\xfe\x00")
    code, out, _ = cli("check", tmp_path, tmp_path / "binary.space")
    assert code == 1
    assert out.count("is not UTF-8") == 1
    (tmp_path / "empty").mkdir()
    code, out, _ = cli("check", tmp_path / "empty")
    assert code == 1
    assert "there is no .space file in" in out


def test_stdin_that_is_not_utf8(cli: Cli) -> None:
    code, out, _ = cli("check", "-", stdin=b"language 1\n\xff")
    assert code == 1
    assert "stdin is not UTF-8: byte 0xff at offset 11" in out


def test_stdin_without_an_end(cli: Cli) -> None:
    code, out, _ = cli("check", "-", stdin=b" " * (2 << 20))
    assert code == 1
    assert "stdin is longer than" in out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "secret.space"
    path.write_text("language 1\n")
    path.chmod(0)
    code, out, _ = cli("check", path)
    assert code == 1
    assert "may not be read" in out


def test_an_interrupt(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "any_command", interrupted)
    assert cli("backends") == (130, "", "error: interrupted\n")


def test_a_defect_asks_for_a_report(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def defective(*_: object, **__: object) -> None:
        raise ValueError("of 3")

    monkeypatch.setattr(entry, "any_command", defective)
    monkeypatch.delenv(entry.DEBUG)
    code, _, err = cli("backends")
    assert code == 1
    assert err.startswith("error: a defect in spacelang: ValueError: of 3\n")


def spawn(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "spacelang.cli", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    with spawn("sample", str(SPECS / "spaceevo_vnni.space"), "-n", "20000", "--format", "jsonl") as process:
        assert process.stdout
        assert process.stdout.readline().startswith("{")
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""
        assert process.wait(30) == -signal.SIGPIPE


def test_ctrl_c_ends_a_command_at_once() -> None:
    with spawn("check", "-") as process:  # waits for stdin
        assert process.stderr
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == "error: interrupted\n"


def test_results_are_utf8_in_any_locale_and_closed_streams_are_no_defect() -> None:
    command = [sys.executable, "-m", "spacelang.cli", "show", str(SPECS / "digits.space")]
    shown = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=True)
    assert " · linear -> classes" in shown.stdout.decode()
    closed = subprocess.run(["sh", "-c", '"$@" >&- <&-', "sh", *command], capture_output=True, check=False)
    assert (closed.returncode, closed.stderr) == (0, b"")
