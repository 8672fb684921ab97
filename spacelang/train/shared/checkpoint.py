"""The state of a training, in files: safetensors for what is large, JSON for what is read.

`NAME.json` is written last, and names the safetensors file and its hash. So a kill at any moment leaves the checkpoint
before or the one after, whole.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Generic, NamedTuple, NoReturn, TypeVar

import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor

from spacelang.files import write_atomic
from spacelang.records import Record, first_error
from spacelang.report.diagnostics import refuse

S = TypeVar("S", bound=BaseModel)


class _Note(Record, Generic[S]):
    tensors: str
    sha256: str
    state: S


class Checkpoint(NamedTuple, Generic[S]):
    """tensors: by name, on the CPU."""

    tensors: dict[str, Tensor]
    state: S


def save(folder: Path, name: str, tensors: dict[str, Tensor], state: BaseModel) -> None:
    """Write a checkpoint; the one before is gone when this one is whole.

    Raises:
        OSError: if it can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = to_bytes({key: each.detach().cpu().contiguous() for key, each in tensors.items()})
    sha256 = hashlib.sha256(data).hexdigest()
    file = f"{name}-{sha256[:12]}.safetensors"
    write_atomic(folder / file, data)
    note = _Note[BaseModel](tensors=file, sha256=sha256, state=state)
    write_atomic(folder / f"{name}.json", note.model_dump_json(indent=2, serialize_as_any=True) + "\n")
    _forget(folder, name, but=file)


def load(folder: Path, name: str, state: type[S]) -> Checkpoint[S] | None:
    """Read a checkpoint; None if there is none.

    Raises:
        SpacelangError: SP1302: if it is damaged.
    """
    path = folder / f"{name}.json"
    try:
        note = _Note[state].model_validate_json(path.read_bytes())  # type: ignore[valid-type]
        data = (folder / Path(note.tensors).name).read_bytes()
        if hashlib.sha256(data).hexdigest() != note.sha256:
            _refuse_damaged(path, f"{note.tensors} is not the file that it names")
        return Checkpoint(from_bytes(data), note.state)
    except FileNotFoundError as error:
        if not path.exists():
            return None
        _refuse_damaged(path, f"{Path(str(error.filename)).name} is missing")
    except OSError as error:
        _refuse_damaged(path, (error.strerror or str(error)).lower())
    except ValidationError as error:
        where, what = first_error(error)
        _refuse_damaged(path, f"{where}: {what}" if where else what)
    except SafetensorError:
        _refuse_damaged(path, "its tensors can't be read")


def remove(folder: Path, name: str) -> None:
    """Forget a checkpoint, if there is one."""
    (folder / f"{name}.json").unlink(missing_ok=True)
    _forget(folder, name)


def _forget(folder: Path, name: str, but: str = "") -> None:
    for each in folder.glob(f"{name}-*.safetensors"):
        if each.name != but and len(each.stem) == len(name) + 13:
            each.unlink(missing_ok=True)


def _refuse_damaged(path: Path, why: str) -> NoReturn:
    refuse(
        "SP1302",
        f"the checkpoint {path} is damaged: {why}",
        "remove it to begin again from the start of what it belongs to",
    )


def optimiser_tensors(optimiser: torch.optim.Optimizer, prefix: str = "optimiser.") -> dict[str, Tensor]:
    """What an optimiser remembers of each parameter, by the parameter's index: Adam's moments, SGD's momentum."""
    state = optimiser.state_dict()["state"]
    return {
        f"{prefix}{index}.{key}": value
        for index, values in state.items()
        for key, value in values.items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor], prefix: str = "optimiser.") -> None:
    """The inverse; settings such as the learning rate stay those of the optimiser."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(prefix):
            index, _, key = name.removeprefix(prefix).partition(".")
            state.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
