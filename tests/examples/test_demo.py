"""`make demo`, as in a fresh clone: from images to files that ship, and again in seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import spacelang
from spacelang.whole import STEPS

ROOT = Path(__file__).parents[2]
FOLDER = Path("build/digits")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing beside it, in which the demo has run."""
    folder = tmp_path_factory.mktemp("fresh") / "clone"
    folder.mkdir()
    for each in ("specs", "examples"):
        (folder / each).symlink_to(ROOT / each)
    return folder


def demo(clone: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **more}
    return subprocess.run(
        ["sh", "examples/demo.sh"], cwd=clone, env=environment, capture_output=True, text=True, timeout=3600
    )


@pytest.fixture(scope="module")
def first(clone: Path) -> subprocess.CompletedProcess[str]:
    return demo(clone)


@pytest.mark.slow
def test_it_ends_with_files_their_figures_and_the_report(clone: Path, first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 0, first.stderr
    optimum = spacelang.load(clone / FOLDER / "optimum.space")
    assert optimum.origin is not None
    solved = json.loads((clone / FOLDER / "solve.json").read_text())
    assert solved["proved"]
    assert solved["encoding"] == optimum.origin.encoding
    digits = spacelang.load(ROOT / "specs/digits.space")
    assert f"digits@{digits.short_hash}:{optimum.origin.encoding}\n" in first.stdout
    for each in (clone / FOLDER / "files").iterdir():
        assert str(FOLDER / "files" / each.name) in first.stdout
    report = clone / FOLDER / "report.html"
    assert f"report: {report.resolve().as_uri()}" in first.stdout
    assert report.stat().st_size < 3_000_000


@pytest.mark.slow
def test_it_ships_every_model_of_the_front_as_files_that_run(
    clone: Path, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stderr
    models = sorted((clone / FOLDER / "models").glob("*.space"))
    assert models
    for each in models:
        assert spacelang.load(each).kind == "model"
        for suffix in ("onnx", "tflite"):
            file = clone / FOLDER / "files" / f"{each.stem}.{suffix}"
            command = [sys.executable, "-m", "spacelang.cli", "evaluate", str(file), "--json"]
            judged = json.loads(subprocess.run(command, cwd=clone, check=True, capture_output=True).stdout)
            assert judged["files"][0]["accuracy"]["top1"] > 0.9


@pytest.mark.slow
def test_losses_fall_with_training_for_every_stage_and_block(
    clone: Path, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0
    command = [sys.executable, "-m", "spacelang.cli", "distill", str(FOLDER / "compiled"), "--json"]
    jobs = json.loads(subprocess.run(command, cwd=clone, check=True, capture_output=True).stdout)["jobs"]
    assert [(each["stage"], each["block_id"]) for each in jobs] == [
        (f"stage{stage}", block) for stage in (1, 2, 3) for block in range(7)
    ]
    for each in jobs:
        losses = each["losses"]
        for which in ("largest", "smallest"):
            untrained, fp32, int8 = (losses[phase][which] for phase in ("untrained", "fp32", "int8"))
            assert untrained > 1 > fp32 > int8, (each["stage"], each["block"], which)


@pytest.mark.slow
def test_it_needs_little_memory(clone: Path, first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 0
    done = json.loads((clone / FOLDER / "run.json").read_text())["done"]
    assert max(each["peak_mb"] for each in done.values()) < 4000


@pytest.mark.slow
def test_a_second_run_has_nothing_to_do(clone: Path, first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 0
    before = {each: each.stat().st_mtime_ns for each in (clone / FOLDER).rglob("*") if each.is_file()}
    begun = time.monotonic()
    again = demo(clone)
    assert time.monotonic() - begun < 60
    assert again.returncode == 0
    assert again.stderr.count("done already") == len(STEPS)
    assert {each: each.stat().st_mtime_ns for each in (clone / FOLDER).rglob("*") if each.is_file()} == before


def test_next_begins_with_the_environment_and_a_published_table_is_searched_too(tmp_path: Path) -> None:
    """With a stand-in for spacelang that writes what `-o` names."""
    folder, programs = tmp_path / "clone", tmp_path / "programs"
    for each in (folder / ".venv" / "bin", programs, folder / FOLDER):
        each.mkdir(parents=True)
    for name in ("specs", "examples"):
        (folder / name).symlink_to(ROOT / name)
    stand_in = programs / "spacelang"
    stand_in.write_text('#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" != -o ] || [ -d "$2" ] || : >"$2"; shift; done\n')
    stand_in.chmod(0o755)
    (folder / ".venv" / "bin" / "activate").touch()
    (tmp_path / "vnni_block_table.tar.xz").touch()
    done = demo(folder, PATH=f"{programs}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert "$ spacelang table import ../vnni_block_table.tar.xz --space" in done.stdout
    after = done.stdout[done.stdout.index("Next:") :].splitlines()
    assert after[2].split("  ")[1] == ". .venv/bin/activate"
    assert after[3].startswith("  spacelang run specs/digits.space -o build/digits --dry-run ")


def test_it_fails_where_a_command_fails(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "spacelang").write_text('#!/bin/sh\n[ "$1" != run ] || { echo no >&2; exit 1; }\n')
    (tmp_path / "spacelang").chmod(0o755)
    failed = demo(clone, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert failed.returncode == 1
    assert "$ spacelang run" in failed.stdout
    assert "Next:" not in failed.stdout
