"""Jobs as tasks of a Ray cluster, whose nodes see the build under the same path. Needs the extra `ray`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spacelang.backend import refuse
from spacelang.diagnostics import Diagnostic, SpacelangError
from spacelang.train.distill.jobs import Build, Job
from spacelang.train.distill.local import train_alone

RETRIES = 3


def train_on_ray(build: Build, jobs: Sequence[Job], finished: Callable[[Job], None]) -> None:
    """One task a job, each on a GPU where the cluster has them; a task whose process dies is tried again.

    Joins the cluster that RAY_ADDRESS names, or starts one on this machine.

    Raises:
        SpacelangError: SP1308 if Ray isn't installed; what a task raises; SP1307 if one dies each time.
    """
    try:
        import ray
    except ModuleNotFoundError:
        refuse("SP1308", "the executor `ray` needs ray", "pip install 'spacelang[ray]'")
    started = not ray.is_initialized()
    if started:
        ray.init(log_to_driver=False, include_dashboard=False)
    try:
        _train(ray, build, jobs, finished)
    finally:
        if started:
            ray.shutdown()


def _train(ray: Any, build: Build, jobs: Sequence[Job], finished: Callable[[Job], None]) -> None:
    gpus = min(1, ray.cluster_resources().get("GPU", 0))
    task = ray.remote(_task).options(num_gpus=gpus, max_retries=RETRIES)
    waiting = {task.remote(build.folder.resolve(), each.job): each for each in jobs}
    while waiting:
        (ready, *_), _ = ray.wait(list(waiting), num_returns=1)
        job = waiting.pop(ready)
        try:
            wrong: Sequence[Diagnostic] = ray.get(ready)
        except ray.exceptions.WorkerCrashedError:
            again = "run the same command again: it goes on from the checkpoints"
            refuse("SP1307", f"the task of {job.describe()} died {RETRIES + 1} times", again)
        if wrong:
            raise SpacelangError(wrong)
        finished(job)


def _task(folder: Path, job: int) -> tuple[Diagnostic, ...]:
    """What is wrong, if anything: exceptions with arguments of their own don't survive the way between processes."""
    try:
        train_alone(folder, [job], "auto", lambda *step: None)
    except SpacelangError as error:
        return tuple(error.diagnostics)
    return ()
