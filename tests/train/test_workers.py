"""Worker processes: what they send and what they raise arrives; a dead one is reported; none is left running."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.train.shared.workers import Send, in_processes

LIMIT_SECONDS = 60.0
WRONG = (Diagnostic("SP1203", "too few images", help="take more"), Diagnostic("SP1208", "a broken one"))


class Said(NamedTuple):
    task: str
    what: object


def done(work: Callable[[Any, Send[Said]], None], tasks: list[Any], workers: int = 1) -> list[Said]:
    said: list[Said] = []
    in_processes(work, tasks, workers, said.append)
    return said


def count(task: str, send: Send[Said]) -> None:
    for each in range(3):
        send(Said(task, each))
    send(Said(task, os.getpid()))


def test_one_after_the_other_each_in_a_process_of_its_own() -> None:
    said = done(count, ["a", "b"])
    numbers = [each for each in said if each.what in range(3)]
    assert numbers == [Said(task, each) for task in "ab" for each in range(3)]
    first, second = (each.what for each in said if each not in numbers)
    assert len({first, second, os.getpid()}) == 3


def test_no_tasks() -> None:
    assert done(count, []) == []


class Meeting(NamedTuple):
    name: str
    folder: Path


def meet(task: Meeting, send: Send[Said]) -> None:
    """The first two wait for each other; each says which tasks are there."""
    (task.folder / task.name).touch()
    deadline = time.monotonic() + LIMIT_SECONDS
    while task.name in "ab" and not (task.folder / "met").exists() and time.monotonic() < deadline:
        if (task.folder / "a").exists() and (task.folder / "b").exists():
            (task.folder / "met").touch()
        time.sleep(0.01)
    send(Said(task.name, sorted(each.name for each in task.folder.iterdir())))
    (task.folder / task.name).unlink()


def test_as_many_at_a_time_as_there_are_workers(tmp_path: Path) -> None:
    said = done(meet, [Meeting(each, tmp_path) for each in "abc"], workers=2)
    assert sorted(each.task for each in said) == ["a", "b", "c"]
    assert all("met" in str(each.what) for each in said)
    (last,) = (each.what for each in said if each.task == "c")
    assert last in (["a", "c", "met"], ["b", "c", "met"], ["c", "met"])


def wrong(task: str, send: Send[Said]) -> None:
    send(Said(task, "begins"))
    raise SpacelangError(WRONG)


def test_what_is_wrong_arrives_after_what_was_sent_before() -> None:
    said: list[Said] = []
    with pytest.raises(SpacelangError) as caught:
        in_processes(wrong, ["a"], 1, said.append)
    assert caught.value.diagnostics == WRONG
    assert said == [Said("a", "begins")]


def sleep_or_fail(task: Meeting, send: Send[Said]) -> None:
    """One fails when the other sleeps."""
    deadline = time.monotonic() + LIMIT_SECONDS
    if task.name == "sleeps":
        (task.folder / "sleeping").write_text(str(os.getpid()))
        time.sleep(LIMIT_SECONDS)
    while not (task.folder / "sleeping").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    raise SpacelangError(WRONG)


def test_when_one_fails_the_others_are_ended(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(SpacelangError):
        done(sleep_or_fail, [Meeting(each, tmp_path) for each in ("sleeps", "fails")], workers=2)
    assert time.monotonic() - begun < LIMIT_SECONDS / 2
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "sleeping").read_text()), 0)


def full(path: str, send: Send[Said]) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", path)


def missing(path: str, send: Send[Said]) -> None:
    Path(path).read_bytes()


def unnamed(message: str, send: Send[Said]) -> None:
    raise OSError(message)


def test_what_the_system_refuses_is_said_as_it_says_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "weights")
    with pytest.raises(OSError, match="No space left on device") as caught:
        done(full, [path])
    found = caught.value
    assert (found.errno, found.strerror, found.filename) == (errno.ENOSPC, "No space left on device", path)
    with pytest.raises(FileNotFoundError) as not_found:
        done(missing, [path])
    assert not_found.value.filename == path
    with pytest.raises(OSError, match="^the stream has ended$"):
        done(unnamed, ["the stream has ended"])
    assert capfd.readouterr().err == ""


def broken(task: str, send: Send[Said]) -> None:
    raise KeyError(task)


def test_a_defect_is_told_once_with_the_place(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError) as caught:
        done(broken, ["stage1"])
    assert str(caught.value) == "in a worker process: KeyError: 'stage1'"
    (there,) = caught.value.__notes__
    assert there.startswith("Traceback (most recent call last):\n")
    assert "in broken\n    raise KeyError(task)\n" in there
    assert capfd.readouterr().err == ""


def end(how: int, send: Send[Said]) -> None:
    if how < 0:
        os.kill(os.getpid(), -how)
    os._exit(how)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (-signal.SIGKILL, "a worker process was ended by SIGKILL"),
        (3, "a worker process ended with exit code 3"),
    ],
)
def test_a_worker_that_dies(how: int, message: str) -> None:
    with pytest.raises(SpacelangError) as caught:
        done(end, [int(how)])
    (found,) = caught.value.diagnostics
    assert (found.code, found.message, found.help) == (
        "SP1307",
        message,
        "run the same command again: it goes on from what is done; with less memory, take fewer `--workers`",
    )
