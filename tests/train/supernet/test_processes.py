"""Two processes that share each batch come to what one comes to alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import load_file

from spacelang import nn
from spacelang.train.seeds import generator
from spacelang.train.supernet import read_run
from tests.train.supernet.small import NORMED, PLAIN, space, trained

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def command(file: Path, folder: Path, *more: str) -> list[str]:
    return [*more, "-m", "spacelang.cli", "train", str(file), "-o", str(folder), "--accelerator", "cpu"]


def test_two_processes_come_to_what_one_comes_to(tmp_path: Path) -> None:
    """Without batch norm and dropout, whose numbers depend on what else is in a process's part of the batch."""
    file = tmp_path / "plain.space"
    file.write_text(PLAIN)
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    both = subprocess.Popen(
        command(file, tmp_path / "two", *run),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    trained(space(PLAIN), tmp_path / "one")
    out, err = both.communicate(timeout=120)
    assert both.returncode == 0, err
    assert out.count("holds the supernet") == 1
    one, two = (load_file(tmp_path / each / "supernet.safetensors") for each in ("one", "two"))
    torch.manual_seed(generator("weights", 0).initial_seed())
    begun = nn.build(space(PLAIN)).state_dict()
    assert one.keys() == two.keys()
    for name, each in one.items():
        torch.testing.assert_close(two[name], each, rtol=1e-4, atol=1e-6)
        if each.dim() > 1:
            assert (each - begun[name]).abs().max() > 100 * (each - two[name]).abs().max()
    assert read_run(tmp_path / "two").validations == read_run(tmp_path / "one").validations


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
