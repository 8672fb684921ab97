"""Finding backends, and what is said about broken ones."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from spacelang.backends import protocol as backends
from spacelang.backends.protocol import Backend, backends_for, emit_all, load_backend
from spacelang.ir.nodes import Kind, SearchSpace
from spacelang.report.diagnostics import SpacelangError
from tests.backends.spaces import candidate, space, stage, steps
from tests.backends.test_census import TINY

SPACE = TINY["two stages at one size"]


class Fake:
    """A backend of another distribution."""

    summary = "for tests"
    kinds: tuple[Kind, ...] = ("space",)

    def __init__(self, name: str = "fake", files: dict[str, str] | None = None) -> None:
        self.name = name
        self.files = files

    def emit(self, space: SearchSpace) -> dict[str, str]:
        if self.files is None:
            raise RuntimeError("out of ideas")
        return self.files


fake = Fake(files={"a.txt": "tiny"})
nameless = object()


def installed(monkeypatch: pytest.MonkeyPatch, **entries: str) -> None:
    found = [EntryPoint(name, value, backends.GROUP) for name, value in entries.items()]
    monkeypatch.setattr(backends, "_found", lambda: found)


def only_error(call: Any, *arguments: Any) -> str:
    with pytest.raises(SpacelangError) as caught:
        call(*arguments)
    (found,) = caught.value.diagnostics
    return f"{found.code}: {found.message}" + (f" ({found.help})" if found.help else "")


def test_unknown_backends_get_a_suggestion() -> None:
    assert only_error(load_backend, "latncy") == "SP0801: there is no backend `latncy` (did you mean `latency`?)"
    message = "SP0801: there is no backend `verilog` (legal here: bkd, encoding, latency or supernet)"
    assert only_error(load_backend, "verilog") == message


def test_a_backend_of_another_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, fake="tests.backends.test_backend:fake")
    (found,) = backends_for("space")
    assert isinstance(found, Backend)
    assert emit_all(SPACE, [found]) == {"a.txt": "tiny"}
    assert backends_for("model") == ()
    message = "SP0804: the backend `fake` makes nothing from a model (it takes space)"
    assert only_error(backends_for, "model", ["fake"]) == message


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("no.such.module:backend", "can't be imported: ModuleNotFoundError: No module named 'no'"),
        ("tests.backends.test_backend:missing", "can't be imported: AttributeError: "),
        ("tests.backends.test_backend:nameless", "isn't a backend: tests.backends.test_backend:nameless lacks a name"),
        ("tests.backends.test_backend:fake", "calls itself `fake`"),
    ],
)
def test_broken_backends_are_named(value: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, broken=value)
    assert only_error(load_backend, "broken").startswith(f"SP0803: the backend `broken` of {value} {what}")


def test_two_distributions_with_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [EntryPoint("fake", f"{module}:backend", backends.GROUP) for module in ("one", "two")]
    monkeypatch.setattr(backends, "_found", lambda: pair)
    message = "SP0802: one:backend and two:backend both have a backend named `fake` (uninstall one of them)"
    assert only_error(load_backend, "fake") == message


def test_a_backend_that_fails_is_named() -> None:
    message = "SP0803: the backend `fake` failed: RuntimeError: out of ideas (this is a defect of the backend)"
    assert only_error(emit_all, SPACE, [Fake()]) == message


def test_two_backends_never_write_one_file() -> None:
    pair = [Fake("one", {"a/b.txt": ""}), Fake("two", {"a/b.txt": ""})]
    assert only_error(emit_all, SPACE, pair) == "SP0805: the backend `one` and the backend `two` both write a/b.txt"
    message = "SP0805: the driver and the backend `one` both write ir.json"
    assert only_error(emit_all, SPACE, [Fake("one", {"ir.json": ""})]) == message


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../b", "", "a//b", "./a", "a\\b", "c:a", "a/"])
def test_no_file_outside_the_directory(path: str) -> None:
    message = f"SP0806: the backend `fake` writes {path!r}, which isn't a plain path inside the directory"
    assert only_error(emit_all, SPACE, [Fake(files={path: ""})]) == message


def test_emitting_is_pure() -> None:
    for each in backends_for("space"):
        assert each.emit(SPACE) == each.emit(SPACE)
        assert each.summary


def test_choices_without_a_network_and_too_many_of_them() -> None:
    def tried(of: SearchSpace) -> set[str]:
        return {only_error(load_backend(name).emit, of) for name in ("supernet", "latency")}

    halves = space(stage("stage1", 1, (1,), [(16,)], candidate(0, "odd", kernel=(3,), times=(1.5,))))
    for message in tried(halves):
        assert re.match(
            r"SP0813: tiny allows choices that give no network: the operator would be repeated 1\.5 times", message
        )
    wide = space(stage("stage1", 2, (2,), [steps(8, 8000, 8)], candidate(0, "mbv1", kernel=(3,))))
    message = "tiny is too large to be written out: a layer of stage1 may be given 1000000 combinations"
    assert tried(wide) == {f"SP0814: {message} of widths and numbers (at most 500000 are)"}
