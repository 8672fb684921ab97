"""The table of a build: every cell's stage architectures, measured by the students that were distilled for them."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

import numpy as np

from spacelang.evolve.table.rows import MAX_LOSS, Cell, Rows, usable
from spacelang.evolve.table.rules import SHOWN
from spacelang.evolve.table.table import Table
from spacelang.report.diagnostics import refuse
from spacelang.report.progress import Update
from spacelang.report.suggest import some
from spacelang.train.data import Data, drawn_from
from spacelang.train.distill.begun import Begun, open_sources, read_begun, read_student, require_current
from spacelang.train.distill.jobs import Build, Job, Sampling, read_jobs
from spacelang.train.distill.kept import STUDENTS, read_finished
from spacelang.train.distill.processes import Place
from spacelang.train.losses.draw import Drawn, draw
from spacelang.train.losses.kept import Kept
from spacelang.train.losses.maps import Images, Maps
from spacelang.train.losses.measure import Losses, measure
from spacelang.train.shared.runtime import accelerator as accelerator_named
from spacelang.train.shared.student import Student
from spacelang.train.shared.workers import Send, in_processes
from spacelang.train.tables.parts import Part, key_of, read_part, write_part

PART = 50
"""Stage architectures that are kept together when they are measured."""
MAPS = "bkd/maps"
"""Where the teacher's maps are while a table is measured."""


class Plan(NamedTuple):
    """What is to be measured. `done`: the losses of the parts that are measured already, by their index."""

    build: Build
    begun: Begun
    parts: tuple[Part, ...]
    done: dict[int, tuple[Losses, ...]]


def prepare(
    folder: str | os.PathLike[str],
    *,
    data: str | None = None,
    teacher: str | None = None,
    accelerator: str = "auto",
) -> Plan:
    """What a build's table is made of, and how much of it is there.

    Args:
        folder: what `spacelang compile` wrote and `spacelang distill` trained the students of.
        data, teacher: where they are now; None for where they were.

    Raises:
        SpacelangError: as `read_jobs`, `read_begun`, `read_finished`, and `open_sources` where data or teacher are
            named; SP1305 if the build was compiled again since it was distilled; SP1401 if a job isn't distilled.
    """
    build = read_jobs(folder)
    begun = read_begun(build.folder)
    if begun is None:
        _refuse_missing(build, build.jobs)
    require_current(build, begun)
    if missing := [each for each in build.jobs if read_finished(build, each, begun.key(each)) is None]:
        _refuse_missing(build, missing)
    if data or teacher:
        begun = open_sources(build, accelerator_named(accelerator), data, teacher).begun
    parts = tuple(part for job in build.jobs for part in _parts(build, job))
    found = {index: read_part(build.folder, part) for index, part in enumerate(parts)}
    return Plan(build, begun, parts, {index: losses for index, losses in found.items() if losses is not None})


def build_table(
    plan: Plan,
    *,
    workers: int = 1,
    accelerator: str = "auto",
    readers: int | None = None,
    update: Update | None = None,
) -> Table:
    """Measure what is left; returns the table, without latencies.

    Its bytes don't depend on the workers and readers, or on how often the run was interrupted.

    Args:
        workers: processes. One measures in this process.
        readers: processes that read images ahead of each worker; None as in `readers_for`.

    Raises:
        SpacelangError: SP1402 if a table can't hold a student's losses; SP13 if a student is damaged
            or the data or the teacher has changed; SP1307 if a worker dies.
    """
    losses = dict(plan.done)
    total = sum(len(each.drawn) for each in plan.parts)

    def report(note: str) -> None:
        if update:
            update(sum(map(len, losses.values())), total, note)

    def receive(message: _Measured) -> None:
        part = plan.parts[message.number]
        job = plan.build.jobs[part.job]
        _check(job, message.losses)
        write_part(plan.build.folder, part, message.losses)
        losses[message.number] = message.losses
        report(job.describe())

    report("")
    left = [(index, part) for index, part in enumerate(plan.parts) if index not in losses]
    shares = [tuple(left[at::workers]) for at in range(min(workers, len(left)))]
    place = Place(plan.build.folder, plan.begun.data, plan.begun.teacher, accelerator, readers)
    tasks = [_Task(place, each) for each in shares]
    if len(tasks) == 1:
        _work(tasks[0], receive)
    elif tasks:
        in_processes(_work, tasks, workers, receive)
    shutil.rmtree(plan.build.folder / MAPS, ignore_errors=True)
    rows = [
        (part.cell, drawn, loss)
        for index, part in enumerate(plan.parts)
        for drawn, loss in zip(part.drawn, losses[index], strict=True)
    ]
    return Table.of(plan.build.space, _rows(rows), None, _origin(plan))


def _refuse_missing(build: Build, missing: Sequence[Job]) -> NoReturn:
    shown = some([f"{each.job}: {each.describe()}" for each in missing], SHOWN, joint="; ")
    refuse(
        "SP1401",
        f"{len(missing)} of {len(build.jobs)} jobs in {build.folder} are not distilled: {shown}",
        f"distil them first: `spacelang distill {build.folder}`",
    )


def _parts(build: Build, job: Job) -> Iterator[Part]:
    """In a fixed order. What losses depend on is the student, which knows its data and teacher, and what follows."""
    stage = build.stage_of(job)
    student = hashlib.sha256((build.folder / STUDENTS / f"{job.name}.json").read_bytes()).hexdigest()
    sampling = job.table
    for window in range(len(build.space.stages[stage].windows)):
        cell = Cell(stage, job.block_id, window)
        drawn = draw(build.space, cell, sampling.architectures_per_window, sampling.seed)
        for number, start in enumerate(range(0, len(drawn), PART)):
            here = drawn[start : start + PART]
            key = key_of(student, job.training.batch, *_measured_on(sampling), here)
            yield Part(job.job, job.name, cell, number, here, key)


def _measured_on(sampling: Sampling) -> tuple[int, int, int]:
    return sampling.calibration_batches, sampling.validation_images, sampling.seed


class _Task(NamedTuple):
    """What a worker is given; plain data, since it is a new process. parts: with their indices."""

    place: Place
    parts: tuple[tuple[int, Part], ...]


class _Measured(NamedTuple):
    """What a worker answers for each part."""

    number: int
    losses: tuple[Losses, ...]


def _work(task: _Task, send: Send[_Measured]) -> None:
    bench = _Bench(task.place)
    for number, part in task.parts:
        send(_Measured(number, bench.measure(part)))


class _Bench:
    """What parts are measured with. The student of a job and the maps of a stage are kept."""

    def __init__(self, place: Place) -> None:
        self.build, self.sources, self.device, self.readers = place.open()
        self._job: int | None = None
        self._maps: Maps | None = None
        self._kept: Kept | None = None

    def measure(self, part: Part) -> tuple[Losses, ...]:
        job = self.build.jobs[part.job]
        if self._job != part.job:
            self._job, self._student = part.job, self._read_student(job)
        if self._maps is None or self._maps.stage != part.cell.stage:
            self._maps = Maps(self._open_kept(job), part.cell.stage, self.device)
        return tuple(measure(self._student, part.drawn, self._maps, self.device))

    def _read_student(self, job: Job) -> Student:
        found = read_student(self.build, job)
        if found is None:
            _refuse_missing(self.build, [job])
        self.device.place(found[0])
        return found[0]

    def _open_kept(self, job: Job) -> Kept:
        """The maps of all stages; all jobs have the same settings of them."""
        if self._kept is None:
            images = measured_images(self.sources.data, self.build, job, self.readers)
            kept = Kept(self.build.folder / MAPS, self.device)
            begun, resolutions = self.sources.begun, self.build.space.resolutions
            key = key_of(begun.common, self.device.device.type, images.batch, *_measured_on(job.table), resolutions)
            kept.fill(key, self.sources.teacher, images, resolutions)
            self._kept = kept
        return self._kept


def measured_images(data: Data, build: Build, job: Job, readers: int = 0) -> Images:
    """Those of a table: of the training part, so that nothing that is chosen by them has seen the validation part."""
    sampling = job.table
    measured = drawn_from(data.train, sampling.validation_images, sampling.seed)
    size = max(build.space.resolutions)
    return Images(data, measured, size, job.training.batch, sampling.calibration_batches, sampling.seed, readers)


def _check(job: Job, losses: Sequence[Losses]) -> None:
    """Raises: SpacelangError: SP1402."""
    values = np.array(losses)
    bad = values[~usable(values)]
    if len(bad):
        refuse(
            "SP1402",
            f"the student of job {job.job} ({job.describe()}) gives the loss {bad[0]:g}; a table holds losses above 0 "
            f"and at most {MAX_LOSS:g}",
            "it didn't learn: compile the space with a lower learning rate in its `distill` section, and distil again",
        )


def _rows(measured: Sequence[tuple[Cell, Drawn, Losses]]) -> Rows:
    layers = [layer for _, drawn, _ in measured for layer in drawn.choice.layers]
    cells = np.array([cell for cell, _, _ in measured], np.int64)
    numbers = np.full((len(layers), max(len(each.numbers) for each in layers)), np.nan)
    for row, layer in enumerate(layers):
        numbers[row, : len(layer.numbers)] = layer.numbers
    return Rows(
        stage=cells[:, 0],
        block=cells[:, 1],
        window=cells[:, 2],
        resolution=np.array([drawn.resolution for _, drawn, _ in measured], np.int64),
        channels_in=np.array([drawn.channels_in for _, drawn, _ in measured], np.int64),
        loss=np.array([loss.int8 for *_, loss in measured]),
        depth=np.array([len(drawn.choice.layers) for _, drawn, _ in measured], np.int64),
        width=np.array([layer.width for layer in layers], np.int64),
        numbers=numbers,
        loss_fp32=np.array([loss.fp32 for *_, loss in measured]),
    )


def _origin(plan: Plan) -> str:
    begun, space, training = plan.begun, plan.build.space, plan.build.jobs[0].training
    return (
        f"distilled on {begun.data} ({begun.data_fingerprint[:8]}) from the teacher {begun.teacher} "
        f"({begun.teacher_fingerprint[:8]}), {training.fp32.epochs} epoch{'s' * (training.fp32.epochs != 1)} in FP32 "
        f"and {training.lsq_plus.epochs} in INT8, for {space.name}@{space.short_hash}"
    )
