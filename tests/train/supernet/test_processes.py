"""Two processes that share each batch come to what one comes to alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file

from spacelang import nn
from spacelang.report.diagnostics import SpacelangError
from spacelang.train.shared.seeds import generator
from spacelang.train.supernet import read_run, training
from spacelang.train.supernet.processes import Processes
from tests.train.supernet.small import NORMED, PLAIN, Killed, killer, space, trained

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
ROOT = Path(__file__).parents[3]
LIMIT_SECONDS = 600.0
"""Much longer than it takes: other tests may need the cores."""


def command(file: Path, folder: Path, *more: str) -> list[str]:
    return [*more, "-m", "spacelang.cli", "train", str(file), "-o", str(folder), "--accelerator", "cpu"]


def train_in_two(folder: Path) -> None:
    """Without batch norm and dropout, whose numbers depend on what else is in a process's part of the batch."""
    file = folder.with_name("plain.space")
    file.write_text(PLAIN)
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    both = subprocess.run(
        command(file, folder, *run), env=ENVIRONMENT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert both.returncode == 0, both.stderr
    assert both.stdout.count("holds the supernet") == 1


def assert_nearly_same(two: Path, one: Path) -> None:
    """The order of sums differs, and with it the last bits: here less than a thousandth of what training changes."""
    weights, others = (load_file(each / "supernet.safetensors") for each in (one, two))
    torch.manual_seed(generator("weights", 0).initial_seed())
    begun = nn.build(space(PLAIN)).state_dict()
    assert weights.keys() == others.keys()
    for name, each in weights.items():
        torch.testing.assert_close(others[name], each, rtol=1e-4, atol=1e-6)
        if each.dim() > 1:
            assert (each - begun[name]).abs().max() > 1000 * (each - others[name]).abs().max()
    assert read_run(two).validations == read_run(one).validations


def test_two_processes_come_to_what_one_comes_to(tmp_path: Path) -> None:
    train_in_two(tmp_path / "two")
    trained(space(PLAIN), tmp_path / "one")
    assert_nearly_same(tmp_path / "two", tmp_path / "one")


@pytest.mark.slow
def test_a_training_goes_on_with_another_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun by one, which is killed within the second epoch; ended by two."""
    trained(space(PLAIN), tmp_path / "one")
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(Killed):
        trained(space(PLAIN), tmp_path / "two", update=killer(7))
    train_in_two(tmp_path / "two")
    assert_nearly_same(tmp_path / "two", tmp_path / "one")


@pytest.mark.parametrize("operation", ["all_reduce", "broadcast", "barrier"])
def test_a_process_that_is_left_alone(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that train, the first was refused the folder, say: it tells why, the other one that it can't go on."""

    def closed(*_: object, **__: object) -> None:
        raise RuntimeError("[pair.cc:553] Connection closed by peer [127.0.0.1]:13482")

    monkeypatch.setattr(dist, operation, closed)
    both, parameter = Processes(rank=1, world=2), torch.nn.Parameter(torch.zeros(1))
    calls: dict[str, list[Callable[[], object]]] = {
        "all_reduce": [lambda: both.average_gradients([parameter]), lambda: both.sums([1], torch.device("cpu"))],
        "broadcast": [lambda: both.share([parameter])],
        "barrier": [both.wait],
    }
    for each in calls[operation]:
        with pytest.raises(SpacelangError) as caught:
            each()
        assert str(caught.value) == (
            "error[SP1509]: another process of this training has ended (its last message says why)"
        )


def test_nothing_of_a_group_outlives_it() -> None:
    """If it is kept, its threads run on: the process is then aborted, now and then, when the interpreter ends."""
    code = """
import weakref
import torch.distributed as dist
from torch import device, nn, optim
from spacelang.train.supernet.processes import connected

begin = dist.init_process_group
dist.init_process_group = lambda backend: begin(backend, store=dist.HashStore(), rank=0, world_size=1)
with connected(device("cpu")) as processes:
    group = weakref.ref(dist.group.WORLD)
    optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    processes.wait()
print(group())
"""
    environment = {**ENVIRONMENT, "WORLD_SIZE": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("None\n", 0), done.stderr


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    file = tmp_path / "normed.space"
    file.write_text(NORMED.replace("epochs 2, quantised_epochs 1", "epochs 8, quantised_epochs 4"))
    random = Random(0)

    def run(folder: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command(file, folder, sys.executable), env=ENVIRONMENT, stderr=subprocess.PIPE)

    undisturbed = run(tmp_path / "whole")
    undisturbed.communicate(timeout=300)
    assert undisturbed.returncode == 0
    killed, folder = 0, tmp_path / "killed"
    while killed < 5:
        process = run(folder)
        while not (folder / "run.json").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 1.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:
            break
        killed += 1
    assert killed == 5
    last = run(folder)
    last.communicate(timeout=300)
    assert last.returncode == 0
    for name in ("run.json", "space.space", "supernet.safetensors"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
