"""Distillation and tables after SIGKILL: run again, the commands end with what undisturbed ones give."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import spacelang
from spacelang.cli.entry import run
from tests.train.images import image_folder

SPACE = """language 1

import "std/blocks.space"

device cpu { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }

hyperspace small on cpu {
  input      3 channels
  resolution {16, 24}
  classes    3

  blocks {
    0 = mbv2      { kernel {3, 5}, expand {1, 2}, act relu6 }
    1 = fused_mb  { kernel 3, expand {1, 2}, act hswish }
  }

  stem  conv  { depth 1, stride 2, width 8, kernel 3, act relu }

  stage stage1  { depth 1..2, stride 2, width 2 of 8..24 }
STAGES
  head {
    pool
    linear -> classes
  }

  distill { epochs EPOCHS, quantised_epochs 1, batch 8, architectures ROWS, calibration_batches 2 }
}
"""
SECOND = "  stage stage2  { depth 1..2, stride 1, width 2 of 16..32 }\n"
LIMIT_SECONDS = 240.0


def compiled(folder: Path, *, epochs: int, stages: str = "", architectures: int = 6) -> Path:
    text = SPACE.replace("EPOCHS", str(epochs)).replace("STAGES\n", stages).replace("ROWS", str(architectures))
    spacelang.compile_to(spacelang.loads(text), folder)
    return folder


def commands(build: Path, images: Path, workers: int) -> tuple[list[str], list[str]]:
    """The two that are killed; the table is written into the build."""
    ways = ["--workers", str(workers), "--accelerator", "cpu"]
    distill = ["distill", str(build), "--data", str(images), "--teacher", "trained", *ways]
    return distill, ["table", "build", str(build), "-o", str(build / "table.parquet"), *ways]


def written(build: Path) -> set[tuple[Path, int]]:
    """The files that training and measuring have finished, with their times: one that is replaced is another."""
    found = set()
    for path in (build / "bkd").rglob("[!.]*"):
        with suppress(FileNotFoundError):
            found.add((path, path.stat().st_mtime_ns))
    return {each for each in found if each[0].is_file()}


def kill_after(arguments: list[str], build: Path, writes: int, delay: float = 0.0) -> None:
    """Start a command; kill it and its workers so many written files, and then seconds, later."""
    seen = written(build)
    wanted, deadline = len(seen) + writes, time.monotonic() + LIMIT_SECONDS
    command = [sys.executable, "-m", "spacelang.cli", *arguments]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while len(seen) < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
            seen |= written(build)
        time.sleep(delay)
        assert process.poll() is None, f"{arguments[:2]} ended before {writes} files were written: {process.returncode}"
        assert len(seen) >= wanted, f"{arguments[:2]} wrote {writes + len(seen) - wanted} files in {LIMIT_SECONDS} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def results(build: Path) -> dict[str, bytes]:
    """The students and the table."""
    files = [*(build / "bkd/students").iterdir(), build / "table.parquet"]
    return {each.name: each.read_bytes() for each in files}


def undisturbed(build: Path, images: Path) -> dict[str, bytes]:
    for each in commands(build, images, workers=1):
        assert run(each) == 0
    return results(build)


def test_killed_once_they_go_on_to_the_same_table(tmp_path: Path) -> None:
    images = image_folder(tmp_path / "images", train=8, validation=2)
    expected = undisturbed(compiled(tmp_path / "undisturbed", epochs=2), images)
    build = compiled(tmp_path / "killed", epochs=2)
    distill, table = commands(build, images, workers=1)
    kill_after(distill, build, writes=7)
    assert not list((build / "bkd/students").glob("*.json"))
    assert [run(distill), run(table)] == [0, 0]
    assert results(build) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_killed_at_five_random_moments_they_go_on_to_the_same_table(tmp_path: Path, seed: int) -> None:
    moments = random.Random(seed)
    images = image_folder(tmp_path / "images", train=16, validation=4)
    expected = undisturbed(compiled(tmp_path / "undisturbed", epochs=4, stages=SECOND), images)
    build = compiled(tmp_path / "killed", epochs=4, stages=SECOND)
    distill, table = commands(build, images, workers=2)
    for command, most, kills in ((distill, 12, 3), (table, 2, 2)):
        for _ in range(kills):
            kill_after(command, build, moments.randint(1, most), moments.uniform(0, 0.05))
        assert run(command) == 0
    assert results(build) == expected
