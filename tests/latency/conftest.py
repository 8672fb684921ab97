"""A terminal whose progress is shown by a thread of its own."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace

import pytest

from spacelang.cli import progress
from spacelang.latency.meter import Measurement, Meter


class Terminal:
    """What was seen at each measurement of a meter that says 1 ms."""

    def __init__(self) -> None:
        self._may_use = os.sched_getaffinity(0)
        self._own: list[set[int]] = []
        self._others: list[set[int]] = []

    def measure(self, run: object, what: str, runs: int) -> Measurement:
        self._own.append(os.sched_getaffinity(0))
        for each in threading.enumerate():
            if each is not threading.current_thread() and each.native_id is not None:
                self._others.append(os.sched_getaffinity(each.native_id))
        return Measurement(1.0, 1, 0.5)

    def check(self) -> None:
        """Measurements run on one core; the thread that shows the progress may use all of them."""
        assert self._own
        assert all(each == {max(self._may_use)} for each in self._own)
        assert self._others
        assert all(each == self._may_use for each in self._others)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(Meter, "measure", lambda self, run, what, runs: made.measure(run, what, runs))
    return made
