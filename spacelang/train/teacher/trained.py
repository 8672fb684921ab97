"""The teacher `trained`: a small network, trained once on the labels of the data at hand and kept in a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from filelock import FileLock
from torch.nn import functional as F

from spacelang.ir.nodes import SearchSpace
from spacelang.records import Record
from spacelang.report.diagnostics import SpacelangError, refuse
from spacelang.report.progress import Update
from spacelang.train.data import IN_ORDER, Batch, Data, Epoch, Split, batches, count_batches, resized
from spacelang.train.shared import checkpoint
from spacelang.train.shared.schedule import cosine
from spacelang.train.shared.seeds import generator
from spacelang.train.teacher.small import SmallNet
from spacelang.train.teacher.teacher import Teacher

NAME = "trained"
KEPT, RUNNING = "teacher", "teacher-training"
"""Checkpoints in the folder."""
LOCK = ".teacher.lock"
EPOCHS = 12
BATCH = 64
LEARNING_RATE = 0.003
WARM_UP = 0.1
WEIGHT_DECAY = 0.02
LABEL_SMOOTHING = 0.1
SEED = 0


class Where(NamedTuple):
    """What trains: a device, and processes that read images."""

    device: torch.device
    workers: int


class Purpose(Record):
    """What a network is trained for.

    Attributes:
        fingerprint: of the data.
        structure: a hash of what depends on the space: points, channels, strides, resolutions, classes.
    """

    data: str
    fingerprint: str
    structure: str


class TeacherInTraining(Record):
    """A network after some epochs."""

    purpose: Purpose
    epochs: int


class TrainedTeacher(Record):
    """A network that can be the teacher.

    Attributes:
        accuracy: on the validation images, by resolution.
    """

    purpose: Purpose
    accuracy: dict[int, float]


def open_trained(space: SearchSpace, data: Data, folder: Path, update: Update | None, where: Where) -> Teacher:
    """The teacher that is kept in the folder, or a new one, trained and put there. A training goes on where it was.

    Of several processes that want it, one trains and the others wait.

    Raises:
        SpacelangError: SP1230 if the kept one was trained on other data, SP1231 if for a space with other stages or
            resolutions, SP1302 if it is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / LOCK):
        network = _initial(space, data)
        purpose = _purpose(network, space, data)
        kept = checkpoint.load(folder, KEPT, TrainedTeacher)
        if kept is None:
            _train(network, purpose, space, data, folder, update, where)
            accuracy = {size: _accuracy(network, data.validation, size, where) for size in space.resolutions}
            checkpoint.save(folder, KEPT, network.state_dict(), TrainedTeacher(purpose=purpose, accuracy=accuracy))
            checkpoint.remove(folder, RUNNING)
        else:
            _require_fit(kept.state.purpose, purpose, folder, space)
            network.load_state_dict(kept.tensors)
    return Teacher(NAME, network, network.points, range(len(network.points)))


def forget_other(folder: Path, space: SearchSpace, data: Data) -> None:
    """Remove the kept teacher if it was trained on other images, or for another space, or is damaged."""
    wanted = _purpose(_initial(space, data), space, data)
    try:
        kept = checkpoint.load(folder, KEPT, TrainedTeacher)
        other = kept is not None and kept.state.purpose.model_copy(update={"data": data.name}) != wanted
    except SpacelangError:
        other = True
    if other:
        checkpoint.remove(folder, KEPT)


def _purpose(network: SmallNet, space: SearchSpace, data: Data) -> Purpose:
    return Purpose(data=data.name, fingerprint=data.fingerprint, structure=_structure(network, space, data))


def _require_fit(kept: Purpose, wanted: Purpose, folder: Path, space: SearchSpace) -> None:
    mend = f"remove {folder / KEPT}.json to train a new one"
    if kept.fingerprint != wanted.fingerprint:
        others = (
            f"{kept.data}, not on {wanted.data}" if kept.data != wanted.data else f"other images than {kept.data} holds"
        )
        refuse("SP1230", f"the teacher in {folder} was trained on {others}", mend)
    if kept.structure != wanted.structure:
        refuse("SP1231", f"the teacher in {folder} was trained for a space with other stages than {space.name}", mend)


def _structure(network: SmallNet, space: SearchSpace, data: Data) -> str:
    parts = [network.points, space.channels, [each.stride for each in space.stem], space.resolutions, data.classes]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _initial(space: SearchSpace, data: Data) -> SmallNet:
    """The network before training. torch draws initial weights from its global generator, which is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(generator("teacher", SEED).initial_seed())
        return SmallNet(space, data.classes)


def _train(
    network: SmallNet,
    purpose: Purpose,
    space: SearchSpace,
    data: Data,
    folder: Path,
    update: Update | None,
    where: Where,
) -> None:
    """In place. After each epoch it is put into the folder, and is taken from there if one like it was begun."""
    network.to(where.device)
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batch = min(BATCH, len(data.train))
    per_epoch = count_batches(data.train, batch, shuffle=True)
    begun = checkpoint.load(folder, RUNNING, TeacherInTraining)
    done = 0
    if begun and begun.state.purpose == purpose:
        done = begun.state.epochs
        network.load_state_dict({name: begun.tensors[name] for name in network.state_dict()})
        checkpoint.restore_optimiser(optimiser, begun.tensors)
    network.train()
    for epoch in range(done, EPOCHS):
        made = _batches(data.train, max(space.resolutions), batch, epoch, where)
        for step, each in enumerate(made, start=epoch * per_epoch):
            # Students ask for maps at every resolution, so it learns at every one.
            size = space.resolutions[step % len(space.resolutions)]
            optimiser.param_groups[0]["lr"] = _learning_rate(step / (EPOCHS * per_epoch))
            loss = _step(network, optimiser, each, size, where.device)
            if update:
                update(step + 1, EPOCHS * per_epoch, f"loss {loss:.3f}")
        tensors = {**network.state_dict(), **checkpoint.optimiser_tensors(optimiser)}
        checkpoint.save(folder, RUNNING, tensors, TeacherInTraining(purpose=purpose, epochs=epoch + 1))
    network.cpu()


def _batches(split: Split, size: int, batch: int, epoch: int, where: Where) -> Iterator[Batch]:
    return batches(split, size, batch, Epoch(SEED, epoch, augment=True), workers=where.workers)


def _step(network: SmallNet, optimiser: torch.optim.Optimizer, batch: Batch, size: int, device: torch.device) -> float:
    images = resized(batch.images.to(device), size).contiguous(memory_format=torch.channels_last)
    loss = F.cross_entropy(network(images), batch.labels.to(device), label_smoothing=LABEL_SMOOTHING)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return loss.item()


def _learning_rate(part: float) -> float:
    """Up to the whole in the warm-up, then a cosine down to zero."""
    if part < WARM_UP:
        return LEARNING_RATE * (part / WARM_UP + 0.05)
    return LEARNING_RATE * cosine((part - WARM_UP) / (1 - WARM_UP))


@torch.no_grad()
def _accuracy(network: SmallNet, split: Split, size: int, where: Where) -> float:
    """The part of the images whose class the network gives."""
    network.to(where.device).eval()
    made = batches(split, size, BATCH, IN_ORDER, workers=where.workers)
    right = sum(int((network(each.images.to(where.device)).argmax(1).cpu() == each.labels).sum()) for each in made)
    network.cpu()
    return right / len(split)
