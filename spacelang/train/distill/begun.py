"""What the distillation of a build was begun with.

bkd/run.json    the data, the teacher, a hash of the jobs
bkd/teacher/    the teacher `trained`
bkd/run.lock    held by the process that begins; other tasks of an array wait for it
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock

from spacelang import __version__, nn
from spacelang.files import write_atomic
from spacelang.records import Record, read_record
from spacelang.report.diagnostics import refuse
from spacelang.report.progress import Update
from spacelang.train.data import DIGITS, Data, anywhere, count_batches, open_data
from spacelang.train.distill.jobs import FILE, Build, Job
from spacelang.train.distill.kept import (
    RUN,
    TEACHER,
    TrainedStudent,
    begin_again,
    keep_own,
    read_finished,
    refuse_other,
    require_own,
)
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.shared.student import Student
from spacelang.train.teacher import Teacher, default_teacher, open_teacher
from spacelang.train.teacher.opening import TIMM
from spacelang.train.teacher.trained import forget_other

LOCK = "bkd/run.lock"


class Begun(Record):
    """What all students of a build have in common. data, teacher: where they were found last."""

    format_version: Literal[2] = 2
    spacelang: str = __version__
    jobs_sha256: str
    data: str
    data_fingerprint: str
    teacher: str
    teacher_fingerprint: str

    @property
    def common(self) -> str:
        """A hash of the images and the teacher, wherever they are."""
        return hashlib.sha256(self._agreed().encode()).hexdigest()

    def key(self, job: Job) -> str:
        """A hash of what a student depends on, which it keeps: the images, the teacher, its own part of the space."""
        return hashlib.sha256(f"{self._agreed()}{job.sha256}".encode()).hexdigest()

    def _agreed(self) -> str:
        return self.model_dump_json(exclude={"data", "teacher", "jobs_sha256"})


class Sources(NamedTuple):
    """What students learn from."""

    data: Data
    teacher: Teacher
    begun: Begun


def open_sources(
    build: Build,
    accelerator: Accelerator,
    data: str | None,
    teacher: str | None,
    update: Update | None = None,
    readers: int = 0,
    *,
    renew: bool = False,
) -> Sources:
    """The data and the teacher of a build, kept in `run.json` from the first call on.

    Of several processes that begin at once, one trains the teacher `trained`; the others wait and take it. The same
    images or weights may be at another place each time.

    Args:
        data, teacher: as `open_data` and `open_teacher` take them; None for what the build was begun with, or else for
            the digits and the data's own teacher.
        readers: processes that read images ahead, where the teacher is trained.
        renew: take another space, other images or another teacher than the build was begun with: students that don't
            depend on what has changed are kept, the others removed.

    Raises:
        SpacelangError: SP12xx if they can't be had, or are too few; SP1312 if they are too few to calibrate with;
            SP1305 if the build was begun with something else; SP1306 if `run.json` is damaged; SP1302 if a student is.
    """
    if not renew and (before := read_begun(build.folder)):
        return _open(build, before, accelerator, data, teacher, update, readers)
    with FileLock(build.folder / LOCK):
        return _open(build, read_begun(build.folder), accelerator, data, teacher, update, readers, renew=renew)


def _open(
    build: Build,
    before: Begun | None,
    accelerator: Accelerator,
    data: str | None,
    teacher: str | None,
    update: Update | None,
    readers: int,
    *,
    renew: bool = False,
) -> Sources:
    where = anywhere(data) if data else before.data if before else DIGITS
    opened = open_data(where, build.space)
    _require_enough(build, opened)
    if before and not renew:
        was, now = (before.data, before.data_fingerprint), (where, opened.fingerprint)
        _require_same(build, [*_changes(build, before), *_difference("data", was, now)])
    name = _teacher_anywhere(teacher) if teacher else before.teacher if before else default_teacher(opened)
    folder, device = build.folder / TEACHER, accelerator.device
    if renew:
        forget_other(folder, build.space, opened)
    cut = open_teacher(name, build.space, opened, folder, update, device=device, workers=readers)
    begun = Begun(
        jobs_sha256=_jobs_sha256(build),
        data=where,
        data_fingerprint=opened.fingerprint,
        teacher=name,
        teacher_fingerprint=cut.fingerprint,
    )
    if renew:
        keep_own(build, begun.key)
    elif before:
        _require_same(
            build, _difference("teacher", (before.teacher, before.teacher_fingerprint), (name, cut.fingerprint))
        )
    else:
        require_own(build, begun.key)
    if begun != before:
        write_atomic(build.folder / RUN, begun.model_dump_json(indent=2) + "\n")
    accelerator.place(cut)
    return Sources(opened, cut, begun)


def _teacher_anywhere(name: str) -> str:
    kind, _, where = name.partition(":")
    return f"{kind}:{Path(where).resolve()}" if kind != TIMM and where and Path(where).is_dir() else name


def _require_enough(build: Build, data: Data) -> None:
    """For a step, and for a calibration; all jobs have the same settings of both."""
    batch, wanted = build.jobs[0].training.batch, build.jobs[0].table.calibration_batches
    there_are = count_batches(data.train, batch, shuffle=True)
    if wanted > there_are:
        refuse(
            "SP1312",
            f"{wanted} batches of {batch} images are to calibrate batch norms; the {len(data.train)} images for "
            f"training make {there_are}",
            f"write `calibration_batches {there_are}` in the space's `distill` section and compile it again",
        )


def _jobs_sha256(build: Build) -> str:
    """A hash of everything that students depend on. How many of their architectures a table holds may change."""
    document = json.loads((build.folder / FILE).read_bytes())
    for each in document["jobs"]:
        del each["table"]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()


def read_begun(build: Path) -> Begun | None:
    """None if nothing was begun. Raises: SpacelangError: SP1306 if the file is damaged."""
    path = build / RUN
    return read_record(Begun, path, "SP1306", help=begin_again(build)) if path.exists() else None


def read_student(build: Build, job: Job) -> tuple[Student, TrainedStudent] | None:
    """A trained student in evaluation, its quantisers on; None if it isn't trained yet.

    Raises:
        SpacelangError: SP1302 if its files are damaged; SP1305 if it was trained with something else than `run.json`
            says; SP1306 if that is damaged.
    """
    begun = read_begun(build.folder)
    found = read_finished(build, job, begun.key(job)) if begun else None
    if found is None:
        return None
    plan = nn.generated_module(build.space).STUDENTS[job.stage, job.block_id]
    student = Student(plan, found.state.teacher_in, found.state.teacher_out)
    student.load_state_dict(found.tensors)
    nn.set_precision(student, "int8")
    return student.eval(), found.state


def require_current(build: Build, begun: Begun) -> None:
    """Raises: SpacelangError: SP1305 if the jobs or spacelang are others than when the distillation was begun."""
    _require_same(build, _changes(build, begun))


def _require_same(build: Build, differences: list[str]) -> None:
    if differences:
        message = f"the distillation of {build.folder} was begun with something else: {'; '.join(differences)}"
        refuse_other(build.folder, message)


def _changes(build: Build, begun: Begun) -> list[str]:
    found = []
    if begun.spacelang != __version__:
        found.append(f"spacelang {begun.spacelang}, now {__version__}")
    if begun.jobs_sha256 != _jobs_sha256(build):
        found.append(f"other jobs than {FILE} lists now")
    return found


def _difference(kind: str, was: tuple[str, str], now: tuple[str, str]) -> list[str]:
    """What differs between two names and fingerprints; nothing if the fingerprints are equal."""
    if was[1] == now[1]:
        return []
    return [f"the {kind} {was[0]} has changed since" if was[0] == now[0] else f"the {kind} {was[0]}, now {now[0]}"]
