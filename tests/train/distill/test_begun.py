"""What a run was begun with: kept, taken up again, and refused where it is something else."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.train.distill import Build, TrainedStudent, open_sources, read_begun
from spacelang.train.distill import begun as begun_module
from spacelang.train.distill.kept import CHECKPOINTS, PARTS, STUDENTS, State
from spacelang.train.distill.learner import At, Losses
from spacelang.train.shared import checkpoint
from spacelang.train.teacher import Teacher
from spacelang.train.teacher.small import SmallNet
from tests.train.distill.conftest import CPU, SPACE
from tests.train.images import image_folder

Compiled = Callable[..., Build]


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Teachers by any name, each kind with the same weights wherever they are; the names that were asked for."""
    names: list[str] = []

    def open_teacher(name: str, space: object, data: object, folder: Path, update: object, **more: object) -> Teacher:
        names.append(name)
        network = SmallNet(space, 10)  # type: ignore[arg-type]
        for each in network.parameters():
            each.data.fill_(len(name.partition(":")[0]))
        return Teacher(name, network, network.points, range(len(network.points)))

    monkeypatch.setattr(begun_module, "open_teacher", open_teacher)
    return names


def refused(build: Build, data: str | None = None, teacher: str | None = None) -> Diagnostic:
    with pytest.raises(SpacelangError) as raised:
        open_sources(build, CPU, data, teacher)
    (found,) = raised.value.diagnostics
    return found


def listed(build: Build) -> str:
    return ", ".join(str(build.folder / each) for each in PARTS)


def test_digits_and_their_own_teacher_where_none_is_named(compiled: Compiled, opened: list[str]) -> None:
    build = compiled("build")
    assert read_begun(build.folder) is None
    sources = open_sources(build, CPU, None, None)
    assert sources.data.name == "digits"
    assert opened == ["trained"]
    assert read_begun(build.folder) == sources.begun


def test_the_next_call_takes_what_the_first_one_named(compiled: Compiled, opened: list[str]) -> None:
    build = compiled("build")
    open_sources(build, CPU, None, "timm:resnet18")
    open_sources(build, CPU, None, None)
    open_sources(build, CPU, "digits", "timm:resnet18")
    assert opened == ["timm:resnet18"] * 3


def test_another_teacher(compiled: Compiled) -> None:
    build = compiled("build")
    open_sources(build, CPU, None, None)
    before = (build.folder / "bkd" / "run.json").read_bytes()
    found = refused(build, teacher="timm:resnet18")
    assert found.code == "SP1305"
    assert found.message == (
        f"the distillation of {build.folder} was begun with something else: the teacher trained, now timm:resnet18"
    )
    assert found.help == (
        f"go on with what it was begun with, compile into another directory, or remove {listed(build)} to begin again"
    )
    assert (build.folder / "bkd" / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("field", "difference"),
    [
        ("jobs_sha256", "other jobs than bkd/jobs.json lists now"),
        ("data_fingerprint", "the data digits has changed since"),
        ("teacher_fingerprint", "the teacher trained has changed since"),
        ("spacelang", "spacelang other, now {version}"),
    ],
)
def test_what_differs_is_named(compiled: Compiled, field: str, difference: str) -> None:
    build = compiled("build")
    begun = open_sources(build, CPU, None, None).begun
    changed = begun.model_copy(update={field: "other"})
    (build.folder / "bkd" / "run.json").write_text(changed.model_dump_json())
    difference = difference.format(version=begun.spacelang)
    found = refused(build)
    assert found.code == "SP1305"
    assert found.message == f"the distillation of {build.folder} was begun with something else: {difference}"


def test_other_images_are_refused_before_a_teacher_is_opened(
    compiled: Compiled, tmp_path: Path, opened: list[str]
) -> None:
    """The teacher `trained` would say that it was trained on others, and how to train it anew."""
    build = compiled("build")
    open_sources(build, CPU, None, None)
    images = image_folder(tmp_path / "images", train=14)
    found = refused(build, data=str(images))
    assert found.code == "SP1305"
    assert found.message == (
        f"the distillation of {build.folder} was begun with something else: the data digits, now {images}"
    )
    assert opened == ["trained"]


def test_images_and_teacher_may_move(compiled: Compiled, tmp_path: Path) -> None:
    build = compiled("build")
    before, after = ((image_folder(tmp_path / name, train=14), tmp_path / f"b5 {name}") for name in ("old", "new"))
    for _, weights in (before, after):
        weights.mkdir()
    begun = open_sources(build, CPU, str(before[0]), f"efficientnet-b5:{before[1]}").begun
    moved = open_sources(build, CPU, str(after[0]), f"efficientnet-b5:{after[1]}").begun
    assert (moved.data, moved.teacher) == (str(after[0]), f"efficientnet-b5:{after[1]}")
    assert moved.key(build.jobs[0]) == begun.key(build.jobs[0])
    assert open_sources(build, CPU, None, None).begun == read_begun(build.folder) == moved


def test_too_few_images_are_found_before_anything_is_begun(
    compiled: Compiled, tmp_path: Path, opened: list[str]
) -> None:
    build = compiled("build")
    images = image_folder(tmp_path / "images", train=6)
    found = refused(build, data=str(images))
    assert found.code == "SP1203"
    assert found.message == "a batch of 40 is more than the 18 images for training"
    assert opened == []
    assert read_begun(build.folder) is None
    assert open_sources(build, CPU, None, None).begun.data == "digits"


def test_too_few_images_to_calibrate_with(compiled: Compiled, tmp_path: Path, opened: list[str]) -> None:
    images = str(image_folder(tmp_path / "images", train=28))
    build = compiled("build", SPACE.replace("calibration_batches 1", "calibration_batches 3"))
    found = refused(build, data=images)
    assert found.code == "SP1312"
    assert found.message == ("3 batches of 40 images are to calibrate batch norms; the 84 images for training make 2")
    assert found.help == "write `calibration_batches 2` in the space's `distill` section and compile it again"
    assert opened == []
    assert read_begun(build.folder) is None
    mended = compiled("build", SPACE.replace("calibration_batches 1", "calibration_batches 2"))
    assert open_sources(mended, CPU, images, None).begun.data == images


@pytest.mark.parametrize("folder", [CHECKPOINTS, STUDENTS])
def test_students_that_were_left_of_another_run(compiled: Compiled, folder: str) -> None:
    """As when a user removes run.json alone, or without checkpoints/."""
    build = compiled("build")
    begun = open_sources(build, CPU, None, None).begun
    job = build.jobs[1]
    named = {"job": 1, "stage": "stage1", "block_id": 1, "block": "fused_mb", "teacher_in": 32, "teacher_out": 32}
    states = {
        CHECKPOINTS: State(at=At(0, 1, 0), losses=Losses(), begun=begun.key(job)),
        STUDENTS: TrainedStudent(**named, losses=Losses(), begun=begun.key(job)),
    }
    checkpoint.save(build.folder / folder, job.name, {}, states[folder])
    (build.folder / "bkd" / "run.json").unlink()
    found = refused(build, teacher="timm:resnet18")
    assert found.code == "SP1305"
    assert found.message == (
        f"{build.folder / folder} holds a student of stage1, block 1 (fused_mb) from other images, another teacher or "
        "other settings"
    )
    assert found.help == (
        f"go on with what it was begun with, compile into another directory, or remove {listed(build)} to begin again"
    )
    assert read_begun(build.folder) is None
    assert open_sources(build, CPU, None, None).begun == begun


def test_a_damaged_file(compiled: Compiled) -> None:
    build = compiled("build")
    path = build.folder / "bkd" / "run.json"
    path.write_text("{}")
    found = refused(build)
    assert found.code == "SP1306"
    assert found.message == f"`{path}` is damaged: jobs_sha256: Field required"
    assert found.help == f"remove {listed(build)} to begin again"


def test_images_are_found_from_another_directory(
    compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task of Ray or Slurm runs elsewhere."""
    build = compiled("build")
    image_folder(tmp_path / "images", train=14)
    monkeypatch.chdir(tmp_path)
    open_sources(build, CPU, "images", "trained")
    monkeypatch.chdir(tmp_path / "build")
    sources = open_sources(build, CPU, None, None)
    assert sources.begun.data == str(tmp_path / "images")


def test_of_tasks_that_begin_at_once_one_opens_the_teacher_before_the_others(
    compiled: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = compiled("build")
    order: list[str] = []
    open_teacher = vars(begun_module)["open_teacher"]

    def slow(*arguments: object, **more: object) -> Teacher:
        order.append("begins")
        time.sleep(0.3)
        order.append("has it")
        teacher: Teacher = open_teacher(*arguments, **more)
        return teacher

    monkeypatch.setattr(begun_module, "open_teacher", slow)
    with ThreadPoolExecutor(3) as pool:
        begun = [each.begun for each in pool.map(lambda _: open_sources(build, CPU, None, None), range(3))]
    assert order == ["begins", "has it"] * 3
    assert begun == [read_begun(build.folder)] * 3
