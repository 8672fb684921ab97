"""A student in training: its weights, its optimiser, and where in its training it is."""

from __future__ import annotations

import math
from typing import NamedTuple, Self

import torch
from torch import Tensor

from spacelang import ir, nn
from spacelang.records import Record
from spacelang.report.diagnostics import refuse
from spacelang.train.distill.jobs import Job
from spacelang.train.distill.sandwich import SubStage, step_choices
from spacelang.train.shared import checkpoint
from spacelang.train.shared.runtime import Accelerator
from spacelang.train.shared.schedule import Phase
from spacelang.train.shared.seeds import generator
from spacelang.train.shared.student import Student

STUDENT = "student."
"""The prefix of the names of its tensors in a checkpoint."""


class At(NamedTuple):
    """A step of a job's training; `epoch` counts from the beginning of the phase, `step` from that of the epoch."""

    phase: int
    epoch: int
    step: int


class Loss(Record):
    """NSR on the validation images of the largest and the smallest sub-stage (paper, C.3)."""

    largest: float
    smallest: float


class Losses(Record):
    """In FP32 before training, in FP32 after its phase, and in INT8 at the end.

    None: not there yet, or its phase doesn't have an epoch.
    """

    untrained: Loss | None = None
    fp32: Loss | None = None
    int8: Loss | None = None


class Learner:
    """The training of one student. Its bytes at a step depend on the job, the data and the teacher only."""

    def __init__(
        self, space: ir.SearchSpace, stage: int, job: Job, plan: nn.StudentPlan, channels: tuple[int, int], steps: int
    ) -> None:
        """channels: the teacher's, before and after the stage. steps: in an epoch."""
        self.space, self.stage, self.job, self.steps = space, stage, job, steps
        self.phases = job.training.phases
        self.at = At(0, 0, 0)
        self.losses = Losses()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator("weights", job.training.seed, job.stage, job.block_id).initial_seed())
            self.student = Student(plan, *channels)
        self._choices: tuple[tuple[int, int], list[tuple[SubStage, ...]]] | None = None

    def to(self, accelerator: Accelerator) -> Self:
        accelerator.place(self.student)
        self._begin_phase()
        return self

    @property
    def finished(self) -> bool:
        return self.at.phase == len(self.phases)

    @property
    def phase(self) -> Phase:
        return self.phases[self.at.phase]

    @property
    def done(self) -> int:
        """Steps, over all phases."""
        before = sum(each.epochs for each in self.phases[: self.at.phase])
        return (before + self.at.epoch) * self.steps + self.at.step

    def sub_stages(self) -> tuple[SubStage, ...]:
        """Those of the next step."""
        place = self.at.phase, self.at.epoch
        if self._choices is None or self._choices[0] != place:
            training = self.job.training
            words = (training.seed, self.phase.precision, self.at.epoch)
            drawn = step_choices(self.space, self.stage, self.job.block_id, training.random_stages, self.steps, *words)
            self._choices = place, drawn
        return self._choices[1][self.at.step]

    def step(
        self, resolutions: tuple[int, ...], maps: dict[int, tuple[Tensor, Tensor]], accelerator: Accelerator
    ) -> None:
        """One step of the sandwich rule: the gradients of the sub-stages are summed.

        Args:
            resolutions: of the sub-stages, in their order.
            maps: by resolution, the teacher's before and after the stage.

        Raises:
            SpacelangError: SP1310 as `require_finite`; the step isn't taken then.
        """
        self._optimiser.zero_grad()
        losses = []
        for (channels_in, choice), resolution in zip(self.sub_stages(), resolutions, strict=True):
            before, after = maps[resolution]
            with accelerator.autocast():
                answer = self.student(before, channels_in, choice)
            losses.append(nn.nsr_loss(answer.float(), after))
            losses[-1].backward()  # type: ignore[no-untyped-call]
        self.require_finite(
            float(torch.stack(losses).detach().sum()), f"at step {self.at.step + 1} of epoch {self.at.epoch + 1}"
        )
        torch.nn.utils.clip_grad_value_(self.student.parameters(), self.job.training.gradient_clip_value)
        steps = self.phase.epochs * self.steps
        here = self.at.epoch * self.steps + self.at.step
        for group in self._optimiser.param_groups:
            group["lr"] = self.phase.learning_rate(here, steps)
        self._update()
        self._advance()

    def require_finite(self, loss: float, where: str) -> None:
        """Raises: SpacelangError: SP1310 if a loss is infinite or NaN."""
        if math.isfinite(loss):
            return
        ends = self.stage in (0, len(self.space.stages) - 1)
        fp32 = "learning_rate_ends" if ends else "learning_rate"
        setting = fp32 if self.phase.precision == "fp32" else "learning_rate_quantised"
        refuse(
            "SP1310",
            f"the student of job {self.job.job} ({self.job.describe()}) has diverged: its loss is no longer finite "
            f"{where} in {self.phase.precision}",
            f"write a `{setting}` below {self.phase.peak:g} in the space's `distill` section, compile it into "
            "another directory and distil that",
        )

    def tensors(self) -> dict[str, Tensor]:
        """What `resume` needs."""
        return {**_named(self.student), **checkpoint.optimiser_tensors(self._optimiser)}

    def resume(self, at: At, losses: Losses, tensors: dict[str, Tensor], accelerator: Accelerator) -> None:
        self.at, self.losses = at, losses
        own = {name.removeprefix(STUDENT): each for name, each in tensors.items() if name.startswith(STUDENT)}
        self.student.load_state_dict(own)
        self.to(accelerator)
        checkpoint.restore_optimiser(self._optimiser, tensors)

    def _begin_phase(self) -> None:
        self._optimiser = torch.optim.Adam(self.student.parameters())
        self._quantisers = [each for each in self.student.modules() if isinstance(each, nn.Quantiser)]
        if not self.finished:
            nn.set_precision(self.student, self.phase.precision)

    @torch.no_grad()
    def _update(self) -> None:
        """Adam's step has the same size for every parameter; here a quantiser's is a share of its scale.

        A weight's scale is about 0.002: an absolute step of the paper's learning rate, 0.0025, would leave none of it.
        """
        before = [(each.scale.clone(), each.offset.clone()) for each in self._quantisers if each.active]
        self._optimiser.step()
        for each, (scale, offset) in zip(self._quantisers, before, strict=False):
            each.scale.copy_(scale + (each.scale - scale) * scale)
            each.offset.copy_(offset + (each.offset - offset) * scale)

    def _advance(self) -> None:
        phase, epoch, step = self.at
        step += 1
        if step == self.steps:
            epoch, step = epoch + 1, 0
        self.at = At(phase, epoch, step)

    def next_phase(self) -> None:
        """Enter the next phase after the last epoch of one."""
        self.at = At(self.at.phase + 1, 0, 0)
        self._begin_phase()


def _named(student: Student) -> dict[str, Tensor]:
    return {f"{STUDENT}{name}": each for name, each in student.state_dict().items()}
