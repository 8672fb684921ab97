"""Every spec × backend. Long files are kept as a summary: their hash, how long they are, their first and last lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import spacelang
from spacelang.backends.protocol import backend_names, backends_for, emit_all
from tests.conftest import Golden

SPECS = Path(__file__).parents[2] / "specs"
NAMES = sorted(path.stem for path in SPECS.glob("*.space") if path.stem != "devices")
WHOLE = 20_000
"""Bytes up to which a file is kept as it is."""
SHOWN = 40
"""Lines at each end of a longer one."""


def kept(text: str) -> str:
    if len(text.encode()) <= WHOLE:
        return text
    lines = text.splitlines()
    digest = hashlib.sha256(text.encode()).hexdigest()
    head = f"{len(lines)} lines, {len(text.encode())} bytes, sha256 {digest}"
    return "\n".join([head, *lines[:SHOWN], "…", *lines[-SHOWN:]]) + "\n"


def goldens(name: str) -> Iterator[tuple[str, str]]:
    """The path below `golden/` and the text of every file that the backends make of a spec."""
    space = spacelang.load(SPECS / f"{name}.space")
    for backend in backends_for(space.kind):
        for path, text in emit_all(space, [backend]).items():
            yield f"{name}/{backend.name}/{path}", kept(text)


@pytest.mark.parametrize("name", NAMES)
def test_every_backend_writes_its_golden_files(name: str, golden: Golden) -> None:
    failures = []
    found = []
    for path, text in goldens(name):
        found.append(path.removeprefix(f"{name}/"))
        try:
            golden(text, path)
        except pytest.fail.Exception as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)
    golden.holds_exactly(found, name)


def test_no_spec_without_goldens_and_no_goldens_without_a_spec(golden: Golden) -> None:
    assert sorted(path.name for path in golden.folder.iterdir()) == NAMES


def test_the_built_in_backends_are_installed() -> None:
    assert {"bkd", "encoding", "latency", "supernet"} <= set(backend_names())
