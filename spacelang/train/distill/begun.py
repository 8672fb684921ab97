"""What the distillation of a build was begun with, and the students that came of it.

bkd/run.json                  the data, the teacher, a hash of the jobs
bkd/students/job-007.*        a student that is trained
bkd/checkpoints/job-007.*     one that is not
bkd/teacher/                  the teacher `trained`
bkd/run.lock                  held by the process that begins; other tasks of an array wait for it
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from spacelang import __version__, nn
from spacelang.backend import refuse
from spacelang.files import write_atomic
from spacelang.invalid import first_error
from spacelang.progress import Update
from spacelang.train import checkpoint
from spacelang.train.data import DIGITS, Data, open_data
from spacelang.train.distill.jobs import FILE, Build, Job
from spacelang.train.distill.learner import Learner, Losses
from spacelang.train.runtime import Accelerator
from spacelang.train.student import Student
from spacelang.train.teacher import Teacher, default_teacher, open_teacher
from spacelang.train.teacher.opening import TIMM

RUN, LOCK, STUDENTS, TEACHER = "bkd/run.json", "bkd/run.lock", "bkd/students", "bkd/teacher"
PARTS = (RUN, STUDENTS, "bkd/checkpoints", TEACHER)


class Begun(BaseModel):
    """What all students of a build have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    spacelang: str = __version__
    jobs_sha256: str
    data: str
    data_fingerprint: str
    teacher: str
    teacher_fingerprint: str

    @property
    def key(self) -> str:
        """A hash; a student keeps it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Finished(BaseModel):
    """What is said of a trained student beside its weights. teacher_in, teacher_out: the channels of its adapters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job: int
    stage: str
    block_id: int
    block: str
    teacher_in: int
    teacher_out: int
    losses: Losses
    begun: str


class Sources(NamedTuple):
    """What students learn from."""

    data: Data
    teacher: Teacher
    begun: Begun


def open_sources(
    build: Build, accelerator: Accelerator, data: str | None, teacher: str | None, update: Update | None = None
) -> Sources:
    """The data and the teacher of a build, kept in `run.json` from the first call on.

    Of several processes that begin at once, one trains the teacher `trained`; the others wait and take it.

    Args:
        data, teacher: as `open_data` and `open_teacher` take them; None for what the build was begun with, or else for
            the digits and the data's own teacher.

    Raises:
        SpacelangError: SP12xx if they can't be had; SP1305 if the build was begun with something else; SP1306 if
            `run.json` is damaged.
    """
    if before := read_begun(build.folder):
        return _open(build, before, accelerator, data, teacher, update)
    with FileLock(build.folder / LOCK):
        return _open(build, read_begun(build.folder), accelerator, data, teacher, update)


def _open(
    build: Build,
    before: Begun | None,
    accelerator: Accelerator,
    data: str | None,
    teacher: str | None,
    update: Update | None,
) -> Sources:
    where = _anywhere(data) if data else before.data if before else DIGITS
    opened = open_data(where, build.space)
    name = _teacher_anywhere(teacher) if teacher else before.teacher if before else default_teacher(opened)
    cut = open_teacher(name, build.space, opened, build.folder / TEACHER, update, device=accelerator.device)
    begun = Begun(
        jobs_sha256=_jobs_sha256(build),
        data=where,
        data_fingerprint=opened.fingerprint,
        teacher=name,
        teacher_fingerprint=cut.fingerprint,
    )
    if before is None:
        write_atomic(build.folder / RUN, begun.model_dump_json(indent=2) + "\n")
    elif differences := _differences(before, begun):
        refuse(
            "SP1305",
            f"the distillation of {build.folder} was begun with something else: {'; '.join(differences)}",
            f"go on with what it was begun with, compile into another directory, or remove {_listed(build.folder)} "
            "to begin anew",
        )
    accelerator.place(cut)
    return Sources(opened, cut, begun)


def _anywhere(data: str) -> str:
    """As tasks that run in another directory find it."""
    return data if data == DIGITS else str(Path(data).resolve())


def _teacher_anywhere(name: str) -> str:
    kind, _, where = name.partition(":")
    return f"{kind}:{Path(where).resolve()}" if kind != TIMM and where and Path(where).is_dir() else name


def _jobs_sha256(build: Build) -> str:
    """Of all that students depend on. How many of their architectures a table is to hold may change."""
    document = json.loads((build.folder / FILE).read_bytes())
    for each in document["jobs"]:
        del each["table"]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()


def read_begun(build: Path) -> Begun | None:
    """None if nothing was begun. Raises: SpacelangError: SP1306 if the file is damaged."""
    path = build / RUN
    try:
        return Begun.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        refuse("SP1306", f"`{path}` can't be read: {(error.strerror or str(error)).lower()}")
    except ValidationError as error:
        where, what = first_error(error)
        refuse(
            "SP1306", f"`{path}` is damaged: {where or 'the file'}: {what}", f"remove {_listed(build)} to begin anew"
        )


def finish(build: Build, learner: Learner, begun: Begun) -> None:
    """Keep a trained student; its checkpoint is no longer needed."""
    job, student = learner.job, learner.student
    state = Finished(
        job=job.job,
        stage=job.stage,
        block_id=job.block_id,
        block=job.block,
        teacher_in=student.teacher_in,
        teacher_out=student.teacher_out,
        losses=learner.losses,
        begun=begun.key,
    )
    checkpoint.save(build.folder / STUDENTS, job.name, student.state_dict(), state)
    learner.forget(build.folder)


def is_finished(build: Build, job: Job) -> bool:
    return (build.folder / STUDENTS / f"{job.name}.json").exists()


def read_student(build: Build, job: Job) -> tuple[Student, Finished] | None:
    """A trained student in evaluation, its quantisers on; None if it isn't trained yet.

    Raises:
        SpacelangError: SP1302: if its files are damaged, or if it was trained with something else than `run.json` says.
    """
    found = checkpoint.load(build.folder / STUDENTS, job.name, Finished)
    if found is None:
        return None
    begun = read_begun(build.folder)
    if begun is None or begun.key != found.state.begun:
        refuse(
            "SP1305",
            f"the student of {job.describe()} was not trained with what {build.folder / RUN} says",
            f"remove {_listed(build.folder)} to begin anew",
        )
    plan = nn.generated_module(build.space).STUDENTS[job.stage, job.block_id]
    student = Student(plan, found.state.teacher_in, found.state.teacher_out)
    student.load_state_dict(found.tensors)
    nn.set_precision(student, "int8")
    return student.eval(), found.state


def _differences(before: Begun, after: Begun) -> list[str]:
    found = []
    if before.spacelang != after.spacelang:
        found.append(f"spacelang {before.spacelang}, now {after.spacelang}")
    if before.jobs_sha256 != after.jobs_sha256:
        found.append(f"other jobs than {FILE} lists now")
    for name in ("data", "teacher"):
        was, is_now = getattr(before, name), getattr(after, name)
        if was != is_now:
            found.append(f"the {name} {was}, now {is_now}")
        elif getattr(before, f"{name}_fingerprint") != getattr(after, f"{name}_fingerprint"):
            found.append(f"the {name} {was} has changed since")
    return found


def _listed(build: Path) -> str:
    return ", ".join(str(build / each) for each in PARTS)
