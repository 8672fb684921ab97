"""`make demo`, as in a fresh clone: from images to a searched space, and again to the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import spacelang

ROOT = Path(__file__).parents[2]


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
        ["sh", "examples/demo.sh"], cwd=clone, env=environment, capture_output=True, text=True, timeout=1800
    )


@pytest.fixture(scope="module")
def first(clone: Path) -> subprocess.CompletedProcess[str]:
    return demo(clone)


@pytest.mark.slow
def test_it_ends_with_a_proved_space_and_says_what_is_next(
    clone: Path, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stderr
    assert [f"step {number} of 12" in first.stdout for number in range(1, 13)] == [True] * 12
    last = first.stdout[first.stdout.index("step 12 of 12") :]
    optimum = spacelang.load(clone / "build/demo/optimum.space")
    assert optimum.origin is not None
    assert f"{optimum.origin.encoding}  score " in last
    assert "proved: no space scores higher" in last
    digits = spacelang.load(ROOT / "specs/digits.space")
    assert f"digits@{digits.short_hash}:{optimum.origin.encoding}\n" in last
    for command in ("evaluate", "predict", "diff", "table info"):
        assert f"  spacelang {command} " in last


@pytest.mark.slow
def test_it_ships_every_model_of_the_front_as_files_that_run(
    clone: Path, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stderr
    models = sorted((clone / "build/demo/models").glob("*.space"))
    assert models
    for each in models:
        assert spacelang.load(each).kind == "model"
        for suffix in ("onnx", "tflite"):
            command = [sys.executable, "-m", "spacelang.cli", "evaluate", str(each.with_suffix(f".{suffix}")), "--json"]
            judged = json.loads(subprocess.run(command, cwd=clone, check=True, capture_output=True).stdout)
            assert judged["files"][0]["accuracy"]["top1"] > 0.9


@pytest.mark.slow
def test_losses_fall_with_training_for_every_stage_and_block(
    clone: Path, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0
    command = [sys.executable, "-m", "spacelang.cli", "distill", "build/demo/compiled", "--json"]
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
def test_a_second_run_goes_on_from_the_first(clone: Path, first: subprocess.CompletedProcess[str]) -> None:
    table = (clone / "build/demo/table.parquet").read_bytes()
    optimum = (clone / "build/demo/optimum.space").read_text()
    again = demo(clone)
    assert again.returncode == 0
    assert "21 of 21 jobs are trained already" in again.stderr
    assert "49 of 49 parts are measured already" in again.stderr
    assert (clone / "build/demo/table.parquet").read_bytes() == table
    assert (clone / "build/demo/optimum.space").read_text() == optimum


def test_next_begins_with_the_environment_and_a_published_table_is_searched_too(tmp_path: Path) -> None:
    """With a stand-in for spacelang that writes what `-o` names."""
    folder, programs = tmp_path / "clone", tmp_path / "programs"
    for each in (folder / ".venv" / "bin", programs):
        each.mkdir(parents=True)
    for name in ("specs", "examples"):
        (folder / name).symlink_to(ROOT / name)
    stand_in = programs / "spacelang"
    stand_in.write_text('#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" != -o ] || : >"$2"; shift; done\n')
    stand_in.chmod(0o755)
    (folder / ".venv" / "bin" / "activate").touch()
    (tmp_path / "vnni_block_table.tar.xz").touch()
    done = demo(folder, PATH=f"{programs}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert "step 12 of 13" in done.stdout
    assert "$ spacelang table import ../vnni_block_table.tar.xz --space" in done.stdout
    after = done.stdout[done.stdout.index("Next:") :].splitlines()
    assert after[2].split("  ")[1] == ". .venv/bin/activate"
    assert after[3].startswith("  ls build/demo/models ")


def test_it_fails_where_a_command_fails(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "spacelang").write_text('#!/bin/sh\n[ "$1" != compile ] || { echo no >&2; exit 1; }\n')
    (tmp_path / "spacelang").chmod(0o755)
    failed = demo(clone, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert failed.returncode == 1
    assert "step 2 of 12" in failed.stdout
    assert "step 3" not in failed.stdout
