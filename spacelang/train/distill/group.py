"""Students of one stage, trained together: each pass of the teacher serves them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from torch import Tensor

from spacelang import nn
from spacelang.train.data import Epoch, batches, count_batches, drawn_from, resized
from spacelang.train.distill.begun import Sources
from spacelang.train.distill.jobs import Build, Job
from spacelang.train.distill.kept import finish, keep, read_finished, reserved, restore
from spacelang.train.distill.learner import At, Learner, Loss
from spacelang.train.distill.sandwich import ends, step_resolutions
from spacelang.train.losses.draw import Drawn
from spacelang.train.losses.maps import Images, Maps, Taught
from spacelang.train.losses.measure import measure_in
from spacelang.train.shared.runtime import Accelerator

CHECKPOINT_SECONDS = 600.0
"""The seconds between two checkpoints within an epoch; there is one after every epoch too."""

JUDGED = 2000
"""The most validation images that a student is judged on; what it is used for is measured by the table."""

StepUpdate = Callable[[int, int, str], None]
"""Called with a job's number, how many of its steps are done, and how it goes."""


def count_steps(sources: Sources, job: Job) -> int:
    """Steps in an epoch. Raises: SpacelangError: SP1203 if there are fewer images than a batch has."""
    return count_batches(sources.data.train, job.training.batch, shuffle=True)


def train_together(
    build: Build, jobs: Sequence[Job], sources: Sources, accelerator: Accelerator, report: StepUpdate, readers: int = 0
) -> None:
    """Train jobs of one stage, from their checkpoints on, and keep the students. Trained ones are left as they are.

    What a student becomes doesn't depend on those that are trained beside it.

    Args:
        readers: processes that read images ahead.

    Raises:
        SpacelangError: SP1302 for a damaged checkpoint, SP1305 for one of something else, SP1310 if a student diverges,
            SP1311 if another process trains one of them, SP12xx for data that can't be read.
    """
    with reserved(build, jobs):
        # Another process may have trained some since they were chosen.
        left = [each for each in jobs if read_finished(build, each, sources.begun.key(each)) is None]
        if left:
            _Group(build, left, sources, accelerator, report, readers).run()


class _Group:
    def __init__(
        self,
        build: Build,
        jobs: Sequence[Job],
        sources: Sources,
        accelerator: Accelerator,
        report: StepUpdate,
        readers: int,
    ) -> None:
        self.build, self.sources, self.accelerator, self.report = build, sources, accelerator, report
        self.readers = readers
        self.stage = build.stage_of(jobs[0])
        self.training = jobs[0].training
        self.steps = count_steps(sources, jobs[0])
        self.size = max(build.space.resolutions)
        points = sources.teacher.points[self.stage : self.stage + 2]
        channels = points[0].channels, points[1].channels
        plans = nn.generated_module(build.space).STUDENTS
        self.learners = [
            Learner(build.space, self.stage, job, plans[job.stage, job.block_id], channels, self.steps) for job in jobs
        ]
        self.maps = Maps(Taught(sources.teacher, self._images(jobs[0]), accelerator), self.stage, accelerator)

    def _images(self, job: Job) -> Images:
        """That students are judged on: of the validation part."""
        data, seed = self.sources.data, self.training.seed
        judged = drawn_from(data.validation, JUDGED, seed)
        return Images(data, judged, self.size, self.training.batch, job.table.calibration_batches, seed, self.readers)

    def run(self) -> None:
        for each in self.learners:
            restore(self.build, each.to(self.accelerator), self.sources.begun.key(each.job), self.accelerator)
            if each.at == At(0, 0, 0):
                each.losses = each.losses.model_copy(update={"untrained": self._loss(each, "fp32")})
        while unfinished := [each for each in self.learners if not each.finished]:
            self._epoch(min(each.at for each in unfinished))
        for each in self.learners:
            finish(self.build, each, self.sources.begun.key(each.job))

    def _epoch(self, at: At) -> None:
        """From this step to the end of its epoch, with every learner that is there or gets there on the way."""
        phases = self.training.phases
        epoch = sum(each.epochs for each in phases[: at.phase]) + at.epoch
        seed = self.training.seed
        resolutions = step_resolutions(
            self.build.space, self.training.random_stages, self.steps, seed, self.stage, epoch
        )
        taken = Epoch(seed, epoch, augment=True)
        read = batches(
            self.sources.data.train, self.size, self.training.batch, taken, start=at.step, workers=self.readers
        )
        saved = time.monotonic()
        for step, (images, _) in enumerate(read, at.step):
            here = [each for each in self.learners if each.at == At(at.phase, at.epoch, step)]
            maps = self._teach(self.accelerator.place(images), resolutions[step])
            for each in here:
                each.step(resolutions[step], maps, self.accelerator)
                self.report(each.job.job, each.done, each.job.describe())
            if time.monotonic() - saved > CHECKPOINT_SECONDS and step + 1 < self.steps:
                self._save(here)
                saved = time.monotonic()
        self._close_epoch(At(at.phase, at.epoch + 1, 0), last=at.epoch + 1 == phases[at.phase].epochs)

    def _teach(self, images: Tensor, resolutions: Sequence[int]) -> dict[int, tuple[Tensor, Tensor]]:
        """The teacher's maps before and after the stage, once for each resolution."""
        maps = {}
        for each in dict.fromkeys(resolutions):
            with self.accelerator.autocast():
                before, after = self.sources.teacher.between(resized(images, each), self.stage, self.stage + 1)
            maps[each] = before.float(), after.float()
        return maps

    def _close_epoch(self, at: At, last: bool) -> None:
        here = [each for each in self.learners if each.at == at]
        for each in here if last else ():
            precision = each.phase.precision
            loss = self._loss(each, precision)
            each.require_finite(loss.largest + loss.smallest, "on the validation images after the last epoch")
            each.losses = each.losses.model_copy(update={precision: loss})
            each.next_phase()
        self._save(here)

    def _save(self, learners: Sequence[Learner]) -> None:
        for each in learners:
            keep(self.build, each, self.sources.begun.key(each.job))

    def _loss(self, learner: Learner, precision: nn.Precision) -> Loss:
        """Losses on the validation images: the largest at the largest resolution, the smallest at the smallest."""
        space = self.build.space
        sizes = max(space.resolutions), min(space.resolutions)
        drawn = [
            Drawn(size, *each) for size, each in zip(sizes, ends(space, self.stage, learner.job.block_id), strict=True)
        ]
        (largest,), (smallest,) = measure_in([precision], learner.student, drawn, self.maps, self.accelerator)
        return Loss(largest=largest, smallest=smallest)
