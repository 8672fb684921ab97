"""One command as a process of its own: its log, its time, its memory, and that it ends when we do.

A process for each command bounds the memory of the whole way by that of its largest step, and makes the command that a
result is said to be from the one that made it (docs/adr/0058).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, NamedTuple

from spacelang.files import write_atomic
from spacelang.report.diagnostics import refuse
from spacelang.whole.commands import Command

try:
    import psutil
except ModuleNotFoundError:
    refuse("SP2107", "a run needs psutil", "in spacelang's checkout: pip install '.[train,onnx,tflite,report]'")

POLL_SECONDS = 0.5
TAIL = 12
"""Lines at the end of a log that a message may repeat."""
Line = Callable[[str], None]
"""Called with what a command says about its progress."""


class Cost(NamedTuple):
    seconds: float
    peak_mb: float


def execute(step: str, commands: Iterable[Command], log: Path, line: Line) -> Cost:
    """Run the commands of a step one after the other.

    Raises:
        SpacelangError: SP2104 if one fails.
        KeyboardInterrupt: as it comes; the command has then ended too.
    """
    seconds, peak = 0.0, 0.0
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as written:
        for each in commands:
            written.write(f"$ {each.text}\n")
            written.flush()
            cost = _execute(step, each, log, written, line)
            seconds, peak = seconds + cost.seconds, max(peak, cost.peak_mb)
    return Cost(seconds, peak)


def _execute(step: str, command: Command, log: Path, written: IO[str], line: Line) -> Cost:
    begun = time.monotonic()
    process = _start(step, command)
    printed: list[str] = []
    readers = [
        threading.Thread(target=_read, args=(process.stderr, written, line)),
        threading.Thread(target=_read, args=(process.stdout, None if command.output else written, printed.append)),
    ]
    for each in readers:
        each.start()
    try:
        peak = _watch(process)
    finally:
        _end(process)
        for each in readers:
            each.join()
    if process.returncode:
        _refuse(step, command, process.returncode, log)
    if command.output:
        write_atomic(command.output, "".join(f"{each}\n" for each in printed))
    return Cost(time.monotonic() - begun, peak)


def _start(step: str, command: Command) -> subprocess.Popen[str]:
    ours = command.program == "spacelang"
    # -P: a torch.py in the folder that this is run in isn't imported.
    arguments = [sys.executable, "-P", "-m", "spacelang.cli"] if ours else [command.program]
    try:
        return subprocess.Popen(
            [*arguments, *command.words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="surrogateescape", preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )  # fmt: skip
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        refuse(
            "SP2104", f"step `{step}` can't be started: {command.program}: {reason}", "install it, or put it in PATH"
        )


def _end_with_parent() -> None:
    """Whatever kills this process ends the command too; it would hold its locks otherwise. In the child, on Linux."""
    set_signal_of_parents_death = 1
    ctypes.CDLL(None).prctl(set_signal_of_parents_death, signal.SIGTERM)


def _read(stream: IO[str] | None, written: IO[str] | None, line: Line) -> None:
    assert stream is not None
    for each in stream:
        if written:
            written.write(each)
            written.flush()
        line(each.rstrip("\n"))


def _watch(process: subprocess.Popen[str]) -> float:
    """The most megabytes that the process and those that it started held, seen until it ends."""
    peak = 0.0
    while True:
        peak = max(peak, _megabytes(process.pid))
        try:
            process.wait(POLL_SECONDS)
            return peak
        except subprocess.TimeoutExpired:
            continue


def _megabytes(pid: int) -> float:
    """What a process and its descendants hold now. Memory that they share counts once, where the system says so."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for each in [parent, *parent.children(recursive=True)]:
            memory = each.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    except psutil.Error:
        pass
    return total / 1e6


def _end(process: subprocess.Popen[str]) -> None:
    """After an interrupt the command ends by itself, writes what it has, and is waited for."""
    if process.poll() is None:
        process.terminate()
        process.wait()


def _refuse(step: str, command: Command, code: int, log: Path) -> None:
    how = f"was ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    said = _error_in(log)
    message = f"step `{step}` failed: {said}" if said else f"step `{step}` failed: `{command.text}` {how}"
    refuse("SP2104", message, f"see {log}; after the mend the same command goes on from this step")


def _error_in(log: Path) -> str:
    """What a command said went wrong: its first error, with the help that belongs to it."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL * 4 :]
    starts = [at for at, each in enumerate(lines) if each.startswith("error")]
    if not starts:
        return ""
    found = [lines[starts[0]]]
    for each in lines[starts[0] + 1 :][:TAIL]:
        if each.lstrip().startswith("= help: "):
            found.append(each.lstrip().removeprefix("= help: "))
            break
    return "; ".join(found)


def free_bytes(folder: Path) -> int:
    """On the disk that a folder is on."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    found = os.statvfs(there)
    return found.f_bavail * found.f_frsize
