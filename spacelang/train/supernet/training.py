"""The training of a quantised-for-all supernet, from random weights to the finished file (paper, 3.4 and D)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor

from spacelang import ir, nn
from spacelang.networks.architecture import Architecture, largest, smallest
from spacelang.records import Record
from spacelang.report.diagnostics import refuse
from spacelang.report.progress import Update
from spacelang.train.data import (
    Batch,
    Epoch,
    Share,
    anywhere,
    batches,
    count_batches,
    cropped_only,
    open_data,
    require_classes,
)
from spacelang.train.shared import checkpoint
from spacelang.train.shared.readers import readers_for
from spacelang.train.shared.runtime import accelerator as accelerator_named
from spacelang.train.shared.schedule import Phase, optimiser, phases
from spacelang.train.shared.seeds import generator
from spacelang.train.supernet.average import Average
from spacelang.train.supernet.board import Board, board
from spacelang.train.supernet.evaluation import Evaluator
from spacelang.train.supernet.processes import connected
from spacelang.train.supernet.ranges import agree, start_quantisers, waiting
from spacelang.train.supernet.run import (
    BEST,
    Run,
    Validation,
    alone,
    begin,
    finish,
    read_run,
    settings_of,
    write_weights,
)
from spacelang.train.supernet.sandwich import backward, sandwiches
from spacelang.train.supernet.start import FP32, Start, begin_from, read_start

CHECKPOINT = "checkpoint"
CHECKPOINT_SECONDS = 600.0
"""The seconds between two checkpoints within an epoch; there is one after each epoch too."""
SMOOTHING = 0.95
"""Of the loss by which a collapse is noticed."""
FAR_BELOW, NEAR = 0.6, 0.95
"""Shares of log(classes), the loss of guessing: a collapse is a loss near it after one far below it."""
SUPERNET = "supernet."
"""The prefix of the names of a checkpoint's weights."""


class Done(Record):
    """How far a training is: epochs, counted over both phases, and steps of the next one.

    Attributes:
        loss: of the largest network, a moving mean over the steps; lowest: the least that it was.
        scaler: the state of torch's `GradScaler`; empty where none is used.
    """

    epochs: int = 0
    step: int = 0
    validations: tuple[Validation, ...] = ()
    loss: float | None = None
    lowest: float | None = None
    scaler: dict[str, int | float] = Field(default_factory=dict)


def train(
    space: ir.SearchSpace,
    folder: Path,
    where: str,
    *,
    accelerator: str,
    workers: int | None,
    update: Update,
    start: Path | None = None,
    keep_every: int = 0,
) -> Run:
    """Train the supernet of a space, or the network of a model, or go on with what a folder holds of it.

    Killed at any moment and called again, one process comes to the same bytes. Under `torchrun` the processes share
    each batch; the first one writes the folder, which all must see.

    Args:
        where: the images, as `open_data` takes them.
        accelerator: as `runtime.accelerator` takes it.
        workers: processes that read images ahead; None as in `readers_for`.
        update: called with the steps done, the steps in all, and how it is going; in the first process.
        start: weights to begin with, as `read_start` takes them; None for random ones.
        keep_every: keep the weights after every this many epochs in a file of their own; 0 for none.

    Raises:
        SpacelangError: SP1501 for a hyperspace; SP1502, SP1508 as `alone`; SP1503 as `begin`; SP1505 if a batch can't
            be shared equally; SP1506 if the loss is no longer finite; SP1509 if another process has ended; SP1510 as
            `read_start`, `begin_from`; SP1511 if the training collapses; SP12xx for the data, SP13xx for accelerator
            and checkpoint.
    """
    _require_trainable(space)
    data = open_data(anywhere(where), space)
    require_classes(data, space)
    device = accelerator_named(accelerator)
    settings = settings_of(space)
    begun_with = read_start(start) if start else None
    with connected(device.device) as processes:
        batch, world = settings.batch, processes.world
        _require_shareable(settings, world)
        # A run that can't go on isn't begun.
        count_batches(data.train, batch // world, shuffle=True, share=Share(world=world))
        with alone(folder) if processes.first else nullcontext():
            if processes.first:
                begin(folder, space, data, begun_with)
            processes.wait()
            run = read_run(folder)
            if run.supernet_sha256 is not None:
                checkpoint.remove(folder, CHECKPOINT)  # if it was killed between the two
                return run
            with torch.random.fork_rng([device.device] if device.device.type == "cuda" else []):
                evaluator = Evaluator(data, device, processes, readers_for(device, workers))
                return _Training(folder, run, evaluator, update, begun_with, keep_every).complete()


def _require_trainable(space: ir.SearchSpace) -> None:
    if space.kind == "hyperspace":
        what = "what is trained is a space, in which every stage has one block and one width list"
        help = "find one with `spacelang evolve`, or write one out with `spacelang decode`"
        refuse("SP1501", f"{space.name} is a hyperspace; {what}", help)


def _require_shareable(settings: ir.Train, world: int) -> None:
    batch, parts = settings.batch, settings.accumulation
    if batch % (world * parts):
        shares = world * parts
        of = f" in {parts} parts each" * (parts > 1)
        message = f"a batch of {batch} images can't be shared equally by {world} process{'es' * (world > 1)}{of}"
        help = f"write `batch {max(1, round(batch / shares)) * shares}` in the space's `train` section"
        refuse("SP1505", message, help)


class _Training:
    """The state of one process.

    Attributes:
        share: images of a batch that this process gets.
        plan: all epochs, each with its number in its phase.
        steps: in an epoch.
    """

    def __init__(
        self, folder: Path, run: Run, evaluator: Evaluator, update: Update, start: Start | None, keep_every: int
    ) -> None:
        self.keep_every = keep_every
        self.folder, self.run, self.settings, self.update = folder, run, settings_of(run.space), update
        self.evaluator, self.processes = evaluator, evaluator.processes
        self.accelerator = replace(evaluator.accelerator, arithmetic=self.settings.arithmetic)
        self.share = self.settings.batch // evaluator.processes.world
        train = evaluator.data.train
        self.split = cropped_only(train) if self.settings.augmentation == "crop" else train
        self.plan = [(phase, epoch) for phase in phases(self.settings) for epoch in range(phase.epochs)]
        self.steps = count_batches(self.split, self.share, shuffle=True, share=Share(world=self.processes.world))
        torch.manual_seed(generator("weights", self.settings.seed).initial_seed())
        self.supernet = nn.build(run.space)
        if self.settings.last_gamma == "zero":
            nn.begin_as_shortcuts(self.supernet)
        if start:
            begin_from(self.supernet, start)
        nn.set_drop_connect(self.supernet, self.settings.drop_connect)
        self.accelerator.place(self.supernet)  # in place, as modules move
        self.optimiser = optimiser(self.supernet, self.settings)
        self.average = Average(self.supernet, self.settings.ema)
        # Gradients below 6e-8 are 0 in half precision.
        self.scaler = torch.amp.GradScaler(self.accelerator.device.type, enabled=self.settings.arithmetic == "fp16")

    def complete(self) -> Run:
        """From the checkpoint, or the beginning, to the end."""
        done = self._load()
        self.processes.share([*self.supernet.parameters(), *self.supernet.buffers()])
        with board(self.folder, self._number(done), writes=self.processes.first) as shown:
            while done.epochs < len(self.plan):
                done = self._epoch(done, shown)
        run = self.run.model_copy(update={"validations": done.validations})
        if self.processes.first:
            with self.average.in_use():
                run = finish(self.folder, run, self.supernet.state_dict())
            checkpoint.remove(self.folder, CHECKPOINT)
        return run

    def _number(self, done: Done) -> int:
        """The number of the next step, counted over both phases."""
        return done.epochs * self.steps + done.step

    def _epoch(self, done: Done, shown: Board) -> Done:
        """The rest of an epoch, and how accurate the supernet is after it."""
        phase, epoch = self.plan[done.epochs]
        nn.set_precision(self.supernet, phase.precision)
        if (epoch, done.step) == (0, 0):
            self._enter(phase)
        words = (self.settings.seed, phase.precision, epoch)
        chosen = sandwiches(self.run.space, self.settings.random_networks, self.steps, *words)
        saved = time.monotonic()
        for step, batch in enumerate(self._batches(done), start=done.step):
            rate = phase.learning_rate(epoch * self.steps + step, phase.epochs * self.steps)
            torch.manual_seed(generator("dropout", *words, step, self.processes.rank).initial_seed())
            largest_loss, others_loss = self._step(batch, chosen[step], rate)
            self._require_finite(largest_loss + others_loss, phase, epoch, step)
            done = self._watch(done, largest_loss)
            losses = {"loss/largest": largest_loss, "loss/others": others_loss}
            shown.add(self._number(done), {**losses, "learning rate": rate})
            done = done.model_copy(update={"step": step + 1, "scaler": self._scaler()})
            self._tell(done, f"{phase.precision} loss {largest_loss:.3f}")
            if done.step < self.steps and time.monotonic() - saved >= CHECKPOINT_SECONDS:
                saved = time.monotonic()
                self._save(done, shown)
        with self.average.in_use():
            result = self._validate(phase, epoch)
            self._keep(done, result)
        more = {"epochs": done.epochs + 1, "step": 0, "validations": (*done.validations, result)}
        done = done.model_copy(update={**more, "scaler": self._scaler()})
        ends = {"accuracy/largest": result.largest, "accuracy/smallest": result.smallest}
        shown.add(self._number(done), ends)
        self._save(done, shown)
        self._tell(done, "")
        return done

    def _batches(self, done: Done) -> Iterator[Batch]:
        """Those of an epoch that are not done, at the largest resolution; each epoch of both phases has its order."""
        made = batches(
            self.split,
            max(self.run.space.resolutions),
            self.share,
            Epoch(self.settings.seed, done.epochs, augment=self.settings.augmentation != "none"),
            start=done.step,
            share=Share(self.processes.rank, self.processes.world),
            workers=self.evaluator.workers,
        )
        return (Batch(*map(self.accelerator.place, each)) for each in made)

    def _enter(self, phase: Phase) -> None:
        """A new optimiser; quantisers get their first ranges. It starts from the average of the phase before."""
        self.average.settle()
        if phase.precision == "int8" and self.settings.epochs and self.processes.first:
            write_weights(self.folder / FP32, self.supernet.state_dict())
        self.optimiser = optimiser(self.supernet, self.settings)
        if phase.precision == "int8":
            images = next(self.evaluator.calibration(max(self.run.space.resolutions)))
            start_quantisers(self.supernet, self.run.space, images)
            self.processes.share(self.supernet.parameters())
        self.average.restart()

    def _step(self, batch: Batch, architectures: Sequence[Architecture], rate: float) -> tuple[float, float]:
        """Returns the losses of the largest architecture and of the others."""
        late = waiting(self.supernet)
        self.optimiser.zero_grad()
        parts = self.settings.accumulation
        losses = torch.zeros(2)
        for images, labels in zip(*(each.chunk(parts) for each in batch), strict=True):
            part = Batch(images, labels)
            found = backward(
                self.supernet.train(), part, architectures, self.settings, self.accelerator, self._share_of
            )
            losses += torch.stack(found).cpu() / parts
        parameters = list(self.supernet.parameters())
        self.processes.average_gradients(parameters)
        self.scaler.unscale_(self.optimiser)
        torch.nn.utils.clip_grad_value_(parameters, self.settings.gradient_clip)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.scaler.step(self.optimiser)  # unless a gradient isn't finite, which makes the scale smaller
        self.scaler.update()
        agree(late, self.processes)
        self.average.follow(late)
        first, others = losses.tolist()
        return first, others

    def _keep(self, done: Done, result: Validation) -> None:
        """The weights, where this epoch is the best of all, or one of those to keep."""
        if not self.processes.first:
            return
        if all(each.mean < result.mean for each in done.validations):
            write_weights(self.folder / BEST, self.supernet.state_dict())
        number = done.epochs + 1
        if self.keep_every and number % self.keep_every == 0:
            write_weights(self.folder / f"epoch-{number:03}.safetensors", self.supernet.state_dict())

    def _watch(self, done: Done, loss: float) -> Done:
        """Raises: SpacelangError: SP1511 if the loss is back at what guessing gives."""
        mean = loss if done.loss is None else SMOOTHING * done.loss + (1 - SMOOTHING) * loss
        lowest = mean if done.lowest is None else min(done.lowest, mean)
        guessing = math.log(self.run.space.classes)
        if lowest < FAR_BELOW * guessing and mean > NEAR * guessing:
            refuse(
                "SP1511",
                f"the training has collapsed: its loss was {lowest:.2f} and is {mean:.2f}, which guessing among "
                f"{self.run.space.classes} classes gives",
                f"take a smaller learning rate and a new folder, and the best weights: --from {self.folder / BEST}",
            )
        return done.model_copy(update={"loss": mean, "lowest": lowest})

    def _share_of(self, loss: Tensor) -> Tensor:
        """What a part of the images adds to the loss of a step, scaled."""
        return self.scaler.scale(loss) / self.settings.accumulation

    def _scaler(self) -> dict[str, int | float]:
        return dict(self.scaler.state_dict())

    def _require_finite(self, loss: float, phase: Phase, epoch: int, step: int) -> None:
        if not math.isfinite(loss):
            where = f"step {step + 1} of epoch {epoch + 1} in {phase.precision}"
            name = "learning_rate" if phase.precision == "fp32" else "learning_rate_quantised"
            message = f"the loss is no longer finite at {where}: the training has diverged"
            refuse("SP1506", message, f"write a smaller `{name}` in the space's `train` section; train in a new folder")

    def _validate(self, phase: Phase, epoch: int) -> Validation:
        def accuracy(architecture: Architecture) -> float:
            (found,) = self.evaluator.accuracies(self.supernet, architecture, [phase.precision])
            return found

        ends = largest(self.run.space), smallest(self.run.space)
        found = {each: accuracy(each) for each in dict.fromkeys(ends)}
        return Validation(precision=phase.precision, epoch=epoch + 1, largest=found[ends[0]], smallest=found[ends[1]])

    def _tell(self, done: Done, note: str) -> None:
        if self.processes.first:
            last = done.validations[-1:]
            accuracy = "".join(f"largest {each.largest:.1%}, smallest {each.smallest:.1%}" for each in last)
            self.update(self._number(done), len(self.plan) * self.steps, ", ".join(filter(None, (note, accuracy))))

    def _save(self, done: Done, shown: Board) -> None:
        shown.flush()
        if self.processes.first:
            tensors = {f"{SUPERNET}{name}": each for name, each in self.supernet.state_dict().items()}
            tensors |= checkpoint.optimiser_tensors(self.optimiser) | self.average.tensors()
            checkpoint.save(self.folder, CHECKPOINT, tensors, done)

    def _load(self) -> Done:
        found = checkpoint.load(self.folder, CHECKPOINT, Done)
        self.processes.wait()  # until all have read it: the first one may write the next
        if found is None:
            return Done()
        weights = {key.removeprefix(SUPERNET): each for key, each in found.tensors.items() if key.startswith(SUPERNET)}
        self.supernet.load_state_dict(weights)
        checkpoint.restore_optimiser(self.optimiser, found.tensors)
        self.average.restore(found.tensors)
        if found.state.scaler:
            self.scaler.load_state_dict(found.state.scaler)
        return found.state
