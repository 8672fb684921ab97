"""Runs command lines in this process: what they print, and their exit code."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from spacelang.cli.entry import DEBUG, run

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"


class Result(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """`cli("check", path, stdin="…")`. A defect lets its traceback through."""
    monkeypatch.setenv(DEBUG, "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*arguments: str | Path, stdin: str | bytes = "") -> Result:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        capsys.readouterr()
        code = run(list(map(str, arguments)))
        return Result(code, *capsys.readouterr())

    return call
