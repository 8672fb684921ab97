"""Hover, definition, references, rename, hints, outline, folding, formatting and actions, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.api import format as formatted
from spacelang.editor.actions import actions
from spacelang.editor.analysis import Workspace
from spacelang.editor.hints import hints
from spacelang.editor.hover import hover
from spacelang.editor.layout import TextEdit, formatting
from spacelang.editor.names import definition, references, rename, symbol_at
from spacelang.editor.outline import Entry, folds, outline
from spacelang.report.diagnostics import SpacelangError
from tests.editor.texts import HEADER, SPACE, marked

TEXT = HEADER + SPACE


def said(text: str, folder: Path) -> str:
    analysis, offset, _ = marked(text, folder)
    found = hover(analysis, offset)
    return found.markdown if found else ""


@pytest.mark.parametrize(
    ("mark", "parts"),
    [
        ("thre|ads", ["threads N", "how many threads the runtime may use", "at least 1 and at most 1024", "Required."]),
        ("ru|ntime tflite", ["Legal: onnxruntime or tflite"]),
        ("runtime tf|lite", ["Legal: onnxruntime or tflite"]),
        ("= mi|ne {", ["block mine(kernel, act) {", "conv kernel -> hidden", "main.space"]),
        ("1 = mb|v2", ["# MobileNetV2's inverted residual", "hidden = round8(in * expand)", "from `std/blocks.space`"]),
        ("stage s|1", ["widths {32, 48}, {48, 64}", "blocks mine and mbv2", "MFLOPs, smallest and largest",
                       "4 choices of block and width list"]),
        ("st|age s2", ["widths {64, 80}", "stride 1"]),
        ("hyperspace h|", ["**hyperspace h** on phone", "4 spaces"]),
        ("on ph|one", ["widths multiple of 16"]),
        ("act swi|sh", ["an activation"]),
        ("po|ol", ["the mean over the whole map"]),
        ("mine(kern|el", ["block mine(kernel, act)"]),
        ("hyper|space h", ["each stage chooses its block"]),
        ("est|imator", ["the best sub-networks exactly"]),
    ],
)  # fmt: skip
def test_hover(mark: str, parts: list[str], tmp_path: Path) -> None:
    text = TEXT.replace(mark.replace("|", ""), mark, 1)
    markdown = said(text, tmp_path)
    for each in parts:
        assert each in markdown, markdown


def test_hover_has_nothing_to_say_of_blanks_and_comments(tmp_path: Path) -> None:
    assert said(TEXT + "\n|\n", tmp_path) == ""
    assert said(TEXT + "# run|time\n", tmp_path) == ""


def test_definition_leads_to_the_library_and_to_imported_files(tmp_path: Path) -> None:
    analysis, offset, _ = marked(TEXT.replace("1 = mbv2", "1 = mb|v2"), tmp_path)
    found = definition(analysis, offset)
    assert found is not None
    assert found[1].source.name == "std/blocks.space"
    assert found[1].text == "mbv2"
    analysis, offset, _ = marked(TEXT.replace("std/bl", "std/|bl"), tmp_path)
    found = definition(analysis, offset)
    assert found is not None
    assert (found[1].source.name, found[1].start) == ("std/blocks.space", 0)


def test_references_are_found_in_files_that_import(tmp_path: Path) -> None:
    (tmp_path / "user.space").write_text('language 1\nimport "main.space"\n' + SPACE.replace(" h ", " other "))
    analysis, offset, workspace = marked(
        TEXT.replace("block mi|ne", "block mine").replace("= mine", "= mi|ne", 1), tmp_path
    )
    found = symbol_at(analysis, offset)
    assert found is not None
    places = references(workspace, found.symbol)
    assert sorted({Path(each.source.name).name for each in places}) == ["main.space", "user.space"]
    assert {each.text for each in places} == {"mine"}
    assert len(places) == 3


def renamed(text: str, name: str, folder: Path) -> str:
    analysis, offset, workspace = marked(text, folder)
    new = analysis.source.text
    for span in reversed(rename(workspace, analysis, offset, name)):
        assert span.source is analysis.source
        new = new[: span.start] + name + new[span.end :]
    return new


def test_renaming_a_parameter_changes_body_and_arguments_of_its_block_only(tmp_path: Path) -> None:
    new = renamed(TEXT.replace("mine(kernel", "mine(ker|nel"), "size", tmp_path)
    assert "block mine(size, act) {" in new
    assert "conv size -> hidden" in new
    assert "0 = mine { size {3, 5}, act relu }" in new
    assert "1 = mbv2 { kernel {3, 5}" in new


def test_renaming_a_bound_name(tmp_path: Path) -> None:
    new = renamed(TEXT.replace("hid|den =", "hidden =").replace("-> hidden", "-> hid|den"), "wide", tmp_path)
    assert "wide = round8(in * 2)\n  conv kernel -> wide" in new


@pytest.mark.parametrize(
    ("mark", "name", "message"),
    [
        ("mine(kern|el", "act", "already means something"),
        ("mine(kern|el", "in", "already means something"),
        ("block mi|ne", "mbv2", "already means something"),
        ("block mi|ne", "my-block", "is not a name"),
        ("1 = mb|v2", "other", "belongs to the library"),
        ("run|time", "other", "isn't a name to rename"),
    ],
)
def test_renames_that_are_refused(mark: str, name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpacelangError, match=message):
        renamed(TEXT.replace(mark.replace("|", ""), mark, 1), name, tmp_path)


def test_hints_write_windows_out(tmp_path: Path) -> None:
    analysis, _, _ = marked(TEXT + "|", tmp_path)
    found = {
        analysis.source.text[: each.offset].splitlines()[-1].split()[1]: each for each in hints(analysis, 0, 10**6)
    }
    assert [each.text for each in hints(analysis, 0, 10**6)] == [
        "= {16, 32}",
        "= {32, 48}, {48, 64}",
        "4 spaces",
        "1 space",
    ]
    assert found["s1"].tip == "2 blocks × 2 width lists"
    assert hints(analysis, 0, 10) == []


def test_the_outline_has_declarations_and_their_parts(tmp_path: Path) -> None:
    analysis, _, _ = marked(TEXT + "|", tmp_path)

    def names(entries: list[Entry]) -> list[str]:
        return [each.name for each in entries]

    top = outline(analysis)
    assert names(top) == ["phone", "mine", "h"]
    assert names(list(top[2].children)) == ["0 = mine", "1 = mbv2", "conv", "s1", "s2", "quality"]


def test_groups_and_comments_fold(tmp_path: Path) -> None:
    analysis, _, _ = marked(TEXT + "# one\n# two\n|", tmp_path)
    lines = analysis.source.text.splitlines()
    found = {(lines[each.first - 1].strip(), each.kind) for each in folds(analysis)}
    assert {("# one", "comment"), ("head {", "region"), ("block mine(kernel, act) {", "region")} <= found


def carried_out(text: str, edits: list[TextEdit]) -> str:
    for each in reversed(edits):
        text = text[: each.start] + each.text + text[each.end :]
    return text


def test_formatting_is_that_of_the_compiler(tmp_path: Path) -> None:
    analysis, _, _ = marked(TEXT + "|", tmp_path)
    assert carried_out(analysis.source.text, formatting(analysis)) == formatted(analysis.source.text)


def test_formatting_a_range_leaves_the_rest(tmp_path: Path) -> None:
    text = "language 1\n\ndevice  a { runtime   tflite }\n\ndevice  b { runtime   tflite }\n"
    analysis, _, _ = marked(text + "|", tmp_path)
    at = text.index("device  b")
    new = carried_out(text, formatting(analysis, at, at + 5))
    assert "device  a { runtime   tflite }" in new
    assert "device b { runtime tflite }" in new


def test_what_does_not_parse_is_not_formatted(tmp_path: Path) -> None:
    analysis, _, _ = marked("language 1\ndevice  d { runtime   tflite|", tmp_path)
    assert formatting(analysis) == []


def test_actions_stand_at_their_diagnostic(tmp_path: Path) -> None:
    analysis, offset, _ = marked(TEXT.replace("threads 1", "thre|ds 1"), tmp_path)
    (action,) = actions(analysis, offset, offset)
    assert (action.fix.text, action.preferred) == ("threads", True)
    assert list(actions(analysis, 0, 0)) == []


def test_an_unsaved_import_counts_and_a_closed_one_does_not(tmp_path: Path) -> None:
    (tmp_path / "device.space").write_text(HEADER.partition("block mine")[0])
    workspace = Workspace()
    workspace.texts.open(tmp_path / "main.space", 'language 1\nimport "device.space"\n' + SPACE.replace("mine", "conv"))
    before = workspace.analysis(tmp_path / "main.space")
    assert before is not None
    assert workspace.analysis(tmp_path / "main.space") is before
    workspace.texts.open(tmp_path / "device.space", HEADER.partition("block mine")[0].replace("of 16", "of 48"))
    after = workspace.analysis(tmp_path / "main.space")
    assert after is not None
    assert any("multiple of 48" in each.message for each in after.diagnostics)
    assert [each.source.name for each in workspace.affected(tmp_path / "device.space")] == [
        str(tmp_path / "main.space"), str(tmp_path / "device.space"),
    ]  # fmt: skip
    workspace.texts.close(tmp_path / "device.space")
    closed = workspace.analysis(tmp_path / "main.space")
    assert closed is not None
    assert not any("multiple of 48" in each.message for each in closed.diagnostics)


def test_modules_that_did_not_change_are_parsed_once(tmp_path: Path) -> None:
    analysis, _, workspace = marked(TEXT + "|", tmp_path)
    library = workspace.texts.parsed(analysis.program.modules[0].source)
    workspace.texts.open(tmp_path / "main.space", TEXT + "\n")
    again = workspace.analysis(tmp_path / "main.space")
    assert again is not None
    assert again.program.modules[0] is analysis.program.modules[0]
    assert workspace.texts.parsed(again.program.modules[0].source) is library
