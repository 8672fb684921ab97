"""Block-wise distillation of a build: which jobs are left, who trains them, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple

from spacelang.report.progress import Update
from spacelang.train.distill.begun import Sources, open_sources
from spacelang.train.distill.group import count_steps, train_together
from spacelang.train.distill.jobs import Build, Job, read_jobs
from spacelang.train.distill.kept import TrainedStudent, read_finished
from spacelang.train.distill.local import split, train_in_processes
from spacelang.train.distill.processes import Place
from spacelang.train.shared.readers import readers_for
from spacelang.train.shared.runtime import accelerator as accelerator_named
from spacelang.train.teacher import CutRow, describe_cut

Executor = Literal["local", "ray"]


class Plan(NamedTuple):
    """What is to be done. cut: the teacher's, for each stage. left: the jobs that aren't trained yet."""

    build: Build
    sources: Sources
    cut: Sequence[CutRow]
    jobs: tuple[Job, ...]
    left: tuple[Job, ...]


def prepare(
    folder: str | os.PathLike[str],
    *,
    data: str | None = None,
    teacher: str | None = None,
    jobs: Sequence[int] = (),
    accelerator: str = "auto",
    readers: int | None = None,
    renew: bool = False,
    update: Update | None = None,
) -> Plan:
    """Open what a build is distilled with.

    Args:
        folder: what `spacelang compile` wrote.
        data, teacher: as `open_sources`.
        jobs: numbers; none means all.
        readers: processes that read images ahead, where the teacher `trained` is trained; None as in `readers_for`.
        renew: as `open_sources`.
        update: called with how far that training is.

    Raises:
        SpacelangError: as `read_jobs`, `Build.chosen`, `open_sources`, `read_finished`; SP1301 for the accelerator.
    """
    build = read_jobs(folder)
    chosen = build.chosen(jobs)
    device = accelerator_named(accelerator)
    sources = open_sources(build, device, data, teacher, update, readers_for(device, readers), renew=renew)
    left = tuple(each for each in chosen if read_finished(build, each, sources.begun.key(each)) is None)
    return Plan(build, sources, describe_cut(sources.teacher, build.space), chosen, left)


def distill(
    plan: Plan,
    *,
    executor: Executor = "local",
    workers: int = 1,
    accelerator: str = "auto",
    readers: int | None = None,
    update: Update | None = None,
) -> tuple[TrainedStudent, ...]:
    """Train what is left; returns all chosen jobs' results, in their order.

    The students' bytes don't depend on the executor, the workers and readers, or on how often the run was interrupted.

    Args:
        workers: of `local`, processes on this machine. One trains in this process.
        readers: processes that read images ahead of each worker or task; None as in `readers_for`.

    Raises:
        SpacelangError: as `train_together`, `train_in_processes`, `train_on_ray`.
    """
    progress = _Progress(plan, update)
    begun = plan.sources.begun
    place = Place(plan.build.folder, begun.data, begun.teacher, accelerator, readers)
    if executor == "ray":
        from spacelang.train.distill.on_ray import train_on_ray

        train_on_ray(place, plan.left, progress.finished)
    elif workers == 1 or len(plan.left) < 2:
        here = accelerator_named(accelerator)
        for together in split(plan.left, workers=1):
            train_together(plan.build, together, plan.sources, here, progress.report, readers_for(here, readers))
    else:
        train_in_processes(place, plan.left, workers, progress.report)
    return tuple(_result(plan, each) for each in plan.jobs)


def _result(plan: Plan, job: Job) -> TrainedStudent:
    found = read_finished(plan.build, job, plan.sources.begun.key(job))
    assert found is not None, job
    return found.state.model_copy(update={"job": job.job})  # stages before it may have had fewer blocks


class _Progress:
    """Adds up the steps of all jobs."""

    def __init__(self, plan: Plan, update: Update | None) -> None:
        self._update = update
        self._steps = {}
        for each in plan.jobs:
            epochs = sum(phase.epochs for phase in each.training.phases)
            self._steps[each.job] = epochs * count_steps(plan.sources, each)
        self._done = {each.job: 0 if each in plan.left else self._steps[each.job] for each in plan.jobs}

    def finished(self, job: Job) -> None:
        self.report(job.job, self._steps[job.job], job.describe())

    def report(self, job: int, done: int, note: str) -> None:
        self._done[job] = done
        if self._update:
            self._update(sum(self._done.values()), sum(self._steps.values()), note)
