"""The whole way for real, on a configuration of seconds: killed, gone on with, and changed."""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import spacelang

SPACE = """language 1

import "std/blocks.space"

device cpu { runtime onnxruntime, precision int8, threads 1, widths multiple of 8, hidden any }

hyperspace tiny on cpu {
  input      1 channels
  resolution {8, 16}
  classes    10

  blocks {
    0 = mbv1  { kernel {3, 5}, act relu }
    1 = mbv2  { kernel {3, 5}, expand {1, 2}, act relu6 }
  }

  stem  conv  { depth 1, stride 2, width 8, kernel 3, act relu }

  stage stage1  { depth 1, stride 1, width 2 of 8..24 }
  stage stage2  { depth 1, stride 1, width 2 of 16..32 }

  head {
    pool
    linear -> classes
  }

  targets latency {0.01, 1} ms
  quality { estimator exact, top 3 }
  evolution { population 6, sample 3, spaces 20, seed 0 }
  distill { epochs 1, quantised_epochs 1, batch 64, architectures 6, calibration_batches 1 }
  train { epochs 1, quantised_epochs 1, batch 64 }
}
"""
OPTIONS = ("--device", "cost-model", "--models", "12", "--to", "onnx", "--until", "evaluate")
STEPS = ["compile", "distill", "table", "attach", "evolve", "solve", "train", "search", "export", "evaluate"]
KILLS = 8
pytestmark = pytest.mark.slow


def start(root: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "spacelang.cli", "run", "tiny.space", "-o", "out", *(options or OPTIONS)]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(root: Path, *options: str) -> list[str]:
    """The steps that ran."""
    process = start(root, *options)
    _, said = process.communicate(timeout=900)
    assert process.returncode == 0, said
    places = re.findall(r"^\[\d+/\d+\] (\w+): (.*)$", said, re.MULTILINE)
    done = {name for name, what in places if what == "done already"}
    return [name for name in dict.fromkeys(name for name, _ in places) if name not in done]


def hashes(root: Path) -> dict[str, str]:
    """Of everything that the way makes, but its records, logs and what a runtime took."""
    folder = root / "out"
    left_out = re.compile(
        r"run\.json|.*\.lock|logs/.*|evaluations.*|accuracy\.json|train/(tensorboard|evaluations).*|.*\.sqlite.*"
    )
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not left_out.fullmatch(name := path.relative_to(folder).as_posix())
    }


def project(root: Path) -> Path:
    root.mkdir(exist_ok=True)
    (root / "tiny.space").write_text(SPACE)
    return root


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where everything has run without a stop."""
    root = project(tmp_path_factory.mktemp("whole") / "a")
    assert run(root) == STEPS
    return root


def test_killed_anywhere_it_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    expected = hashes(whole)
    assert any(name.endswith(".onnx") for name in expected)
    root = project(tmp_path / "b")
    chance = random.Random(0)
    for _ in range(KILLS):
        process = start(root)
        time.sleep(chance.uniform(2, 14))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    run(root)
    assert hashes(root) == expected


def test_what_runs_again_after_each_change(whole: Path) -> None:
    file = whole / "tiny.space"
    assert run(whole) == []
    file.write_text(f"# A comment.\n{SPACE}")
    assert run(whole) == []
    file.write_text(SPACE.replace("targets latency {0.01, 1} ms", "targets latency {0.02, 1} ms"))
    found = spacelang.load(whole / "out" / "optimum.space").sha256
    after_target = run(whole)
    assert {"evolve", "solve", "search"} <= set(after_target)
    assert not {"compile", "distill", "table", "attach"} & set(after_target)
    other = spacelang.load(whole / "out" / "optimum.space").sha256 != found
    assert ("train" in after_target) == other, "another target may make another space the best"
    students = hashes(whole)
    file.write_text(SPACE.replace("width 2 of 16..32", "width 2 of 16..40"))
    assert {"compile", "distill", "table", "attach"} <= set(run(whole, *OPTIONS[:-1], "attach"))
    again = hashes(whole)
    kept = [name for name in students if re.fullmatch(r"compiled/bkd/students/stage1-\d\.json", name)]
    assert len(kept) == 2
    assert all(again[name] == students[name] for name in kept)
    changed = [name for name in students if re.fullmatch(r"compiled/bkd/students/stage2-\d\.json", name)]
    assert all(again[name] != students[name] for name in changed)


def test_two_at_once(whole: Path) -> None:
    (whole / "tiny.space").write_text(SPACE)
    first = start(whole, *OPTIONS, "--from", "distill")
    time.sleep(4)
    second = start(whole)
    _, said = second.communicate(timeout=120)
    first.communicate(timeout=900)
    assert first.returncode == 0
    assert second.returncode == 1
    assert "error[SP2102]: another process is running in `out`" in said


def test_a_full_disk_leaves_a_message_and_what_is_done(whole: Path) -> None:
    """A limit on the size of files stands for it: whatever is larger can't be written."""
    (whole / "tiny.space").write_text(SPACE)
    run(whole)
    before = {name: each for name, each in hashes(whole).items() if not name.startswith("before/")}
    command = (
        f"ulimit -f 28; exec {sys.executable} -m spacelang.cli run tiny.space -o out {' '.join(OPTIONS)} --from train"
    )
    process = subprocess.run(
        ["bash", "-c", command],
        cwd=whole,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert process.returncode == 1
    assert "error[SP2104]: step `train` failed" in process.stderr
    assert "file too large" in process.stderr
    assert "train.log" in process.stderr
    run(whole)
    assert {name: each for name, each in hashes(whole).items() if not name.startswith("before/")} == before
