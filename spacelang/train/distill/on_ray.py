"""Jobs as tasks of a Ray cluster, whose nodes see the build under the same path. Needs the extra `ray`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from spacelang.report.diagnostics import Diagnostic, SpacelangError, refuse
from spacelang.train.distill.jobs import Job
from spacelang.train.distill.local import train_alone
from spacelang.train.distill.processes import Place
from spacelang.train.shared.cluster import ray_cluster

RETRIES = 3


def train_on_ray(place: Place, jobs: Sequence[Job], finished: Callable[[Job], None]) -> None:
    """One task a job, each on a GPU where the cluster has them, unless the accelerator is `cpu`.

    A task whose process dies is tried again. Joins the cluster that RAY_ADDRESS names, or starts one on this machine.

    Raises:
        SpacelangError: SP1308 if Ray isn't installed; what a task raises; SP1307 if Ray gives one up.
    """
    with ray_cluster() as ray:
        _train(ray, place, jobs, finished)


def _train(ray: Any, place: Place, jobs: Sequence[Job], finished: Callable[[Job], None]) -> None:
    gpus = 0 if place.accelerator == "cpu" else min(1, ray.cluster_resources().get("GPU", 0))
    task = ray.remote(_task).options(num_gpus=gpus, max_retries=RETRIES)
    everywhere = place._replace(build=place.build.resolve())
    waiting = {task.remote(everywhere, each.job): each for each in jobs}
    while waiting:
        (ready, *_), _ = ray.wait(list(waiting), num_returns=1)
        job = waiting.pop(ready)
        try:
            wrong: Sequence[Diagnostic] = ray.get(ready)
        except ray.exceptions.RayTaskError:  # an exception of ours
            raise
        except ray.exceptions.RayError as error:  # a worker, a node or their memory is gone
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            again = "run the same command again: it goes on from the checkpoints"
            refuse("SP1307", f"Ray gave up the task of {job.describe()}: {reason}", again)
        if wrong:
            raise SpacelangError(wrong)
        finished(job)


def _task(place: Place, job: int) -> tuple[Diagnostic, ...]:
    """What is wrong, if anything: exceptions with arguments of their own can't be sent between processes."""
    try:
        train_alone(place, [job], lambda *step: None)
    except SpacelangError as error:
        return tuple(error.diagnostics)
    return ()
