"""Students are the same bytes however they are grouped and wherever they were interrupted."""

from __future__ import annotations

import fcntl
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

import spacelang
from spacelang import nn
from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.train.distill import Build, Sources, group, read_jobs, read_student
from spacelang.train.distill.group import train_together
from spacelang.train.distill.learner import At, Learner
from spacelang.train.losses.measure import measure_in
from spacelang.train.shared import locks
from spacelang.train.shared.readers import readers_for
from spacelang.train.shared.runtime import Accelerator
from tests.train.distill.conftest import CPU, EPOCHS, PLAIN, SPACE, STEPS, students

Compiled = Callable[..., Build]


def nothing(job: int, done: int, note: str) -> None: ...


class Cut(Exception):
    """Instead of a kill."""


def test_together_and_alone(compiled: Compiled, sources: Sources, count_teaching: list[int]) -> None:
    together, alone = compiled("together"), compiled("alone")
    train_together(together, together.chosen([2, 3]), sources, CPU, nothing)
    shared = len(count_teaching)
    for job in (3, 2):
        train_together(alone, alone.chosen([job]), sources, CPU, nothing)
    assert students(together) == students(alone)
    assert len(students(together)) == 4
    assert shared == EPOCHS * STEPS * 2  # two resolutions; each pass serves both students
    assert len(count_teaching) == 3 * shared


@pytest.fixture
def count_teaching(monkeypatch: pytest.MonkeyPatch, sources: Sources) -> list[int]:
    """Grows by one with each pass of the teacher in training."""
    passes: list[int] = []
    between = sources.teacher.between

    def counted(images: torch.Tensor, first: int, last: int) -> tuple[torch.Tensor, ...]:
        if not measuring:
            passes.append(images.shape[-1])
        return between(images, first, last)

    measuring: list[bool] = []

    def measured(*arguments: object) -> object:
        measuring.append(True)
        try:
            return measure_in(*arguments)  # type: ignore[arg-type]
        finally:
            measuring.pop()

    monkeypatch.setattr(sources.teacher, "between", counted)
    monkeypatch.setattr(group, "measure_in", measured)
    return passes


def test_a_validation_is_in_the_precision_at_hand(
    compiled: Compiled, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def measured(precisions: Sequence[nn.Precision], *arguments: object) -> object:
        asked.append(tuple(precisions))
        return measure_in(precisions, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(group, "measure_in", measured)
    build = compiled("build")
    train_together(build, build.jobs[:1], sources, CPU, nothing)
    assert asked == [("fp32",), ("fp32",), ("int8",)]


@pytest.mark.parametrize("steps", [2, STEPS, 2 * STEPS + 1])
def test_interrupted_after_any_step(
    compiled: Compiled, sources: Sources, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, bytes], steps: int
) -> None:
    """With a checkpoint after every step, then with those at the ends of epochs only."""
    for name, seconds in (("often", 0.0), ("epochs", 600.0)):
        monkeypatch.setattr(group, "CHECKPOINT_SECONDS", seconds)
        build = compiled(name)
        done: list[int] = []

        def interrupt(job: int, at: int, note: str, done: list[int] = done) -> None:
            if at > steps:
                raise Cut
            done.append(at)

        with pytest.raises(Cut):
            train_together(build, build.chosen([0]), sources, CPU, interrupt)
        assert students(build) == {}
        again: list[int] = []

        def note_step(job: int, at: int, note: str, again: list[int] = again) -> None:
            again.append(at)

        train_together(build, build.chosen([0]), sources, CPU, note_step)
        assert students(build) == undisturbed
        kept = steps if not seconds else steps // STEPS * STEPS
        assert again == list(range(kept + 1, EPOCHS * STEPS + 1))
        assert list((build.folder / "bkd" / "checkpoints").iterdir()) == []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    spacelang.compile_to(spacelang.loads(SPACE), folder)
    build = read_jobs(folder)
    train_together(build, build.chosen([0]), sources, CPU, nothing)
    return students(build)


def test_a_group_goes_on_with_members_at_different_steps(
    compiled: Compiled, sources: Sources, undisturbed: dict[str, bytes]
) -> None:
    """Job 0 has done two epochs, job 1 none."""
    build = compiled("build")

    def interrupt(job: int, at: int, note: str) -> None:
        if at > 2 * STEPS:
            raise Cut

    with pytest.raises(Cut):
        train_together(build, build.chosen([0]), sources, CPU, interrupt)
    train_together(build, build.chosen([0, 1]), sources, CPU, nothing)
    found = students(build)
    assert {name: found[name] for name in undisturbed} == undisturbed
    assert len(found) == 4


def test_losses_fall_and_are_those_of_the_student(compiled: Compiled, sources: Sources) -> None:
    build = compiled("build")
    train_together(build, build.jobs[:2], sources, CPU, nothing)
    for job in build.jobs[:2]:
        found = read_student(with_run(build, sources), job)
        assert found is not None
        losses = found[1].losses
        assert losses.untrained is not None
        assert losses.fp32 is not None
        assert losses.int8 is not None
        for each in ("largest", "smallest"):
            before, fp32, int8 = (getattr(one, each) for one in (losses.untrained, losses.fp32, losses.int8))
            assert 0 < fp32 < 0.9 * before
            assert 0 < int8 < 0.9 * before


def with_run(build: Build, sources: Sources) -> Build:
    """The build, with the run.json that `open_sources` would have written."""
    (build.folder / "bkd" / "run.json").write_text(sources.begun.model_dump_json())
    return build


def test_a_student_is_read_with_its_weights_and_quantisers(compiled: Compiled, sources: Sources) -> None:
    build = with_run(compiled("build"), sources)
    job = build.jobs[0]
    assert read_student(build, job) is None
    train_together(build, [job], sources, CPU, nothing)
    found = read_student(build, job)
    assert found is not None
    student, said = found
    assert (said.stage, said.block, said.teacher_in, said.teacher_out) == ("stage1", "mbv2", 32, 32)
    assert not student.training
    assert student.quantise.quantiser.active
    assert student.quantise.quantiser.scale.item() > 0


def test_a_student_of_another_run(compiled: Compiled, sources: Sources) -> None:
    build = with_run(compiled("build"), sources)
    train_together(build, build.jobs[:1], sources, CPU, nothing)
    with_run(build, sources._replace(begun=sources.begun.model_copy(update={"teacher_fingerprint": "other"})))
    with pytest.raises(SpacelangError) as raised:
        read_student(build, build.jobs[0])
    (wrong,) = raised.value.diagnostics
    assert wrong.code == "SP1305"
    assert wrong.message == (
        f"{build.folder / 'bkd/students'} holds a student of stage1, block 0 (mbv2) from other images, another teacher "
        "or other settings"
    )


def test_a_damaged_checkpoint(compiled: Compiled, sources: Sources) -> None:
    build = compiled("build")
    folder: Path = build.folder / "bkd" / "checkpoints"
    folder.mkdir()
    (folder / "stage1-0.json").write_text("{}")
    with pytest.raises(SpacelangError) as raised:
        train_together(build, build.jobs[:1], sources, CPU, nothing)
    assert raised.value.diagnostics[0].code == "SP1302"


def refused(build: Build, sources: Sources) -> Diagnostic:
    """Of its first stage."""
    with pytest.raises(SpacelangError) as raised:
        train_together(build, build.jobs[:2], sources, CPU, nothing)
    (found,) = raised.value.diagnostics
    return found


def test_a_checkpoint_of_another_run(compiled: Compiled, sources: Sources) -> None:
    def interrupt(job: int, at: int, note: str) -> None:
        if at > STEPS:
            raise Cut

    build = compiled("build")
    with pytest.raises(Cut):
        train_together(build, build.jobs[:1], sources, CPU, interrupt)
    other = sources._replace(begun=sources.begun.model_copy(update={"data_fingerprint": "other"}))
    found = refused(build, other)
    assert found.code == "SP1305"
    assert found.message == (
        f"{build.folder / 'bkd/checkpoints'} holds a student of stage1, block 0 (mbv2) from other images, another "
        "teacher or other settings"
    )
    assert students(build) == {}


def test_readers_change_nothing(compiled: Compiled, sources: Sources, undisturbed: dict[str, bytes]) -> None:
    build = compiled("build")
    train_together(build, build.jobs[:1], sources, CPU, nothing, readers=2)
    assert students(build) == undisturbed


def test_readers_for_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Accelerator(torch.device("cuda", 0))
    assert readers_for(CPU, None) == 0
    assert readers_for(gpu, None) > 0
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "1000")
    assert readers_for(gpu, None) == 1
    assert [readers_for(each, wanted) for each in (CPU, gpu) for wanted in (0, 3)] == [0, 3, 0, 3]


def test_a_job_that_another_process_trains(
    compiled: Compiled, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "SECONDS", 0.1)
    build = compiled("build")
    lock = build.folder / "bkd" / "locks" / "stage1-1.lock"
    lock.parent.mkdir()
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = refused(build, sources)
    assert found.code == "SP1311"
    assert found.message == f"another process trains job 1 (stage1, block 1 (fused_mb)) of {build.folder}"
    assert found.help == "wait for it, or end it; then run the same command again"
    assert students(build) == {}
    train_together(build, build.jobs[:1], sources, CPU, nothing)
    trained = students(build)

    def unexpected(job: int, at: int, note: str) -> None:
        raise AssertionError(f"job {job} is trained again")

    train_together(build, build.jobs[:1], sources, CPU, unexpected)
    assert students(build) == trained


@pytest.mark.parametrize(
    ("batch", "where"),
    [(40, "at step 2 of epoch 1"), (130, "on the validation images after the last epoch")],
)
def test_a_student_that_diverges(compiled: Compiled, sources: Sources, batch: int, where: str) -> None:
    """With one step in an epoch, only the validation sees it."""
    text = PLAIN.replace("epochs 2, quantised_epochs 1, batch 40", f"epochs 1, learning_rate_ends 100, batch {batch}")
    build = compiled("build", text)
    for _ in range(2):
        found = refused(build, sources)
        assert found.code == "SP1310"
        assert found.message == (
            f"the student of job 1 (stage1, block 1 (deep)) has diverged: its loss is no longer finite {where} in fp32"
        )
        assert found.help == (
            "write a `learning_rate_ends` below 100 in the space's `distill` section, compile it into another "
            "directory and distil that"
        )
    assert students(build) == {}
    assert not list((build.folder / "bkd").glob("checkpoints/stage1-1*"))


@pytest.mark.parametrize(
    ("stage", "at", "setting"),
    [
        (0, At(0, 0, 0), "learning_rate_ends` below 0.005"),
        (1, At(0, 0, 0), "learning_rate` below 0.01"),
        (2, At(0, 0, 0), "learning_rate_ends` below 0.005"),
        (1, At(1, 0, 0), "learning_rate_quantised` below 0.0025"),
    ],
)
def test_the_setting_that_made_it_diverge(tmp_path: Path, stage: int, at: At, setting: str) -> None:
    spacelang.compile_to(spacelang.load("specs/digits.space"), tmp_path)
    build = read_jobs(tmp_path)
    job = next(each for each in build.jobs if build.stage_of(each) == stage)
    plan = nn.generated_module(build.space).STUDENTS[job.stage, job.block_id]
    learner = Learner(build.space, stage, job, plan, (8, 8), steps=1)
    learner.at = at
    learner.require_finite(1e30, "at step 1")
    with pytest.raises(SpacelangError) as raised:
        learner.require_finite(math.nan, "at step 1")
    assert setting in raised.value.diagnostics[0].help
