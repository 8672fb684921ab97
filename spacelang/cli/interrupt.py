"""Ctrl-C and SIGTERM as a wish to stop: the command ends by itself, with what it has, once it has something."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """The first signal is a wish; the second of a kind ends the command at once."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def asked(self) -> bool:
        return self.signal is not None

    @property
    def code(self) -> int:
        """The exit code: 128 and the signal's number, as shells have it; 0 without a signal."""
        return 0 if self.signal is None else 128 + self.signal

    def receive(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Signals are received inside, where this is the main thread; others can't have handlers."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, interrupt.receive) for each in kinds]
    try:
        yield interrupt
    finally:
        for each, handler in zip(kinds, before, strict=True):
            signal.signal(each, handler)
