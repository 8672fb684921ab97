"""The commands of docs/whole.md: those that take seconds are run with the other pages, the rest here on less work."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from spacelang.cli.entry import run

PAGE = Path(__file__).parents[2] / "docs" / "whole.md"
LESS = {
    "distill { epochs 2, architectures 200 }": "distill { epochs 1, architectures 6, calibration_batches 1 }",
    "train   { epochs 20, quantised_epochs 4, batch 64 }": "train { epochs 1, quantised_epochs 1, batch 64 }",
}


@pytest.mark.slow
def test_the_commands_lead_to_a_file_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With fewer epochs and models than the page has, and without the device that is measured first."""
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text("utf-8")
    assert run(["new", "mine.space", "--data", "digits", "--size", "tiny", "--yes"]) == 0
    file = Path("mine.space")
    for before, after in LESS.items():
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, after))
    (command,) = re.findall(r"^spacelang (run mine\.space .*)$", text, re.MULTILINE)
    assert run([*shlex.split(command), "--models", "12", "--to", "onnx"]) == 0, capsys.readouterr().err
    for name in re.findall(r"^\| `([\w./]+)`", text, re.MULTILINE)[:5]:
        assert (Path("out") / name).exists(), name
    (python,) = re.findall(r"^```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found: dict[str, object] = {}
    exec(python.replace("mine_optimum_1", sorted(Path("out/files").glob("*.onnx"))[0].stem), found)
    assert found["scores"].shape == (1, 10)  # type: ignore[attr-defined]
    (again,) = re.findall(r"^spacelang (report out -o page\.html) --against other$", text, re.MULTILINE)
    assert run([*shlex.split(again), "--against", "out"]) == 0
