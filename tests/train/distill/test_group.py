"""Students are the same bytes however they are grouped and wherever they were interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from spacelang.diagnostics import SpacelangError
from spacelang.train.distill import Build, Sources, group, read_student
from spacelang.train.distill.group import train_together
from spacelang.train.losses.measure import measure
from tests.train.distill.conftest import CPU, EPOCHS, STEPS, students

Compiled = Callable[[str], Build]


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
            return measure(*arguments)  # type: ignore[arg-type]
        finally:
            measuring.pop()

    monkeypatch.setattr(sources.teacher, "between", counted)
    monkeypatch.setattr(group, "measure", measured)
    return passes


@pytest.mark.parametrize("steps", [2, STEPS, 2 * STEPS + 1])
def test_interrupted_after_any_step(
    compiled: Compiled, sources: Sources, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, bytes], steps: int
) -> None:
    """With a checkpoint behind every step, then with those at the ends of epochs only."""
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
    import spacelang
    from spacelang.train.distill import read_jobs
    from tests.train.distill.conftest import SPACE

    folder = tmp_path_factory.mktemp("undisturbed")
    spacelang.compile_to(spacelang.loads(SPACE), folder)
    build = read_jobs(folder)
    train_together(build, build.chosen([0]), sources, CPU, nothing)
    return students(build)


def test_a_group_goes_on_with_members_at_different_steps(
    compiled: Compiled, sources: Sources, undisturbed: dict[str, bytes]
) -> None:
    """Job 0 has two epochs behind it, job 1 none."""
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
    run = build.folder / "bkd" / "run.json"
    assert wrong.code == "SP1305"
    assert wrong.message == f"the student of stage1, block 0 (mbv2) was not trained with what {run} says"


def test_a_damaged_checkpoint(compiled: Compiled, sources: Sources) -> None:
    build = compiled("build")
    folder: Path = build.folder / "bkd" / "checkpoints"
    folder.mkdir()
    (folder / "job-000.json").write_text("{}")
    with pytest.raises(SpacelangError) as raised:
        train_together(build, build.jobs[:1], sources, CPU, nothing)
    assert raised.value.diagnostics[0].code == "SP1302"
