"""Tasks of Ray, without its processes: what they are asked for, and what is said when Ray gives one up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacelang.report.diagnostics import SpacelangError
from spacelang.train.distill import Build
from spacelang.train.distill.on_ray import _train
from spacelang.train.distill.processes import Place

ray = pytest.importorskip("ray")


class Cluster:
    """Stands for the module `ray`; each task ends at once."""

    exceptions = ray.exceptions

    def __init__(self, gpus: float = 0, error: Exception | None = None) -> None:
        self.gpus, self.error = gpus, error
        self.asked: dict[str, float] = {}
        self.started: list[tuple[Place, int]] = []

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 4.0, "GPU": self.gpus} if self.gpus else {"CPU": 4.0}

    def remote(self, task: object) -> _Task:
        return _Task(self)

    def wait(self, waiting: list[str], num_returns: int) -> tuple[list[str], list[str]]:
        return waiting[:num_returns], waiting[num_returns:]

    def get(self, task: str) -> tuple[object, ...]:
        if self.error:
            raise self.error
        return ()


class _Task:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def options(self, **asked: float) -> _Task:
        self.cluster.asked = asked
        return self

    def remote(self, place: Place, job: int) -> str:
        self.cluster.started.append((place, job))
        return f"task {job}"


def train(build: Build, cluster: Cluster, accelerator: str = "auto") -> Place:
    """Returns what the tasks were told."""
    place = Place(build.folder, "digits", "trained", accelerator, 3)
    finished: list[int] = []
    _train(cluster, place, build.jobs, lambda job: finished.append(job.job))
    (told,) = {each for each, _ in cluster.started}
    assert [job for _, job in cluster.started] == finished == [0, 1, 2, 3]
    return told


@pytest.mark.parametrize(
    ("accelerator", "gpus", "asked"),
    [("auto", 0, 0), ("auto", 0.5, 0.5), ("auto", 8, 1), ("cuda", 8, 1), ("cpu", 8, 0)],
)
def test_a_task_gets_what_its_accelerator_needs(
    compiled: Callable[..., Build],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    accelerator: str,
    gpus: float,
    asked: float,
) -> None:
    build, cluster = compiled("build"), Cluster(gpus)
    monkeypatch.chdir(tmp_path)
    told = train(build._replace(folder=Path("build")), cluster, accelerator)
    assert told == Place(build.folder, "digits", "trained", accelerator, 3)
    assert cluster.asked == {"num_gpus": asked, "max_retries": 3}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ray.exceptions.WorkerCrashedError(), "The worker died unexpectedly while executing this task"),
        (ray.exceptions.OutOfMemoryError("Task was killed: low memory.\nMore of it."), "Task was killed: low memory"),
        (ray.exceptions.NodeDiedError("The node died."), "The node died"),
        (ray.exceptions.NodeDiedError(""), "NodeDiedError"),
    ],
)
def test_a_task_that_ray_gives_up(compiled: Callable[..., Build], error: Exception, reason: str) -> None:
    with pytest.raises(SpacelangError) as raised:
        train(compiled("build"), Cluster(error=error))
    (found,) = raised.value.diagnostics
    assert found.code == "SP1307"
    assert found.message.startswith(f"Ray gave up the task of stage1, block 0 (mbv2): {reason}")
    assert "\n" not in found.message
    assert found.help == "run the same command again: it goes on from the checkpoints"


def test_a_defect_in_a_task_stays_one(compiled: Callable[..., Build]) -> None:
    error: Any = ray.exceptions.RayTaskError("task", "traceback", ZeroDivisionError("ours"))
    with pytest.raises(ray.exceptions.RayTaskError):
        train(compiled("build"), Cluster(error=error))
