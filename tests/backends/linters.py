"""Ruff, as a project that uses spacelang would run it on generated code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RULES = "B,C4,E,F,I,PIE,PT,PYI,RET,RUF,SIM,TID,UP,W"


def complaints(folder: Path) -> str:
    """What the formatter would change and the linter finds; empty if all is well."""
    found = ""
    for command in (["format", "--diff"], ["check", "--select", RULES]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "120", "--quiet", str(folder)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False, cwd=folder)
        found += done.stdout + done.stderr
    return found
