"""After a change, students that don't depend on it are kept."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from spacelang.train.distill import Build, TrainedStudent, open_sources, prepare, read_begun
from spacelang.train.distill.kept import STUDENTS
from spacelang.train.distill.learner import Losses
from spacelang.train.shared import checkpoint
from tests.train.distill.conftest import CPU, SPACE
from tests.train.images import image_folder

Compiled = Callable[..., Build]
ALL = ["stage1-0", "stage1-1", "stage2-0", "stage2-1"]


@pytest.fixture(autouse=True)
def quick_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("spacelang.train.teacher.trained"), "EPOCHS", 0)


def distilled(build: Build) -> Build:
    """With stand-ins for the trained students of all jobs."""
    begun = open_sources(build, CPU, None, None).begun
    for job in build.jobs:
        state = TrainedStudent(
            job=job.job, stage=job.stage, block_id=job.block_id, block=job.block, teacher_in=1, teacher_out=1,
            losses=Losses(), begun=begun.key(job),
        )  # fmt: skip
        checkpoint.save(build.folder / STUDENTS, job.name, {}, state)
    return build


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("language 1", "language 1\n# a comment", ALL),
        ("hyperspace tiny on cpu {", "hyperspace renamed on cpu {\n  targets latency {1} ms", ALL),
        ("architectures 4", "architectures 5", ALL),
        ("width 2 of 16..32", "width 2 of 16..40", ["stage1-0", "stage1-1"]),
        ("width 2 of 8..24", "width 2 of 8..32", []),
        ("0 = mbv2      { kernel {3, 5}", "0 = mbv2      { kernel {3, 5, 7}", ["stage1-1", "stage2-1"]),
        ("1 = fused_mb  {", "2 = mbv1 { kernel 3, act relu }\n    1 = fused_mb  {", ALL),
        ("quantised_epochs 1", "quantised_epochs 2", []),
        ("resolution {8, 16}", "resolution {8, 12, 16}", []),
    ],
)
def test_students_that_do_not_depend_on_a_change_are_kept(
    compiled: Compiled, before: str, after: str, kept: list[str]
) -> None:
    distilled(compiled("build"))
    assert before in SPACE
    plan = prepare(compiled("build", SPACE.replace(before, after)).folder, accelerator="cpu", renew=True)
    left = {each.name for each in plan.left}
    assert [each.name for each in plan.jobs if each.name not in left and each.name in ALL] == kept
    assert read_begun(plan.build.folder) == plan.sources.begun
    assert prepare(plan.build.folder, accelerator="cpu").left == plan.left


def test_other_images_leave_no_student_and_train_the_teacher_again(compiled: Compiled, tmp_path: Path) -> None:
    build = distilled(compiled("build"))
    images = str(image_folder(tmp_path / "images", train=14))
    before = read_begun(build.folder)
    assert before is not None
    plan = prepare(build.folder, data=images, accelerator="cpu", renew=True)
    assert plan.left == plan.jobs
    assert plan.sources.begun.data_fingerprint != before.data_fingerprint


def test_a_damaged_student_is_trained_again(compiled: Compiled) -> None:
    build = distilled(compiled("build"))
    (build.folder / STUDENTS / "stage1-1.json").write_text("{")
    plan = prepare(build.folder, accelerator="cpu", renew=True)
    assert [each.name for each in plan.left] == ["stage1-1"]
