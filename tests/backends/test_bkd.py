"""The distillation jobs: one for each stage and block, everything spelled out, runnable by Slurm and Ray."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import spacelang
from spacelang.backends.bkd import backend
from tests.backends.linters import complaints

ROOT = Path(__file__).parents[2]


def emitted(name: str) -> dict[str, str]:
    return backend.emit(spacelang.load(ROOT / f"specs/{name}.space"))


def jobs(name: str) -> list[dict[str, Any]]:
    return list(json.loads(emitted(name)["bkd/jobs.json"])["jobs"])


def test_one_job_for_each_stage_and_block() -> None:
    made = jobs("vnni")
    assert [job["job"] for job in made] == list(range(6 * 7))
    assert [(job["stage"], job["block_id"]) for job in made[6:9]] == [("stage1", 6), ("stage2", 0), ("stage2", 1)]
    assert len(jobs("spaceevo_vnni")) == 6


def test_the_hyperparameters_of_the_paper() -> None:
    first, inner, last = (jobs("vnni")[at]["training"] for at in (0, 7, 41))
    assert first == last
    assert first["fp32"] == {"epochs": 5, "learning_rate": 0.005}
    assert inner["fp32"] == {"epochs": 5, "learning_rate": 0.01}
    assert inner["lsq_plus"] == {"epochs": 1, "learning_rate": 0.0025, "bits": 8}
    assert inner["batch"] == 256
    assert inner["gradient_clip_value"] == 1
    assert inner["sub_stages_per_step"] == {
        "largest": {"count": 1, "resolution": 224},
        "smallest": {"count": 1, "resolution": 160},
        "random": {"count": 2, "resolution": [160, 176, 192, 208, 224]},
    }


def test_a_distill_section_overrides_them() -> None:
    job = jobs("digits")[0]
    assert (job["training"]["batch"], job["training"]["fp32"]["epochs"]) == (64, 2)
    assert job["table"] == {
        "architectures_per_window": 24,
        "calibration_batches": 2,
        "validation_images": 100,
        "seed": 0,
    }


def test_a_student_covers_the_whole_width_range() -> None:
    student = jobs("vnni")[8]["student"]
    assert student["input_adapter"]["channels_out"] == [32, 48, 64]
    assert student["stage"]["width"] == student["output_adapter"]["channels_in"] == [32, 48, 64, 80, 96]
    assert student["stage"]["expand"] == [4, 6, 8]


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """A folder with an `srun` that runs what it is given, and a `spacelang` that says what it is asked."""
    (tmp_path / "srun").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "spacelang").write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    for name in ("srun", "spacelang"):
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_the_slurm_script_runs_its_task(stubs: Path) -> None:
    script = emitted("vnni")["bkd/slurm_array.sh"]
    assert "#SBATCH --array=0-41\n" in script

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{stubs}:{os.environ['PATH']}", **more}
        command = ["bash", "-s", *arguments]
        return subprocess.run(command, input=script, env=environment, capture_output=True, text=True, check=False)

    slurm = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_SUBMIT_DIR": "/builds/a b"}
    assert run(**slurm).stdout == "<distill></builds/a b><--job><7>"
    assert run("/other build", **slurm).stdout == "<distill></other build><--job><7>"
    options = run("/build", "--data", "/my images", **slurm)
    assert options.stdout == "<distill></build><--job><7><--data></my images>"
    alone = run("/build")
    assert alone.returncode != 0
    assert "SLURM_ARRAY_TASK_ID: run this with sbatch" in alone.stderr


def test_the_ray_script_is_formatted_python(tmp_path: Path) -> None:
    script = emitted("pixel4_released")["bkd/ray_jobs.py"]
    (tmp_path / "ray_jobs.py").write_text(script)
    compile(script, "ray_jobs.py", "exec")
    assert complaints(tmp_path) == ""
