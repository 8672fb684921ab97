"""The teacher `trained`: a small network, trained once on the labels of the data at hand and kept in a folder."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Literal, NoReturn

import safetensors
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.torch import load, save
from torch import nn
from torch.nn import functional as F

from spacelang.backend import refuse
from spacelang.files import write_atomic
from spacelang.ir import SearchSpace
from spacelang.train.data import Data, Split, batches, count_batches, resized
from spacelang.train.seeds import generator
from spacelang.train.teacher.small import SmallNet
from spacelang.train.teacher.teacher import Teacher, Update

NAME = "trained"
WEIGHTS, RECORD = "teacher.safetensors", "teacher.json"
EPOCHS = 12
BATCH = 64
LEARNING_RATE = 0.003
WEIGHT_DECAY = 0.02
LABEL_SMOOTHING = 0.1
SEED = 0


class Record(BaseModel):
    """What teacher.json says of the weights beside it; it is written last.

    Attributes:
        data, data_fingerprint: what it was trained on.
        structure: a hash of the points, the resolutions and the classes, which must fit the space.
        accuracy: on the validation images, by resolution.
        weights: SHA-256 of the weights' file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    data: str
    data_fingerprint: str
    structure: str
    epochs: int
    accuracy: dict[int, float]
    weights: str


def open_trained(space: SearchSpace, data: Data, folder: Path, update: Update | None, device: torch.device) -> Teacher:
    """The teacher that is kept in the folder, or a new one, trained and put there.

    Raises:
        SpacelangError: SP1230 if the kept one was trained on other data, SP1231 if for stages or resolutions of
            another kind, SP1232 if it is damaged.
    """
    if (folder / RECORD).exists():
        network = _read(folder, space, data)
    else:
        network, accuracy = _trained(space, data, update, device)
        weights = save({name: each.cpu().contiguous() for name, each in network.state_dict().items()})
        record = Record(
            data=data.name,
            data_fingerprint=data.fingerprint,
            structure=_structure(network, space, data),
            epochs=EPOCHS,
            accuracy=accuracy,
            weights=hashlib.sha256(weights).hexdigest(),
        )
        write_atomic(folder / WEIGHTS, weights)
        write_atomic(folder / RECORD, record.model_dump_json(indent=2) + "\n")
    return Teacher(NAME, network, network.points, range(len(network.points)))


def _read(folder: Path, space: SearchSpace, data: Data) -> SmallNet:
    path = folder / RECORD
    mend = f"delete {path} to train a new one"
    record, weights = _record(path), _weights(folder, mend)
    network = _initial(space, data)
    if record.data_fingerprint != data.fingerprint:
        refuse("SP1230", f"the teacher in {folder} was trained on {record.data}, which held other images", mend)
    if record.structure != _structure(network, space, data):
        refuse("SP1231", f"the teacher in {folder} was trained for a space with other stages than {space.name}", mend)
    if hashlib.sha256(weights).hexdigest() != record.weights:
        _damaged(folder / WEIGHTS, f"it isn't the file that {RECORD} was written for", mend)
    try:
        network.load_state_dict(load(weights))
    except (RuntimeError, safetensors.SafetensorError) as error:
        _damaged(folder / WEIGHTS, str(error).splitlines()[0], mend)
    return network


def _record(path: Path) -> Record:
    try:
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        _damaged(path, error.strerror or str(error), f"delete {path} to train a new one")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        _damaged(path, f"{place}: {first['msg']}" if place else first["msg"], f"delete {path} to train a new one")


def _weights(folder: Path, mend: str) -> bytes:
    try:
        return (folder / WEIGHTS).read_bytes()
    except OSError as error:
        _damaged(folder / WEIGHTS, error.strerror or str(error), mend)


def _damaged(path: Path, what: str, mend: str) -> NoReturn:
    refuse("SP1232", f"the teacher {path} can't be used: {what}", mend)


def _structure(network: SmallNet, space: SearchSpace, data: Data) -> str:
    parts = [network.points, space.channels, [each.stride for each in space.stem], space.resolutions, data.classes]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _initial(space: SearchSpace, data: Data) -> SmallNet:
    """The network before training. torch draws initial weights from its global generator, which is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator("teacher", SEED).initial_seed())
        return SmallNet(space, data.classes)


def _trained(
    space: SearchSpace, data: Data, update: Update | None, device: torch.device
) -> tuple[SmallNet, dict[int, float]]:
    largest, batch = max(space.resolutions), min(BATCH, len(data.train))
    per_epoch = count_batches(data.train, batch, shuffle=True)
    total = EPOCHS * per_epoch
    network = _initial(space, data).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    step = 0
    for epoch in range(EPOCHS):
        network.train()
        read = batches(data.train, largest, batch, seed=SEED, epoch=epoch, shuffle=True, augment=True)
        for images, labels in read:
            optimizer.param_groups[0]["lr"] = _learning_rate(step / total)
            # Students ask for maps at every resolution, so it learns at every one.
            size = space.resolutions[step % len(space.resolutions)]
            logits = network(resized(images.to(device), size).contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, labels.to(device), label_smoothing=LABEL_SMOOTHING)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
            if update:
                update(step, total, f"loss {loss.item():.3f}")
    return network.cpu(), {size: accuracy(network, data.validation, size) for size in space.resolutions}


def _learning_rate(part: float) -> float:
    """Linear up for the first tenth, then a cosine down to zero."""
    if part < 0.1:
        return LEARNING_RATE * (part / 0.1 + 0.05)
    return LEARNING_RATE * (1 + math.cos(math.pi * (part - 0.1) / 0.9)) / 2


@torch.no_grad()
def accuracy(network: nn.Module, split: Split, size: int) -> float:
    """The part of the images whose class the network gives."""
    network.eval()
    right = 0
    for images, labels in batches(split, size, BATCH, seed=SEED, epoch=0, shuffle=False, augment=False):
        right += int((network(images).argmax(1) == labels).sum())
    return right / len(split)
