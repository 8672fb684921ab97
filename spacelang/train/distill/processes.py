"""How many processes share a machine, and what a new one opens a build with."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from spacelang.train.distill.begun import Sources, open_sources
from spacelang.train.distill.jobs import Build, read_jobs
from spacelang.train.shared.readers import cores, readers_for
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.shared.runtime import accelerator as accelerator_named


class Opened(NamedTuple):
    """readers: processes that read images ahead."""

    build: Build
    sources: Sources
    device: Accelerator
    readers: int


class Place(NamedTuple):
    """What is opened, and where; plain data, for a new process.

    Attributes:
        data, teacher: what the build was begun with.
        accelerator: as `runtime.accelerator` takes it.
        readers: as `readers_for`.
    """

    build: Path
    data: str
    teacher: str
    accelerator: str
    readers: int | None

    def open(self) -> Opened:
        """Raises: SpacelangError: as `read_jobs`, `open_sources`; SP1301 for the accelerator."""
        device = accelerator_named(self.accelerator)
        build, readers = read_jobs(self.build), readers_for(device, self.readers)
        sources = open_sources(build, device, self.data, self.teacher, readers=readers)
        return Opened(build, sources, device, readers)


def default_workers(accelerator: str) -> int:
    """As many as there are cores for this process; on a GPU one, which keeps it busy.

    Raises:
        SpacelangError: SP1301 for an accelerator that isn't there.
    """
    return cores() if accelerator_named(accelerator).device.type == "cpu" else 1
