"""`spacelang distill` as it is typed, and as Slurm and Ray run it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import spacelang
from spacelang.train.distill import plan as plan_module
from tests.cli.conftest import Cli, cli
from tests.train.distill.conftest import PLAIN, SPACE
from tests.train.images import image_folder

__all__ = ["cli"]

RGB = SPACE.replace("input      1 channels", "input      3 channels").replace("classes    10", "classes    3")
BATCHES = RGB.replace("batch 40", "batch 8")


def compiled(folder: Path, text: str = BATCHES) -> Path:
    spacelang.compile_to(spacelang.loads(text), folder)
    return folder


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return image_folder(tmp_path_factory.mktemp("data") / "images", train=8, validation=2)


def test_what_is_said_and_what_is_next(cli: Cli, tmp_path: Path, images: Path) -> None:
    build = compiled(tmp_path / "build")
    first = cli("distill", build, "--data", images, "--teacher", "trained", "--job", 0, "--job", 3, "--workers", 1)
    assert first.code == 0
    lines = [line.split() for line in first.out.splitlines() if line.strip()]
    assert " ".join(lines[0]) == f"the teacher trained on {images}, cut for tiny"
    assert lines[1] == ["stage", "gets", "channels", "1/size", "should", "give", "channels", "1/size"]
    assert lines[3:5] == [
        ["stage1", "stem", "32", "2", "stage1", "32", "2"],
        ["stage2", "stage1", "32", "2", "stage2", "32", "2"],
    ]
    assert " ".join(lines[5]) == (
        "NSR loss on the validation images, largest / smallest: 0 is perfect, 1 is what a mean reaches"
    )
    assert lines[6] == ["job", "stage", "block", "untrained", "FP32", "INT8"]
    assert [each[:4] for each in lines[8:10]] == [["0", "stage1", "0", "mbv2"], ["3", "stage2", "1", "fused_mb"]]
    assert " ".join(lines[-1]) == f"next, their losses: spacelang table build {build} -o table.parquet"

    again = cli("distill", build, "--workers", 1, "--json")
    found = json.loads(again.out)
    assert [each["job"] for each in found["jobs"]] == [0, 1, 2, 3]
    shown = found["jobs"][3]["losses"]["int8"]
    assert f"{shown['largest']:.4f} / {shown['smallest']:.4f}" in first.out

    third = cli("distill", build, "--workers", 1)
    assert third.code == 0
    assert "4 of 4 jobs are trained already" in third.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--job", "4"], "error[SP1304]: there is no job 4"),
        (["--data", "nowhere"], f"error[SP1201]: there are no images `{Path('nowhere').resolve()}`: it isn't a folder"),
        (["--teacher", "tought"], "error[SP1220]: there is no teacher `tought`"),
        (["--accelerator", "tpu"], "error[SP1301]: there is no accelerator `tpu`"),
    ],
)
def test_what_there_is_not(cli: Cli, tmp_path: Path, images: Path, options: list[str], message: str) -> None:
    build = compiled(tmp_path / "build")
    data = [] if "--data" in options else ["--data", images]
    result = cli("distill", build, *data, *options)
    assert result.code == 1
    assert message in " ".join(result.err.split())
    assert "Traceback" not in result.err
    assert not (build / "bkd" / "run.json").exists()


def test_ray_decides_how_many_work(cli: Cli, tmp_path: Path) -> None:
    build = compiled(tmp_path / "build")
    result = cli("distill", build, "--executor", "ray", "--workers", 2)
    assert result.code == 1
    assert "--workers is for --executor local; Ray runs a task for each job" in result.err
    assert not (build / "bkd" / "run.json").exists()


@pytest.mark.parametrize(("options", "readers"), [([], 0), (["--readers", "3"], 3)])
def test_readers(
    cli: Cli, tmp_path: Path, images: Path, asked_readers: list[int], options: list[str], readers: int
) -> None:
    """They read for the teacher `trained`, for the steps and for the losses."""
    build = compiled(tmp_path / "build")
    command = ["distill", build, "--data", images, "--teacher", "trained", "--job", 0, "--workers", 1]
    assert cli(*map(str, command), *options).code == 0
    assert set(asked_readers) == {readers}


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_learning_rate_that_is_too_large(cli: Cli, tmp_path: Path, images: Path, workers: int) -> None:
    text = PLAIN.replace("input      1 channels", "input      3 channels").replace("classes    10", "classes    3")
    build = compiled(tmp_path / "build", text.replace("batch 40", "batch 8, learning_rate_ends 100"))
    command = ["distill", build, "--data", images, "--teacher", "trained", "--job", 0, "--job", 1, "--job", 3]
    for _ in range(2):
        result = cli(*map(str, command), "--workers", str(workers))
        assert result.code == 1
        said = " ".join(result.err.split())
        assert re.search(
            r"error\[SP1310\]: the student of job \d \(stage\d, block \d \(deep\)\) has diverged: its loss is no "
            r"longer finite at step \d of epoch 1 in fp32",
            said,
        )
        assert "write a `learning_rate_ends` below 100 in the space's `distill` section" in said


def test_ctrl_c_says_how_to_go_on(cli: Cli, tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    build = compiled(tmp_path / "build")
    monkeypatch.setattr(plan_module, "train_together", interrupt)
    result = cli("distill", build, "--data", images, "--teacher", "trained", "--workers", 1)
    assert result.code == 130
    assert f"{build}/bkd holds what is trained; the same command goes on from there" in result.err


def students(build: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in (build / "bkd" / "students").iterdir()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, images: Path) -> dict[str, bytes]:
    from spacelang.cli.entry import run

    build = compiled(tmp_path_factory.mktemp("undisturbed") / "build")
    assert run(["distill", str(build), "--data", str(images), "--teacher", "trained", "--workers", "1"]) == 0
    return students(build)


@pytest.mark.slow
def test_workers_give_the_same_bytes(cli: Cli, tmp_path: Path, images: Path, undisturbed: dict[str, bytes]) -> None:
    build = compiled(tmp_path / "build")
    assert cli("distill", build, "--data", images, "--teacher", "trained", "--workers", 3).code == 0
    assert students(build) == undisturbed


@pytest.mark.slow
def test_a_worker_that_is_killed(tmp_path: Path, images: Path, undisturbed: dict[str, bytes]) -> None:
    build = compiled(tmp_path / "build")
    command = [sys.executable, "-m", "spacelang.cli", "distill", str(build), "--data", str(images)]
    command += ["--teacher", "trained", "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    while not list((build / "bkd").glob("checkpoints/*.json")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "error[SP1307]: a worker process was ended by SIGKILL" in err
    assert "run the same command again" in err
    assert "Traceback" not in err
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert students(build) == undisturbed


def workers_of(parent: int) -> list[int]:
    """The processes that multiprocessing has spawned for tasks; another one counts its resources."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


@pytest.mark.slow
def test_a_slurm_array(tmp_path: Path, images: Path, undisturbed: dict[str, bytes]) -> None:
    """All tasks at once, as an array on a free cluster: one of them trains the teacher."""
    build, stubs = compiled(tmp_path / "build"), tmp_path / "bin"
    stubs.mkdir()
    (stubs / "srun").write_text('#!/bin/sh\nexec "$@"\n')
    (stubs / "spacelang").write_text(f'#!/bin/sh\nexec {sys.executable} -m spacelang.cli "$@"\n')
    for each in stubs.iterdir():
        each.chmod(0o755)
    tasks = []
    for number in range(4):
        slurm = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_SUBMIT_DIR": str(build)}
        environment = {**os.environ, "PATH": f"{stubs}:{os.environ['PATH']}", **slurm}
        script = ["bash", str(build / "bkd" / "slurm_array.sh"), str(build), "--data", str(images)]
        script += ["--teacher", "trained"]
        tasks.append(subprocess.Popen(script, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE))
    for task in tasks:
        _, err = task.communicate(timeout=300)
        assert task.returncode == 0, err.decode()
    assert students(build) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False], ids=["script", "option"])
def test_ray(tmp_path: Path, images: Path, undisturbed: dict[str, bytes], script: bool) -> None:
    """Two processors; with the option, a task that is killed is tried again."""
    pytest.importorskip("ray")
    build = compiled(tmp_path / "build")
    options = [str(build), "--data", str(images), "--teacher", "trained"]
    if script:
        command = [sys.executable, str(build / "bkd" / "ray_jobs.py"), *options]
    else:
        command = [sys.executable, "-m", "spacelang.cli", "distill", *options, "--executor", "ray"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not script:
        kill_a_task(build, process)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert students(build) == undisturbed
    assert "stage2" in out


def kill_a_task(build: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 240
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        for each in Path("/proc").glob("[0-9]*"):
            try:
                title = (each / "cmdline").read_bytes()
                mine = process.pid in ancestors(int(each.name))
            except (OSError, IndexError):
                continue
            if title.startswith(b"ray::_task") and mine:
                os.kill(int(each.name), signal.SIGKILL)
                return
        time.sleep(0.02)


def ancestors(pid: int) -> list[int]:
    """The processes that started it, the nearest first."""
    found = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(pid)
    return found


@pytest.mark.slow
def test_losses_fall_with_training_for_every_stage_and_block_of_the_digits(cli: Cli, tmp_path: Path) -> None:
    spacelang.compile_to(spacelang.load("specs/digits.space"), tmp_path)
    result = cli("distill", tmp_path, "--accelerator", "cpu", "--workers", 2, "--json")
    jobs = json.loads(result.out)["jobs"]
    assert len(jobs) == 21
    for each in jobs:
        losses = each["losses"]
        for end in ("largest", "smallest"):
            assert losses["untrained"][end] > 1.1  # 1 is what the mean reaches
            assert losses["fp32"][end] < 0.8
            assert losses["int8"][end] < 0.7
