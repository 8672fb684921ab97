"""The jobs of a build: one for each stage and block, with every hyperparameter (paper, C.3)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from spacelang import ir
from spacelang.backends.bkd import backend
from spacelang.files import read_or_refuse
from spacelang.nn import read_build
from spacelang.report.diagnostics import refuse
from spacelang.train.shared.schedule import Phase, with_epochs

FILE = "bkd/jobs.json"


class _Part(BaseModel):
    """A part of the file; what training doesn't need isn't read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Random(_Part):
    count: int


class _SubStages(_Part):
    random: _Random


class _Epochs(_Part):
    epochs: int
    learning_rate: float


class Training(_Part):
    """How a student is trained."""

    sub_stages_per_step: _SubStages
    gradient_clip_value: float
    batch: int
    fp32: _Epochs
    lsq_plus: _Epochs
    seed: int

    @property
    def random_stages(self) -> int:
        return self.sub_stages_per_step.random.count

    @property
    def phases(self) -> tuple[Phase, ...]:
        """In their order; those without an epoch are left out."""
        return with_epochs(
            Phase("fp32", self.fp32.epochs, self.fp32.learning_rate),
            Phase("int8", self.lsq_plus.epochs, self.lsq_plus.learning_rate),
        )


class Sampling(_Part):
    """How many stage architectures the table holds of a job, and how they are measured."""

    architectures_per_window: int
    calibration_batches: int
    validation_images: int
    seed: int


class Job(_Part):
    """One student.

    Attributes:
        job: its place in the file.
        block_id: the search id.
        sha256: of everything in the space that it depends on.
    """

    job: int
    stage: str
    block_id: int
    block: str
    sha256: str
    training: Training
    table: Sampling

    @property
    def name(self) -> str:
        return f"{self.stage}-{self.block_id}"

    def describe(self) -> str:
        return f"{self.stage}, block {self.block_id} ({self.block})"


class Build(NamedTuple):
    """A compiled directory. Its jobs are in the order of the stages."""

    folder: Path
    space: ir.SearchSpace
    jobs: tuple[Job, ...]

    def stage_of(self, job: Job) -> int:
        """The index of the stage."""
        return next(at for at, each in enumerate(self.space.stages) if each.name == job.stage)

    def chosen(self, numbers: Sequence[int]) -> tuple[Job, ...]:
        """The jobs of these numbers in the file's order; all where none is named.

        Raises:
            SpacelangError: SP1304: if there is no such job.
        """
        for each in numbers:
            if not 0 <= each < len(self.jobs):
                refuse(
                    "SP1304", f"there is no job {each}", f"{self.folder / FILE} has the jobs 0 to {len(self.jobs) - 1}"
                )
        return tuple(each for each in self.jobs if not numbers or each.job in numbers)


class _File(_Part):
    jobs: tuple[Job, ...]


def read_jobs(build: str | os.PathLike[str]) -> Build:
    """The jobs of a compiled directory.

    Raises:
        SpacelangError: as `read_build`; SP1303 if there are no jobs, or if they are not those of the space: its
            `distill` section is the place to change them.
    """
    folder = Path(build)
    space = read_build(folder)
    path = folder / FILE
    again = f"spacelang compile SPACE.space -o {folder}"
    content = read_or_refuse(path, "SP1303", missing=again, help="compile the space again")
    if space.kind not in backend.kinds or backend.emit(space)[FILE].encode() != content:
        refuse(
            "SP1303",
            f"`{path}` is not what this spacelang makes of the space {space.name}",
            "change the `distill` section of the space instead, and compile it again",
        )
    try:
        return Build(folder, space, _File.model_validate_json(content).jobs)
    except ValidationError as error:  # the content is our own, so its form is a defect of ours
        raise AssertionError(f"{path} isn't as it was emitted") from error
