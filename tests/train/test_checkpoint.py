"""Checkpoints: what was saved comes back, a kill leaves a whole one, and damage is said."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from spacelang.report.diagnostics import SpacelangError
from spacelang.train.shared import checkpoint

ROOT = Path(__file__).parents[2]


class State(BaseModel):
    epoch: int
    note: str = ""


def save(folder: Path, epoch: int, *, name: str = "job") -> dict[str, Tensor]:
    tensors = {"weight": torch.full((2, 3), float(epoch)), "count": torch.tensor(epoch)}
    checkpoint.save(folder, name, tensors, State(epoch=epoch))
    return tensors


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    tensors = save(tmp_path, 3)
    found = checkpoint.load(tmp_path, "job", State)
    assert found is not None
    assert found.state == State(epoch=3)
    assert found.tensors.keys() == tensors.keys()
    assert all(torch.equal(found.tensors[name], each) for name, each in tensors.items())


def test_none_where_nothing_was_saved(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "nowhere", "job", State) is None


def test_the_next_one_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    save(tmp_path, 1)
    save(tmp_path, 1, name="job-2")
    save(tmp_path, 2)
    found = checkpoint.load(tmp_path, "job", State)
    assert found is not None
    assert found.state.epoch == 2
    assert len(list(tmp_path.iterdir())) == 4  # two of each: the other's name only begins alike
    checkpoint.remove(tmp_path, "job")
    assert checkpoint.load(tmp_path, "job", State) is None
    assert checkpoint.load(tmp_path, "job-2", State) is not None


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    save(tmp_path / "a", 1)
    save(tmp_path / "b", 1)
    content = [{each.name: each.read_bytes() for each in (tmp_path / side).iterdir()} for side in "ab"]
    assert content[0] == content[1]


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_kill_at_any_write_leaves_a_whole_checkpoint(tmp_path: Path, writes: int) -> None:
    """The process ends itself in place of the rename number `writes`; two renames make a checkpoint."""
    code = f"""
import os, sys, torch
from pathlib import Path
from tests.train.test_checkpoint import save
left, rename = {writes}, os.replace
def replace(*names):
    global left
    if not left:
        os._exit(9)
    left -= 1
    rename(*names)
os.replace = replace
save(Path(sys.argv[1]), 1)
save(Path(sys.argv[1]), 2)
"""
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, cwd=ROOT)
    assert run.returncode == 9
    found = checkpoint.load(tmp_path, "job", State)
    assert (found.state.epoch if found else 0) == writes // 2


def edit_note(change: dict[str, object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "job.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    return edit


def tensors_file(folder: Path) -> Path:
    (path,) = folder.glob("*.safetensors")
    return path


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda folder: tensors_file(folder).write_bytes(b"x"), "{file} is not the file that it names"),
        (lambda folder: tensors_file(folder).unlink(), "{file} is missing"),
        (edit_note({"state": {"note": ""}}), "state.epoch: Field required"),
        (edit_note({"more": 1}), "more: Extra inputs are not permitted"),
        (edit_note({"tensors": "/etc/hostname-of-nobody"}), "hostname-of-nobody is missing"),
    ],
    ids=["other bytes", "no tensors", "wrong state", "unknown field", "a path elsewhere"],
)  # fmt: skip
def test_damage_is_said(tmp_path: Path, damage: Callable[[Path], None], why: str) -> None:
    save(tmp_path, 3)
    file = tensors_file(tmp_path).name
    damage(tmp_path)
    with pytest.raises(SpacelangError) as raised:
        checkpoint.load(tmp_path, "job", State)
    (found,) = raised.value.diagnostics
    assert found.code == "SP1302"
    assert found.message == f"the checkpoint {tmp_path / 'job.json'} is damaged: {why.format(file=file)}"
    assert found.help == "remove it to begin again from the start of what it belongs to"


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_an_optimiser_goes_on_as_if_nothing_had_been(tmp_path: Path, kind: str) -> None:
    def made() -> tuple[nn.Linear, torch.optim.Optimizer]:
        torch.manual_seed(0)
        net = nn.Linear(3, 2)
        if kind == "adam":
            return net, torch.optim.Adam(net.parameters(), 0.1)
        return net, torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)

    def step(net: nn.Linear, optimiser: torch.optim.Optimizer) -> None:
        optimiser.zero_grad()
        net(torch.ones(1, 3)).square().sum().backward()
        optimiser.step()

    net, optimiser = made()
    step(net, optimiser)
    checkpoint.save(tmp_path, "job", {**net.state_dict(), **checkpoint.optimiser_tensors(optimiser)}, State(epoch=1))
    step(net, optimiser)

    again, its_optimiser = made()
    found = checkpoint.load(tmp_path, "job", State)
    assert found is not None
    again.load_state_dict({name: found.tensors[name] for name in again.state_dict()})
    checkpoint.restore_optimiser(its_optimiser, found.tensors)
    step(again, its_optimiser)
    assert torch.equal(again.weight, net.weight)
    assert torch.equal(again.bias, net.bias)
