"""The folder of a training: what it was begun with, and what came of it.

run.json             space, data; once it is finished, accuracy after each epoch and the hash of the weights
space.space          the space as text
supernet.safetensors the weights, once it is finished
supernet-fp32.safetensors  those after the last epoch in FP32
best.safetensors     those after the epoch with the best accuracy so far
epoch-010.safetensors, …   those of every so many epochs, if asked for
tensorboard/         for `tensorboard --logdir`
checkpoint.json, …   what an interrupted training goes on from, with the accuracies so far
run.lock             held by the process that trains
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from spacelang import __version__, ir
from spacelang.files import is_temporary, read_or_refuse, write_atomic
from spacelang.nn import Precision, Supernet, build
from spacelang.records import Record, read_record
from spacelang.report.diagnostics import refuse
from spacelang.report.suggest import some
from spacelang.train.data import Data
from spacelang.train.shared.locks import locked
from spacelang.train.supernet.start import WEIGHTS, Start
from spacelang.translate.diff import Change, diff
from spacelang.translate.printer import to_text
from spacelang.verify.space import verify

RUN, SPACE, LOCK = "run.json", "space.space", "run.lock"
BEST = "best.safetensors"
ANEW = "train again in a new folder"
SHOWN = 4
"""More differences than these are counted, not named."""
ASIDE = ("name", "from", "models", "targets", "limits", "quality", "evolution", "distill", "device")
"""What may differ when a training goes on: none of it changes the result."""


class Validation(Record):
    """Accuracy on the validation images after an epoch of a phase: the share that is right."""

    precision: Precision
    epoch: int
    largest: float
    smallest: float

    @property
    def mean(self) -> float:
        """Of both."""
        return (self.largest + self.smallest) / 2


class Run(Record):
    """Attributes:
    data, data_fingerprint: where the images are, and a hash of what they are.
    started_from, started_from_sha256: the file of weights that it began with; None for random ones.
    supernet_sha256: of the file of weights; None until the training is finished.
    """

    format_version: Literal[3] = 3
    spacelang: str = __version__
    space: ir.SearchSpace
    data: str
    data_fingerprint: str
    validations: tuple[Validation, ...] = ()
    started_from: str | None = None
    started_from_sha256: str | None = None
    supernet_sha256: str | None = None

    @property
    def settings(self) -> ir.Train:
        return settings_of(self.space)


def settings_of(space: ir.SearchSpace) -> ir.Train:
    """What the space's `train` section says; the paper's settings where it says nothing."""
    return space.train or ir.Train()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other process trains in the folder meanwhile: two would replace each other's checkpoints.

    Raises:
        SpacelangError: SP1502 if what is there is neither a run nor the remains of one that had just begun; SP1508 if
            another process does.
    """
    _require_own(folder)
    folder.mkdir(parents=True, exist_ok=True)
    message = f"another process is training in `{folder}`"
    mend = "wait for it, or end it and go on with the same command; or train in a new folder"
    with locked(folder / LOCK, "SP1508", message, mend):
        yield


def _require_own(folder: Path) -> None:
    own = not folder.exists()
    if folder.is_dir():
        names = {each.name for each in folder.iterdir()}
        own = RUN in names or all(each == LOCK or is_temporary(each, of=RUN) for each in names)
    if not own:
        refuse("SP1502", f"`{folder}` exists already and doesn't hold a training", "write to a new folder")


def begin(folder: Path, space: ir.SearchSpace, data: Data, start: Start | None = None) -> Run:
    """The run in a folder, or a new one. The process must be `alone` in there.

    Raises:
        SpacelangError: SP1502 as `read_run`, SP1503 if it was begun with something else.
    """
    path = folder / RUN
    if path.exists():
        run = read_run(folder)
        _require_same(run, space, data, start, folder)
    else:
        run = Run(
            space=space,
            data=data.name,
            data_fingerprint=data.fingerprint,
            started_from=str(start.path) if start else None,
            started_from_sha256=start.sha256 if start else None,
        )
        write_run(folder, run)
    if not (folder / SPACE).exists():
        write_atomic(folder / SPACE, to_text(run.space))
    return run


def write_run(folder: Path, run: Run) -> None:
    write_atomic(folder / RUN, run.model_dump_json(indent=2) + "\n")


def read_run(folder: Path) -> Run:
    """Raises: SpacelangError: SP1502 if the folder holds none, or one that is damaged."""
    path = folder / RUN
    run = read_record(Run, path, "SP1502", missing=f"spacelang train SPACE.space -o {folder}", help=ANEW)
    if wrong := verify(run.space):
        refuse("SP1502", f"`{path}` holds a space that is not sound: {wrong[0].message}", ANEW)
    return run


def write_weights(path: Path, weights: Mapping[str, Tensor]) -> bytes:
    """The bytes of the file. Raises: OSError: if it can't be written."""
    data = save({name: each.detach().cpu().contiguous() for name, each in weights.items()})
    write_atomic(path, data)
    return data


def finish(folder: Path, run: Run, weights: dict[str, Tensor]) -> Run:
    """Write the weights, then that they are there."""
    data = write_weights(folder / WEIGHTS, weights)
    finished = run.model_copy(update={"supernet_sha256": hashlib.sha256(data).hexdigest()})
    write_run(folder, finished)
    return finished


def read_supernet(folder: Path) -> tuple[Run, Supernet]:
    """A finished run and its supernet, in evaluation mode and FP32.

    Raises: SpacelangError: SP1502 as `read_run`, and if the weights aren't those it wrote; SP1504 if it isn't finished.
    """
    run = read_run(folder)
    if run.supernet_sha256 is None:
        again = f"spacelang train {folder / SPACE} -o {folder} --data {run.data}"
        refuse("SP1504", f"the training in `{folder}` is not finished", f"go on with it: {again}")
    path = folder / WEIGHTS
    data = read_or_refuse(path, "SP1502")
    if hashlib.sha256(data).hexdigest() != run.supernet_sha256:
        refuse("SP1502", f"`{path}` is not the file that the training wrote", ANEW)
    supernet = build(run.space).eval()
    try:
        supernet.load_state_dict(load(data))
    except (RuntimeError, SafetensorError):
        refuse("SP1502", f"`{path}` doesn't hold the weights of {run.space.name}", ANEW)
    return run, supernet


def _require_same(run: Run, space: ir.SearchSpace, data: Data, start: Start | None, folder: Path) -> None:
    found = [_in_words(each) for each in _changes(run.space, space)]
    if run.spacelang != __version__:
        found.append(f"spacelang {run.spacelang} → {__version__}")
    if run.data_fingerprint != data.fingerprint:
        found.append(f"data {run.data} → {data.name}" if run.data != data.name else f"the images in {data.name}")
    if run.started_from_sha256 != (start.sha256 if start else None):
        found.append(f"--from {run.started_from or 'nothing'} → {start.path if start else 'nothing'}")
    if not found:
        return
    differences = some(found, SHOWN, "differences", "; ")
    message = f"the training in `{folder}` was begun with something else: {differences}"
    refuse("SP1503", message, "go on with what it was begun with, or train in a new folder")


def differences(before: ir.SearchSpace, after: ir.SearchSpace) -> str:
    """What tells the networks of two spaces apart, in words; empty if they are the same."""
    found = [_in_words(each) for each in _changes(before, ir.replace(after, train=before.train))]
    return some(found, SHOWN, "differences", "; ")


def _changes(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Change]:
    """What would change the result; defaults count as equal to the same settings written out."""
    pair = (ir.replace(each, train=settings_of(each)) for each in (before, after))
    return (each for each in diff(*pair) if each.path.split(".")[0] not in ASIDE)


def _in_words(change: Change) -> str:
    if "\n" in change.before + change.after:
        return change.path
    return f"{change.path} {change.before or 'nothing'} → {change.after or 'nothing'}"
