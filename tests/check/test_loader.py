"""Files, imports, and what is said when they can't be had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spacelang.ast.loader import Program, library, load_program
from spacelang.language import limits
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.source import Source

LANGUAGE = "language 1\n"
BLOCK = "block {name}(kernel) {{\n  conv kernel -> out, stride\n}}\n"


def load(path: Path) -> tuple[Program, tuple[Diagnostic, ...]]:
    report = Report()
    program = load_program(Source(path.name, path.read_text("utf-8")), path, report)
    return program, report.sorted()


def write(folder: Path, **files: str) -> None:
    for name, body in files.items():
        (folder / f"{name}.space").write_text(LANGUAGE + body)


def test_all_names_of_all_files_are_visible(tmp_path: Path) -> None:
    write(
        tmp_path,
        main='import "near.space"\n' + BLOCK.format(name="own"),
        near='import "far.space"\n' + BLOCK.format(name="near"),
        far=BLOCK.format(name="far"),
    )
    program, said = load(tmp_path / "main.space")
    assert not said
    assert program.complete
    assert [each.source.name for each in program.modules] == ["far.space", "near.space", "main.space"]
    assert set(program.blocks) == {"own", "near", "far"}


def test_a_file_that_two_import_is_read_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        main='import "a.space"\nimport "b.space"\n',
        a='import "shared.space"\n',
        b=f'import "../{tmp_path.name}/shared.space"\n',
        shared=BLOCK.format(name="shared"),
    )
    program, said = load(tmp_path / "main.space")
    assert not said
    assert len(program.modules) == 4


def test_imports_are_relative_to_the_file_that_says_them(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    write(tmp_path, main='import "lib/a.space"\n', top=BLOCK.format(name="top"))
    write(tmp_path / "lib", a='import "b.space"\nimport "../top.space"\n', b=BLOCK.format(name="b"))
    program, said = load(tmp_path / "main.space")
    assert not said
    assert set(program.blocks) == {"b", "top"}
    assert [each.source.name for each in program.modules][:2] == ["lib/b.space", "top.space"]


def test_a_text_without_a_file_imports_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a=BLOCK.format(name="a"))
    monkeypatch.chdir(tmp_path)
    report = Report()
    program = load_program(Source("<stdin>", LANGUAGE + 'import "a.space"\n'), None, report)
    assert not report.diagnostics
    assert set(program.blocks) == {"a"}


def test_the_library_is_parsed_once_a_process(tmp_path: Path) -> None:
    write(tmp_path, main='import "std/blocks.space"\n')
    first, second = (load(tmp_path / "main.space")[0] for _ in range(2))
    assert "mbv2" in first.blocks
    assert first.blocks["mbv2"] is second.blocks["mbv2"]


def test_the_library_has_no_mistakes(tmp_path: Path) -> None:
    assert library()
    for name in library():
        write(tmp_path, main=f'import "{name}"\n')
        assert not load(tmp_path / "main.space")[1]


@pytest.mark.parametrize("path", ["std/../diagnostics.py", "std/", "std/blocks"])
def test_the_library_is_closed(tmp_path: Path, path: str) -> None:
    write(tmp_path, main=f'import "{path}"\n')
    assert [each.code for each in load(tmp_path / "main.space")[1]] == ["SP0212"]


def only(path: Path) -> Diagnostic:
    (found,) = load(path)[1]
    assert found.span is not None
    return found


def test_a_circle_is_shown_as_a_chain(tmp_path: Path) -> None:
    write(tmp_path, a='import "b.space"\n', b='import "c.space"\n', c='import "a.space"\n')
    found = only(tmp_path / "a.space")
    assert found.code == "SP0213"
    assert found.message.endswith("a.space → b.space → c.space → a.space")
    assert str(found.span) == "c.space:2:8"


def test_a_circle_beside_the_main_file(tmp_path: Path) -> None:
    write(tmp_path, main='import "b.space"\n', b='import "c.space"\n', c='import "b.space"\n')
    assert only(tmp_path / "main.space").message.endswith("circle: b.space → c.space → b.space")


@pytest.mark.parametrize("name", ["devises.space", "devices", "devices.spcae"])
def test_a_missing_file_may_be_a_slip(tmp_path: Path, name: str) -> None:
    write(tmp_path, main=f'import "{name}"\n', devices="")
    found = only(tmp_path / "main.space")
    assert (found.code, found.help) == ("SP0212", "did you mean `devices.space`?")


def test_what_is_no_utf8(tmp_path: Path) -> None:
    write(tmp_path, main='import "latin.space"\n')
    (tmp_path / "latin.space").write_bytes(b"language 1\n# caf\xe9\n")
    found = only(tmp_path / "main.space")
    assert (found.code, found.message) == ("SP0214", "`latin.space` is not UTF-8 (byte 16)")


def test_what_is_too_large(tmp_path: Path) -> None:
    write(tmp_path, main='import "large.space"\n', large="#" * limits.FILE_BYTES)
    assert only(tmp_path / "main.space").code == "SP0215"


def test_what_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, main='import "pipe.space"\n')
    os.mkfifo(tmp_path / "pipe.space")
    assert only(tmp_path / "main.space").message == "`pipe.space` isn't an ordinary file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    write(tmp_path, main='import "secret.space"\n', secret="")
    (tmp_path / "secret.space").chmod(0)
    assert only(tmp_path / "main.space").message == "`secret.space` may not be read"


def test_a_name_that_is_no_path(tmp_path: Path) -> None:
    write(tmp_path, main='import "a' + "b" * 5000 + '.space"\n')
    assert only(tmp_path / "main.space").code == "SP0214"


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MODULES", 3)
    write(tmp_path, main='import "a.space"\n', a='import "b.space"\n', b='import "c.space"\n', c="")
    assert only(tmp_path / "main.space").code == "SP0311"


def test_a_name_is_not_unknown_where_a_file_is_missing(tmp_path: Path) -> None:
    from spacelang.check import check

    write(tmp_path, main='import "gone.space"\nhyperspace h on d {\n  classes 10\n  stem b { depth 1 }\n}\n')
    report = Report()
    path = tmp_path / "main.space"
    check(load_program(Source("main.space", path.read_text()), path, report), report)
    assert {each.code for each in report.diagnostics} == {"SP0212", "SP0107"}
