"""Processes on this machine that share out work."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, TypeVar

from spacelang.report.diagnostics import SpacelangError, refuse

Task = TypeVar("Task")
Message = TypeVar("Message")
Send = Callable[[Message], None]

GRACE_SECONDS = 10.0
POLL_SECONDS = 0.2


class _Failed(NamedTuple):
    """What a task raised, to be rebuilt here: exceptions with arguments of their own can't cross processes."""

    make: Callable[..., Exception]
    arguments: tuple[Any, ...]


class _Orphaned(Exception):
    """Nobody waits for this worker any more."""


def in_processes(
    work: Callable[[Task, Send[Message]], None],
    tasks: Sequence[Task],
    workers: int,
    receive: Callable[[Message], None],
) -> None:
    """Run each task in a process of its own, at most `workers` at a time, in order.

    A process whose parent is gone ends at its next message.

    Args:
        work: a function of a module; it and the tasks are pickled for a new interpreter.
        receive: called here with what a task sends.

    Raises:
        SpacelangError, OSError: what a task raises; SP1307 if a process dies. The other processes are ended then.
        RuntimeError: for anything else that a task raises, which is a defect.
    """
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    waiting = list(tasks)
    running: list[BaseProcess] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(context.Process(target=_run, args=(work, waiting.pop(0), messages, os.getpid())))
                running[-1].start()
            _deliver(messages, receive)
            running = [each for each in running if not _ended(each)]
        _deliver(messages, receive)
    finally:
        _stop(running)


def _deliver(messages: Any, receive: Callable[[Message], None]) -> None:
    """Hand on what was sent, for a moment. Raises: what a task raised, if it failed."""
    try:
        while True:
            message = messages.get(timeout=POLL_SECONDS)
            if isinstance(message, _Failed):
                raise message.make(*message.arguments)
            receive(message)
    except queue.Empty:
        return


def _ended(process: BaseProcess) -> bool:
    if process.is_alive():
        return False
    process.join()
    if process.exitcode:
        refuse(
            "SP1307",
            f"a worker process ended with exit code {process.exitcode}"
            if process.exitcode > 0
            else f"a worker process was ended by {signal.Signals(-process.exitcode).name}",
            "run the same command again: it goes on from what is done; with less memory, take fewer `--workers`",
        )
    return True


def _stop(running: Sequence[BaseProcess]) -> None:
    for each in running:
        each.terminate()
    for each in running:
        each.join(GRACE_SECONDS)
        if each.is_alive():
            each.kill()


def _run(work: Callable[[Task, Send[Message]], None], task: Task, messages: Any, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent, which gets it too, ends its workers

    def send(message: Message) -> None:
        if os.getppid() != parent:
            raise _Orphaned
        messages.put(message)

    try:
        work(task, send)
    except _Orphaned:
        messages.cancel_join_thread()
    except Exception as error:
        messages.put(_failed(error))


def _failed(error: Exception) -> _Failed:
    if isinstance(error, SpacelangError):
        return _Failed(SpacelangError, (error.diagnostics,))
    if isinstance(error, OSError):
        known = error.errno is not None
        return _Failed(OSError, (error.errno, error.strerror, error.filename) if known else (str(error),))
    return _Failed(_defect, (f"in a worker process: {type(error).__name__}: {error}", traceback.format_exc()))


def _defect(message: str, there: str) -> Exception:
    """With the worker's traceback after this process's, where tracebacks are shown."""
    defect = RuntimeError(message)
    defect.add_note(there)
    return defect
