"""What is kept of the students of a build.

bkd/students/stage2-3.*       a student that is trained, of stage2's block 3
bkd/checkpoints/stage2-3.*    one that is not
bkd/locks/stage2-3.lock       held by the process that trains it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

from spacelang.records import Record
from spacelang.report.diagnostics import SpacelangError, refuse
from spacelang.train.distill.jobs import Build, Job
from spacelang.train.distill.learner import At, Learner, Losses
from spacelang.train.shared import checkpoint
from spacelang.train.shared.checkpoint import Checkpoint
from spacelang.train.shared.locks import locked
from spacelang.train.shared.runtime import Accelerator

RUN, TEACHER, STUDENTS, CHECKPOINTS, LOCKS = (
    f"bkd/{name}" for name in ("run.json", "teacher", "students", "checkpoints", "locks")
)
PARTS = (RUN, STUDENTS, CHECKPOINTS, TEACHER)


class State(Record):
    """What a checkpoint says beside the tensors. `begun`: the key of what the training was begun with."""

    at: At
    losses: Losses
    begun: str


class TrainedStudent(Record):
    """What is kept of a trained student beside its weights.

    Attributes:
        teacher_in, teacher_out: the channels of its adapters.
        begun: as in `State`.
    """

    job: int
    stage: str
    block_id: int
    block: str
    teacher_in: int
    teacher_out: int
    losses: Losses
    begun: str


S = TypeVar("S", State, TrainedStudent)


def keep(build: Build, learner: Learner, key: str) -> None:
    """Write its checkpoint. key: of what the build was begun with."""
    state = State(at=learner.at, losses=learner.losses, begun=key)
    checkpoint.save(build.folder / CHECKPOINTS, learner.job.name, learner.tensors(), state)


def restore(build: Build, learner: Learner, key: str, accelerator: Accelerator) -> None:
    """Go on from the checkpoint, if there is one. Raises: SpacelangError: SP1302, SP1305 as `read_finished`."""
    if found := _read(build, CHECKPOINTS, learner.job, State, key):
        learner.resume(found.state.at, found.state.losses, found.tensors, accelerator)


def finish(build: Build, learner: Learner, key: str) -> None:
    """Keep a trained student; its checkpoint is no longer needed."""
    job, student = learner.job, learner.student
    state = TrainedStudent(
        job=job.job,
        stage=job.stage,
        block_id=job.block_id,
        block=job.block,
        teacher_in=student.teacher_in,
        teacher_out=student.teacher_out,
        losses=learner.losses,
        begun=key,
    )
    checkpoint.save(build.folder / STUDENTS, job.name, student.state_dict(), state)
    checkpoint.remove(build.folder / CHECKPOINTS, job.name)


def read_finished(build: Build, job: Job, key: str) -> Checkpoint[TrainedStudent] | None:
    """A trained student's weights and what is kept beside them; None if it isn't trained yet.

    Raises:
        SpacelangError: SP1302 if its files are damaged; SP1305 if it was trained with something else than `key` says.
    """
    return _read(build, STUDENTS, job, TrainedStudent, key)


def require_own(build: Build, key: Callable[[Job], str]) -> None:
    """Raises: SpacelangError: SP1302, SP1305 as `read_finished`, for any student that there is, trained or not."""
    for each in build.jobs:
        read_finished(build, each, key(each))
        _read(build, CHECKPOINTS, each, State, key(each))


def keep_own(build: Build, key: Callable[[Job], str]) -> None:
    """Remove the students, trained or not, that `require_own` would refuse."""
    for each in build.jobs:
        for folder, kind in ((STUDENTS, TrainedStudent), (CHECKPOINTS, State)):
            if not _is_own(build.folder / folder, each, kind, key(each)):
                checkpoint.remove(build.folder / folder, each.name)


def _is_own(folder: Path, job: Job, kind: type[State | TrainedStudent], key: str) -> bool:
    try:
        found = checkpoint.load(folder, job.name, kind)
    except SpacelangError:  # it is damaged
        return False
    return found is None or found.state.begun == key


def _read(build: Build, folder: str, job: Job, kind: type[S], key: str) -> Checkpoint[S] | None:
    found = checkpoint.load(build.folder / folder, job.name, kind)
    if found and found.state.begun != key:
        what = "images, another teacher or other settings"
        refuse_other(build.folder, f"{build.folder / folder} holds a student of {job.describe()} from other {what}")
    return found


def refuse_other(build: Path, message: str) -> NoReturn:
    """Raises: SpacelangError: SP1305."""
    mend = f"go on with what it was begun with, compile into another directory, or {begin_again(build)}"
    refuse("SP1305", message, mend)


def begin_again(build: Path) -> str:
    return f"remove {', '.join(str(build / each) for each in PARTS)} to begin again"


@contextmanager
def reserved(build: Build, jobs: Sequence[Job]) -> Iterator[None]:
    """No other process is in here for one of these jobs.

    Raises:
        SpacelangError: SP1311 if one is.
    """
    with ExitStack() as held:
        for each in jobs:
            message = f"another process trains job {each.job} ({each.describe()}) of {build.folder}"
            mend = "wait for it, or end it; then run the same command again"
            held.enter_context(locked(build.folder / LOCKS / f"{each.name}.lock", "SP1311", message, mend))
        yield
