"""Lines of progress, where there is no terminal."""

from __future__ import annotations

import pytest

from spacelang.cli.progress import progress


def test_time_left_is_that_of_this_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A work that goes on at 100 of 200 has not done 100 in the first seconds."""
    clock = [0.0]
    monkeypatch.setattr("spacelang.cli.progress.time.monotonic", lambda: clock[0])
    with progress("training") as update:
        for done in range(101, 106):
            clock[0] += 10
            update(done, 200, "well")
    assert capsys.readouterr().err.splitlines() == [
        "training",
        "training: 101 of 200 (50%), 990 s left, well",
        "training: 102 of 200 (51%), 980 s left, well",
        "training: 103 of 200 (52%), 970 s left, well",
        "training: 104 of 200 (52%), 960 s left, well",
        "training: 105 of 200 (52%), 950 s left, well",
    ]


def test_from_the_beginning_and_without_an_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr("spacelang.cli.progress.time.monotonic", lambda: clock[0])
    with progress("solving") as update:
        for done in (0, 1, 2):
            update(done, None if done == 2 else 4, "")
            clock[0] += 6
    assert capsys.readouterr().err.splitlines() == ["solving", "solving: 1 of 4 (25%), 18 s left", "solving: 2"]


def test_what_was_prepared_is_not_taken_for_speed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr("spacelang.cli.progress.time.monotonic", lambda: clock[0])
    with progress("distilling") as update:
        for done in (1, 20):
            clock[0] += 10
            update(done, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "distilling",
        "distilling: 1 of 1000 (0%)",
        "distilling: 20 of 1000 (2%), 980 s left",
    ]
