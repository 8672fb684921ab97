"""Neovim, headless, as a real client. Debian's package `neovim` has to be installed: the test fails without it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spacelang.api import format as formatted
from tests.editor.texts import HEADER, SPACE

SCRIPT = Path(__file__).with_name("neovim.lua")
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_neovim_shows_mends_formats_and_saves(tmp_path: Path) -> None:
    nvim = shutil.which("nvim")
    assert nvim is not None, "this test needs Neovim: apt-get install neovim"
    right = HEADER + SPACE
    file = tmp_path / "bad.space"
    file.write_text(right.replace("threads 1", "thraeds   1"))
    environment = {
        **os.environ,
        "SPACE_FILE": str(file),
        "SPACE_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    command = [nvim, "--headless", "-u", "NONE", "-n", "-c", f"luafile {SCRIPT}"]
    run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    seen = json.loads(next(line for line in run.stdout.splitlines() if line.startswith("{")))
    assert run.returncode == 0, seen
    assert "did you mean `threads`?" in seen["message"]
    assert (seen["line"], seen["column"]) == (2, right.splitlines()[2].index("threads"))
    assert "threads   1" in seen["mended"]
    assert file.read_text() == formatted(right)
